/** libvirt listens on Unix sockets, one for each of its daemons. */
import { type Daemons, remoteDaemon, startCommand, startLibvirt } from "../daemons";
import type { Remedy } from "../problem";
import { anyOf, oneBehindTheOther, onOneLine } from "../textMatch";
import { hostOfSocket } from "./socketPermission";
import type { StderrCause } from "./stderr";

/** libvirt's ssh transport without virt-ssh-helper. */
const netcat = onOneLine(/\b(nc|netcat|ncat): /i, /No such file or directory|Connection refused/);

export const libvirtDownOnPeer: StderrCause = {
  stderr: anyOf(oneBehindTheOther(/virt-ssh-helper: /, /No such file|Connection refused/), netcat),
  code: "libvirtDown",
  remedies: ({ destination, daemons }, stderr) => start(destination, stderr, daemons?.[destination]),
};

export const libvirtDown: StderrCause = {
  stderr: anyOf(
    /failed to connect to the hypervisor/i,
    onOneLine(/Failed to connect socket to /i, /libvirt|virtqemud/i, /No such file|Connection refused/i),
  ),
  code: "libvirtDown",
  remedies: (context, stderr) => {
    const { host } = hostOfSocket(context, stderr);
    return start(host, stderr, context.daemons?.[host]);
  },
};

function start(host: string, stderr: string, daemons: Daemons | undefined): Remedy[] {
  // One of libvirt's daemons may miss another.
  const other = /\/(virt(?:network|storage|nodedev|secret|interface|nwfilter|proxy|lock|log)d)-sock/.exec(stderr)?.[1];
  if (other !== undefined) {
    const commands = startCommand(host, daemons ?? { init: "systemd" }, other);
    return [{ do: `start ${other} on ${host}`, commands: [...commands, { command: "pulumi up" }] }];
  }
  // netcat only knows the socket that libvirtd and virtproxyd share.
  return startLibvirt(host, daemons, netcat.test(stderr) ? remoteDaemon : undefined);
}
