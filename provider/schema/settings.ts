/** The stack's configuration beside the inventory. */
import { type InputFailure, invalid, setConfig } from "./refusal";
import type { SshChoice } from "../core/model";
import { shown } from "./shown";

const defaultUri = "qemu:///system";

/** Reads `vm-placement:uri`. */
export function parseUri(value: string | undefined): { uri: string; failures: InputFailure[] } {
  if (value === undefined || /^qemu(\+unix)?:\/\/\/system(\?[A-Za-z0-9=/._&-]*)?$/.test(value))
    return { uri: value ?? defaultUri, failures: [] };
  const why = /^qemu(\+[a-z]+)?:\/\/[^/]*\/session/.test(value)
    ? " (VMs of qemu:///session belong to the daemon of one user, which libvirt on another host does not reach: define them in qemu:///system)"
    : "";
  const message = `got ${shown(value)}; expected the libvirt URI that is local to each host, for example qemu:///system${why}`;
  return {
    uri: defaultUri,
    failures: [invalid("vm-placement:uri", message, [setConfig("vm-placement:uri", defaultUri)])],
  };
}

export type OnInterrupt = "leave" | "abort";

/** Reads `vm-placement:onInterrupt`: what happens to a migration in progress at the second Ctrl-C. Default: it is left to go on. */
export function parseOnInterrupt(value: string | undefined): { onInterrupt: OnInterrupt; failures: InputFailure[] } {
  if (value === undefined || value === "leave" || value === "abort")
    return { onInterrupt: value ?? "leave", failures: [] };
  const key = "vm-placement:onInterrupt";
  const message = `got ${shown(value)}; expected "leave" (the migration continues between the hosts) or "abort" (the migration is cancelled)`;
  return { onInterrupt: "leave", failures: [invalid(key, message, [setConfig(key, "abort")])] };
}

/** Reads `vm-placement:history`: the file to which each move is added. Default: none. */
export function parseHistory(value: string | undefined): { history: string | undefined; failures: InputFailure[] } {
  const key = "vm-placement:history";
  if (value === undefined || (value.trim() !== "" && !value.includes("\0"))) return { history: value, failures: [] };
  const message = `got ${shown(value)}; expected the path of a file`;
  return { history: undefined, failures: [invalid(key, message, [setConfig(key, "moves.jsonl")])] };
}

/** Reads `vm-placement:ssh`: which ssh connects to the hosts. Default: ssh2, and this computer's ssh command for a host that needs it. */
export function parseSsh(value: string | undefined): { ssh: SshChoice; failures: InputFailure[] } {
  if (value === undefined || value === "auto" || value === "ssh2" || value === "openssh")
    return { ssh: value ?? "auto", failures: [] };
  const key = "vm-placement:ssh";
  const message = `got ${shown(value)}; expected "auto", "ssh2" (runs no command of ssh_config) or "openssh" (this computer's ssh command)`;
  return { ssh: "auto", failures: [invalid(key, message, [setConfig(key, "openssh")])] };
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
    failures.push(
      invalid(
        key,
        `got ${shown(given)}; expected ${values.join(" or ")}`,
        values.map((value) => setConfig(key, value)),
      ),
    );
    return values[0]!;
  };
  const key = "vm-placement:dirtyRateSeconds";
  const seconds = get(key) ?? "1";
  const known = /^\d+$/.test(seconds) && Number(seconds) <= 60;
  if (!known) {
    const message = `got ${shown(seconds)}; expected whole seconds from 0 (not measured) to 60`;
    failures.push(invalid(key, message, [setConfig(key, "2")]));
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
