/**
 * What `pulumi up` of a move costs: next to an `up` whose provider does nothing and the same move by hand, in paired rounds. The difference is
 * the product.
 */
import { ensurePulumi } from "../../lab/pulumi";
import { overNewConnection } from "./by-hand";
import { Project } from "./by-pulumi";
import { compare, rotated } from "./ratios";
import { ratioResult, type Result } from "./result";
import { domain, migrateCommand, rounds, timed, whereFrom, withTwoHosts } from "./two-hosts";

const goal = 1.1;
const guest = { memoryMiB: 256, dirtyMiB: 64, dirtyRate: 100 };
const names = ["up", "idle", "cold"] as const;
type Round = Record<(typeof names)[number], number>;

export async function benchUp({ pairs }: { pairs: number }): Promise<Result[]> {
  const installation = await ensurePulumi({ log: (line) => console.error(line) });
  return withTwoHosts(guest, async ({ lab }) => {
    const placement = await Project.create("placement", lab, domain, installation);
    const idle = await Project.create("idle", lab, domain, installation);
    await placement.up("kvm-a");
    await idle.up("kvm-a");
    const round = async (index: number): Promise<Round> => {
      const measured: Partial<Round> = {};
      for (const name of rotated(names, index)) {
        const [from, to] = await whereFrom(lab);
        if (name === "idle") measured[name] = await idle.up(`host ${index}`);
        else if (name === "cold")
          measured[name] = await timed(() => overNewConnection(lab, from, migrateCommand(lab, to)));
        else {
          await placement.refresh();
          measured[name] = await placement.up(to);
        }
        if (name !== "idle" && (await whereFrom(lab))[0] !== to)
          throw new Error(`${name} did not move ${domain} to ${to}`);
      }
      return measured as Round;
    };
    return [report(await rounds(pairs, round))];
  });
}

function report(all: readonly Round[]): Result {
  const name = "up-vs-noop-plus-raw";
  const comparison = compare(
    name,
    all,
    ({ up }) => up,
    ({ idle, cold }) => idle + cold,
  );
  return ratioResult(comparison, {
    name,
    what: "pulumi up --skip-preview ÷ (up that does nothing + raw move)",
    goal: { atMost: goal },
  });
}
