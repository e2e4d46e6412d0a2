/** The errors of virsh on a host. */
import { cleanLine } from "../core/clean";
import { type Daemons, logCommand, nameOfDaemon } from "../core/daemons";
import { PlacementError } from "../core/errors";
import type { StderrCause } from "../core/problems";
import type { Shell } from "../core/ports";
import { canBeShown } from "../core/quote";
import { essence, readFailure } from "./failures";
import type { VirshCommand } from "./virshCommand";

type On = Pick<Shell, "host" | "user">;

/**
 * The command failed with this message.
 *
 * @param known.seen the cause by the VM's state, where the message has none.
 * @param known.daemons those of the host.
 */
export function virshFailed(
  { host, user }: On,
  { text: asked }: VirshCommand,
  stderr: string,
  { seen, daemons }: { seen?: StderrCause | undefined; daemons?: Daemons } = {},
): PlacementError {
  const verb = asked.split(" ")[0]!;
  const context = {
    domain: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(asked)?.[0] ?? "the domain",
    source: host,
    destination: "the destination",
    ...(user !== undefined && { sourceUser: user }),
    ...(daemons && { daemons: { [host]: daemons } }),
  };
  const failure =
    readFailure(stderr, context) ?? (seen && { code: seen.code, remedies: seen.remedies(context, stderr) });
  // What a destination lacks is not what a query fails for.
  const known = failure?.code === "migrationFailed" ? undefined : failure;
  return new PlacementError({
    code: known?.code ?? "libvirtDown",
    phase: "observe",
    host,
    action: `cannot ask libvirt on ${host} (\`virsh ${verb}\`)`,
    message: essence(stderr),
    remedies: known?.remedies ?? [
      {
        do: `read the log of ${nameOfDaemon(daemons)} there, and run the command by hand`,
        commands: [
          ...(daemons ? [logCommand(host, daemons)] : []),
          { host, command: `virsh ${canBeShown(asked) ? asked : verb}` },
        ],
      },
    ],
  });
}

export function unreadableAnswer({ host }: On, { text: asked }: VirshCommand, line: string): PlacementError {
  return new PlacementError({
    code: "unreadableAnswer",
    phase: "observe",
    host,
    action: `cannot tell which VMs are on ${host}`,
    message: `\`virsh ${asked}\` printed a line that names no domain: ${JSON.stringify(cleanLine(line, 200))}`,
    remedies: [{ do: "find out which other program prints there", commands: [{ host, command: `virsh ${asked}` }] }],
  });
}
