import { rank, type RankedHost } from "../../fleet";
import { UsageError } from "../inventory";
import { table } from "../table";
import { exitCodes, type Verb } from "../verb";
import { gather } from "./gather";
import { fleetWith, Obstacles } from "./preflight";

export const rankVerb: Verb<{ file?: string }> = {
  usage: "rank <vm>",
  description:
    "the hosts for a VM, the best first, with scores and reasons; `plan` says what each of them would refuse",
  options: [["--file <file>", "the placements file (default: placements.yaml)"]],
  async run(session, [vm], { file = "placements.yaml" }) {
    const gathered = await gather(session, file, []);
    const name = gathered.vms.find((each) => each.name === vm || gathered.domains.get(each.name)!.name === vm)?.name;
    if (name === undefined) throw new UsageError(`no host that answers has a VM ${vm}`);
    const ranked = rank(fleetWith(gathered, new Obstacles(gathered)), name);
    session.show(ranked, showRanked);
    return ranked.some(({ possible }) => possible) ? exitCodes.fine : exitCodes.blocked;
  },
};

function showRanked(ranked: readonly RankedHost[]): string {
  const rows = ranked.map(({ host, possible, score, reasons }) => [
    host,
    possible ? "yes" : "no",
    possible ? score.toFixed(2) : "",
    reasons.join("; "),
  ]);
  return table([["HOST", "POSSIBLE", "SCORE", "WHY"], ...rows]);
}
