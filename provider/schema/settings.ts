/** The stack's configuration beside the inventory. */
import { type InputFailure, invalid } from "./refusal";
import { shown } from "./shown";

const defaultUri = "qemu:///system";

/** Reads `vm-placement:uri`. */
export function parseUri(value: string | undefined): { uri: string; failures: InputFailure[] } {
  if (value === undefined || /^qemu(\+unix)?:\/\/\/system(\?[A-Za-z0-9=/._&-]*)?$/.test(value))
    return { uri: value ?? defaultUri, failures: [] };
  const reason = `got ${shown(value)}; expected the libvirt URI of the hosts as they see it themselves, for example "${defaultUri}"`;
  return { uri: defaultUri, failures: [invalid("vm-placement:uri", reason)] };
}

export type OnInterrupt = "leave" | "abort";

/** Reads `vm-placement:onInterrupt`: what happens to a migration under way at the second Ctrl-C. Default: it is left to go on. */
export function parseOnInterrupt(value: string | undefined): { onInterrupt: OnInterrupt; failures: InputFailure[] } {
  if (value === undefined || value === "leave" || value === "abort")
    return { onInterrupt: value ?? "leave", failures: [] };
  const reason = `got ${shown(value)}; expected "leave" (it goes on between the hosts) or "abort" (it is cancelled), for example \`pulumi config set vm-placement:onInterrupt abort\``;
  return { onInterrupt: "leave", failures: [invalid("vm-placement:onInterrupt", reason)] };
}

export interface PreviewSettings {
  /** Ask the hosts (`vm-placement:preview: probe`, the default), or decide from inputs and state alone (`static`). */
  probe: boolean;
  /** A blocker fails the preview (`vm-placement:strictPreview`). */
  strict: boolean;
  /** How long a guest's dirty pages are counted for the prediction (`vm-placement:dirtyRateSeconds`, default 1, 0 = not at all). */
  dirtyRateSeconds: number;
}

/** Reads `vm-placement:preview`, `strictPreview` and `dirtyRateSeconds`. */
export function parsePreviewSettings(get: (key: string) => string | undefined): {
  preview: PreviewSettings;
  failures: InputFailure[];
} {
  const failures: InputFailure[] = [];
  const choice = (key: string, values: readonly string[]): string => {
    const given = get(key);
    if (given === undefined || values.includes(given)) return given ?? values[0]!;
    const reason = `got ${shown(given)}; expected ${values.join(" or ")}, for example \`pulumi config set ${key} ${values[1]}\``;
    failures.push({ property: key, reason, code: "invalidInput" });
    return values[0]!;
  };
  const seconds = get("vm-placement:dirtyRateSeconds") ?? "1";
  const known = /^\d+$/.test(seconds) && Number(seconds) <= 60;
  if (!known) {
    const reason = `got ${shown(seconds)}; expected whole seconds from 0 (not measured) to 60, for example \`pulumi config set vm-placement:dirtyRateSeconds 2\``;
    failures.push({ property: "vm-placement:dirtyRateSeconds", reason, code: "invalidInput" });
  }
  return {
    preview: {
      dirtyRateSeconds: known ? Number(seconds) : 1,
      probe: choice("vm-placement:preview", ["probe", "static"]) === "probe",
      strict: choice("vm-placement:strictPreview", ["false", "true"]) === "true",
    },
    failures,
  };
}
