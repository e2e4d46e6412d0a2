/**
 * What the handler costs on top of the migration itself: in each round the same running VM is moved with the same virsh command by the
 * provider's handler, by hand over a new ssh connection, and by hand over one that is open already. Rounds are paired, because migrations
 * differ more between minutes than between these.
 */
import { moveByHandler } from "./by-handler";
import { OpenConnections, overNewConnection } from "./by-hand";
import { compare, rotated } from "./ratios";
import { ratioResult, type Result } from "./result";
import { domain, migrateCommand, rounds, timed, type TwoHosts, whereFrom, withTwoHosts } from "./two-hosts";

const goal = 1.05;
const guest = { memoryMiB: 256, dirtyMiB: 64, dirtyRate: 100 };
const names = ["handler", "cold", "open"] as const;
type Round = Record<(typeof names)[number], number>;

export function benchMove({ pairs }: { pairs: number }): Promise<Result[]> {
  return withTwoHosts(guest, async (hosts) => {
    const open = await OpenConnections.open(hosts.lab);
    try {
      console.log(`${guest.memoryMiB} MiB guest that writes ${guest.dirtyRate} MiB/s`);
      return report(await rounds(pairs, (index) => round(hosts, open, index)));
    } finally {
      open.close();
    }
  });
}

async function round({ lab, id }: TwoHosts, open: OpenConnections, index: number): Promise<Round> {
  const measured: Partial<Round> = {};
  for (const name of rotated(names, index)) {
    const [from, to] = await whereFrom(lab);
    const command = migrateCommand(lab, to);
    if (name === "handler") measured[name] = await moveByHandler(lab, { id, domain }, from, to);
    else
      measured[name] = await timed(() =>
        name === "cold" ? overNewConnection(lab, from, command) : open.run(from, command),
      );
    if ((await whereFrom(lab))[0] !== to) throw new Error(`${name} did not move ${domain} to ${to}`);
  }
  return measured as Round;
}

function report(all: readonly Round[]): Result[] {
  const against = (name: string, what: string, baseline: "cold" | "open", limit?: number) =>
    ratioResult(
      compare(
        name,
        all,
        ({ handler }) => handler,
        (each) => each[baseline],
      ),
      { name, what, goal: limit === undefined ? undefined : { atMost: limit } },
    );
  return [
    against("handler-vs-raw", "handler ÷ ssh source virsh migrate (new connection)", "cold", goal),
    against("handler-vs-raw-open", "handler ÷ the same over an open connection", "open"),
  ];
}
