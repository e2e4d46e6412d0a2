import type { Problem } from "../problem";
import { problem } from "./check";
import type { HostState } from "./state";

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
      ],
    ),
  ];
}
