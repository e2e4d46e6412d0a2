/** The stack's configuration beside the inventory. */
import { type InputFailure, invalid, shown } from "./refusal";

export const defaultUri = "qemu:///system";

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
