/** libvirt listens on Unix sockets, one for each of its daemons. */
import type { Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import { anyOf, oneBehindTheOther, onOneLine } from "../textMatch";
import { hostOfSocket } from "./socketPermission";
import type { StderrCause } from "./stderr";

export const libvirtDownOnPeer: StderrCause = {
  stderr: anyOf(
    oneBehindTheOther(/virt-ssh-helper: /, /No such file|Connection refused/),
    // libvirt's ssh transport without virt-ssh-helper.
    onOneLine(/\b(nc|netcat|ncat): /i, /No such file or directory|Connection refused/),
  ),
  code: "libvirtDown",
  remedies: ({ destination }, stderr) => start(destination, stderr),
};

export const libvirtDown: StderrCause = {
  stderr: anyOf(
    /failed to connect to the hypervisor/i,
    onOneLine(/Failed to connect socket to /i, /libvirt|virtqemud/i, /No such file|Connection refused/i),
  ),
  code: "libvirtDown",
  remedies: (context, stderr) => start(hostOfSocket(context, stderr).host, stderr),
};

function start(host: string, stderr: string): Remedy[] {
  const again = { command: "pulumi up" };
  const enable = (unit: string) => ({ host, command: commandLine`systemctl enable --now ${unit}` });
  // One of libvirt's daemons may miss another.
  const other = /\/(virt(?:network|storage|nodedev|secret|interface|nwfilter|proxy|lock|log)d)-sock/.exec(stderr)?.[1];
  if (other !== undefined) return [{ do: `start ${other} on ${host}`, commands: [enable(`${other}.socket`), again] }];
  return [
    { do: `start libvirt on ${host} (RHEL 9 and later)`, commands: [enable("virtqemud.socket"), again] },
    { do: "start libvirtd", commands: [enable("libvirtd.socket"), again] },
  ];
}
