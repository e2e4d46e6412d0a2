/** What a host needs beside libvirt: KVM, ssh, swtpm, sessions. */
import { restarting } from "../daemons";
import type { Problem } from "../problem";
import { named, problem } from "./check";
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

export function sshClient(state: HostState): Problem[] | undefined {
  const { host, usesSsh, sshClient: has } = state;
  if (has === undefined) return undefined;
  if (has || !usesSsh) return [];
  return [
    problem(
      state,
      "ssh-client",
      "blocker",
      `${host} has no ssh command, but libvirt on ${host} needs it to connect to other hosts`,
      [
        { do: "install it (Debian, Ubuntu)", commands: [{ host, command: "apt install openssh-client" }] },
        { do: "install it (RHEL, Fedora)", commands: [{ host, command: "dnf install openssh-clients" }] },
        { do: "set peerTransport of the other hosts to tls" },
      ],
    ),
  ];
}

export function swtpm(state: HostState): Problem[] | undefined {
  const { host, guests, swtpmMissing, daemons: known } = state;
  const using = guests?.filter(({ hasTpm }) => hasTpm).map(({ name }) => name);
  if (swtpmMissing === undefined || using === undefined) return undefined;
  if (swtpmMissing.length === 0 || using.length === 0) return [];
  return [
    problem(
      state,
      "swtpm",
      "warning",
      `${host} has no ${swtpmMissing.join(" and no ")}, but VMs with an emulated TPM need it (${named(using)})`,
      ["apt", "dnf"].map((tool) => ({
        do: tool === "apt" ? "install it (Debian, Ubuntu)" : "install it (RHEL, Fedora)",
        commands: [{ host, command: `${tool} install swtpm swtpm-tools` }, ...restarting(host, known).commands],
      })),
    ),
  ];
}

/** Two of virsh, one for questions, and one for each move. */
const sessionsNeeded = 4;

export function maxSessions(state: HostState): Problem[] | undefined {
  const { host, maxSessions: most } = state;
  if (most === undefined) return undefined;
  if (most >= sessionsNeeded) return [];
  return [
    problem(
      state,
      "max-sessions",
      "warning",
      `sshd on ${host} allows ${most} session${most === 1 ? "" : "s"} per connection, but a move needs ${sessionsNeeded}`,
      [{ do: `raise MaxSessions in sshd_config of ${host} (default 10)` }],
    ),
  ];
}
