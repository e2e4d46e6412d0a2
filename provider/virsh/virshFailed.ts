/** The errors of virsh on a host. */
import { cleanLine } from "../core/clean";
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
 * @param seen the cause that the state of the VM tells, where the message tells none.
 */
export function virshFailed(
  { host, user }: On,
  { text: asked }: VirshCommand,
  stderr: string,
  seen?: StderrCause,
): PlacementError {
  const verb = asked.split(" ")[0]!;
  const context = {
    domain: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(asked)?.[0] ?? "the domain",
    source: host,
    destination: "the destination",
    ...(user !== undefined && { sourceUser: user }),
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
        do: "read the log of libvirtd (or virtqemud) there, and try the command by hand",
        commands: [{ host, command: `virsh ${canBeShown(asked) ? asked : verb}` }],
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
    message: `\`virsh ${asked}\` printed a line that names none: ${JSON.stringify(cleanLine(line, 200))}`,
    remedies: [{ do: "find out what else prints there", commands: [{ host, command: `virsh ${asked}` }] }],
  });
}
