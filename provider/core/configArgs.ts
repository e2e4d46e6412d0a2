import type { HostArgs, SshChoice } from "./model";

/** The stack's configuration, `vm-placement:…`; also the arguments of an explicit provider. */
export interface ConfigArgs {
  /** The KVM hosts by name: the inventory. Default: none, so each host name of a placement is an ssh destination. */
  hosts?: Record<string, HostArgs>;
  /** The libvirt URI that is local to each host. Default: "qemu:///system". */
  uri?: string;
  /** Which ssh connects to the hosts: "ssh2", this computer's ssh command ("openssh"), or "auto": that command for a host that needs it. Default: "auto". */
  ssh?: SshChoice;
  /** Whether a preview asks the hosts ("probe"), or decides from inputs and state alone ("static"). Default: "probe". */
  preview?: "probe" | "static";
  /** Whether a blocker fails the preview. Default: false. */
  strictPreview?: boolean;
  /** Seconds for which a preview counts a guest's dirty pages, 0–60; 0 = not at all. Default: 1. */
  dirtyRateSeconds?: number;
  /** What happens to a migration in progress when pulumi is interrupted: it goes on ("leave"), or it is cancelled ("abort"). Default: "leave". */
  onInterrupt?: "leave" | "abort";
  /** A file that gets a line of JSON for each move; a relative path is taken from the project's directory. Default: none. */
  history?: string;
}
