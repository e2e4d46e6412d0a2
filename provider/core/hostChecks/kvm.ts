import { restarting } from "../daemons";
import type { Problem } from "../problem";
import { problem } from "./check";
import type { HostState } from "./state";

export function kvm(state: HostState): Problem[] | undefined {
  const { host, kvmDevice, kvmOffered, daemons } = state;
  if (kvmDevice === undefined && kvmOffered === undefined) return undefined;
  if (kvmDevice !== false && kvmOffered !== false) return [];
  const what = kvmDevice === false ? `${host} has no /dev/kvm` : `libvirt on ${host} does not offer KVM`;
  const { then, commands } = restarting(host, daemons);
  return [
    problem(state, "kvm", "blocker", `${what}: VMs that use KVM cannot move to ${host}`, [
      {
        do: `enable virtualisation in the firmware of the host (or nested virtualisation, if the host is a VM), load kvm_intel or kvm_amd, and ${then}`,
        commands: [{ host, command: "lsmod" }, { host, command: "ls -l /dev/kvm" }, ...commands],
      },
    ]),
  ];
}
