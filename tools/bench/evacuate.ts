/**
 * What emptying a host costs on top of its migrations: twenty VMs leave one host for two others, by the provider's handlers all at once, as
 * in one `pulumi up`, and by hand: raw `virsh migrate` over connections that are open already, as many at a time as the inventory allows, the
 * next one as soon as one ends. That is the best schedule there is for moves that take the same time.
 */
import { createLab, type Lab } from "../../lab/libvirt";
import { type BenchMove, moveAllByHandler } from "./by-handler";
import { OpenConnections } from "./by-hand";
import { compare } from "./ratios";
import { ratioResult, type Result } from "./result";

const goal = 1.15;
const count = 20;
const guest = { memoryMiB: 32, dirtyMiB: 4, dirtyRate: 1 };
const home = "kvm-a";
const others = ["kvm-b", "kvm-c"];
/** The inventory's default for the migrations out of a host and into one. */
const atATime = 2;

type Side = "handlers" | "raw";

export async function benchEvacuate({ pairs }: { pairs: number }): Promise<Result[]> {
  const lab = await createLab({ hosts: 3 });
  let open: OpenConnections | undefined;
  try {
    const away: BenchMove[] = [];
    for (let index = 0; index < count; index++) {
      const domain = `vm-${String(index + 1).padStart(2, "0")}`;
      const { uuid: id } = await lab.startGuest({ ...guest, name: domain, host: home });
      away.push({ id, domain, from: home, to: others[index % others.length]! });
    }
    open = await OpenConnections.open(lab);
    console.log(`${count} guests of ${guest.memoryMiB} MiB leave ${home} for ${others.join(" and ")}, ${atATime} at a time; ${pairs} rounds, and one before them that is not counted`); // prettier-ignore
    await round(lab, open, away, 0);
    const rounds: Record<Side, number>[] = [];
    for (let index = 1; index <= pairs; index++) {
      const measured = await round(lab, open, away, index);
      rounds.push(measured);
      console.error(`${String(index).padStart(3)}/${pairs}  handlers ${measured.handlers.toFixed(0)} ms, raw ${measured.raw.toFixed(0)} ms`); // prettier-ignore
    }
    return [report(rounds)];
  } finally {
    open?.close();
    await lab.down();
  }
}

/** Both sides empty the host once, in turns the one or the other first; the other direction is not measured. */
async function round(lab: Lab, open: OpenConnections, away: readonly BenchMove[], index: number) {
  const back = away.map((move) => ({ ...move, from: move.to, to: move.from }));
  const measured = { handlers: 0, raw: 0 };
  const sides: Side[] = index % 2 === 0 ? ["handlers", "raw"] : ["raw", "handlers"];
  for (const side of sides) {
    const start = performance.now();
    if (side === "raw") await byHand(lab, open, away);
    else await moveAllByHandler(lab, away);
    measured[side] = performance.now() - start;
    const left = (await lab.host(home).virsh("list --all --name")).trim();
    if (left !== "") throw new Error(`${side} left ${left.split("\n").join(", ")} on ${home}`);
    await byHand(lab, open, back);
  }
  return measured;
}

async function byHand(lab: Lab, open: OpenConnections, moves: readonly BenchMove[]): Promise<void> {
  const queue = [...moves];
  const slot = async () => {
    for (let move = queue.shift(); move !== undefined; move = queue.shift()) {
      const command = `virsh migrate --live --p2p --persistent --undefinesource ${move.domain} qemu+ssh://${lab.host(move.to).address}/system`;
      await open.run(move.from, command);
    }
  };
  await Promise.all(Array.from({ length: atATime }, slot));
}

function report(rounds: readonly Record<Side, number>[]): Result {
  const name = "evacuate-vs-best-schedule";
  const comparison = compare(
    name,
    rounds,
    ({ handlers }) => handlers,
    ({ raw }) => raw,
  );
  const what = `evacuation of ${count} guests ÷ best schedule by hand`;
  return ratioResult(comparison, { name, what, goal: { atMost: goal } });
}
