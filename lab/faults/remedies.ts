/** Remedies of a failure as a person follows them, from its data. */
import type { Failure } from "../../provider/core/errors";
import type { Command, Remedy } from "../../provider/core/problem";

export function remediesOf({ remedies, problems }: Pick<Failure, "remedies" | "problems">): readonly Remedy[] {
  return problems === undefined ? remedies : problems.flatMap((problem) => problem.remedies);
}

/** Those of its commands that are for a host: the last one, `pulumi up`, is for this computer. */
export function onHosts({ commands = [] }: Remedy): Required<Command>[] {
  return commands.flatMap(({ host, command }) => (host === undefined ? [] : [{ host, command }]));
}
