/**
 * How fast the memory of a large VM goes: bytes per second by libvirt's own statistics, of the provider's move and of raw `virsh migrate` with
 * the same flags, over one connection and over several (multi-FD), in paired rounds. Once as fast as this computer copies memory, where both
 * hosts and the provider share its processors, and once over a link that is slower than that, as between hosts.
 */
import type { Lab } from "../../lab/libvirt";
import { moveByHandler } from "./by-handler";
import { overNewConnection } from "./by-hand";
import { compare, rotated } from "./ratios";
import type { Result } from "./result";
import { domain, migrateCommand, rounds, whereFrom, withTwoHosts } from "./two-hosts";

const goal = 0.99;
const guest = { memoryMiB: 2048, dirtyMiB: 1536, dirtyRate: 100 };
const fillsMs = (guest.dirtyMiB / guest.dirtyRate) * 1000;
const linkMbps = 2500;
const ways = {
  plain: { flags: "", migration: {} },
  "multi-FD": {
    flags: "--parallel --parallel-connections 4",
    migration: { parallel: { connections: 4 } },
  },
};
type Way = keyof typeof ways;
const links = ["", ` over ${linkMbps / 1000} Gbps`] as const;
type Side = "handler" | "raw";
type Name = `${Way}${(typeof links)[number]}, ${Side}`;
type Round = Record<Name, number>;
const wayNames = Object.keys(ways) as Way[];
const what = links.flatMap((link) => wayNames.map((way) => ({ way, link })));
const moves = what.flatMap((each) => (["handler", "raw"] as const).map((side) => ({ ...each, side })));

export function benchThroughput({ pairs }: { pairs: number }): Promise<Result[]> {
  return withTwoHosts(guest, async ({ lab, id }) => {
    console.log(`${guest.memoryMiB} MiB guest that writes ${guest.dirtyRate} MiB/s`);
    // Pages that were never written are not sent.
    await new Promise((resolve) => setTimeout(resolve, 1.5 * fillsMs));
    const all = await rounds(pairs, (index) => round(lab, id, index), "MiB/s");
    return what.map(({ way, link }) => result(way, link, all));
  });
}

async function round(lab: Lab, id: string, index: number): Promise<Round> {
  const measured: Partial<Round> = {};
  for (const { way, link, side } of rotated(moves, index)) {
    const { flags, migration } = ways[way];
    await Promise.all(lab.hosts.map((host) => (link === "" ? host.unlimit() : host.limitBandwidth(linkMbps))));
    const move = async () => {
      const [from, to] = await whereFrom(lab);
      if (side === "handler") await moveByHandler(lab, { id, domain, migration }, from, to);
      else await overNewConnection(lab, from, migrateCommand(lab, to, flags));
      return mibPerSecond(lab, to);
    };
    // There and back: one direction may be the faster one.
    const [first, second] = [await move(), await move()];
    measured[`${way}${link}, ${side}`] = 2 / (1 / first + 1 / second);
  }
  return measured as Round;
}

/** Of the migration that brought the VM. */
async function mibPerSecond(lab: Lab, host: string): Promise<number> {
  const text = await lab.host(host).virsh(`domjobinfo ${domain} --completed --keep-completed --rawstats`);
  const number = (field: string) => Number(new RegExp(`^\\s*${field}\\s*[:=]\\s*(\\d+)`, "m").exec(text)?.[1]);
  const rate = number("memory_processed") / 2 ** 20 / (number("time_elapsed") / 1000);
  if (!(rate > 0)) throw new Error(`no statistics of the migration:\n${text}`);
  return rate;
}

function result(way: Way, link: (typeof links)[number], all: readonly Round[]): Result {
  const name = `throughput-${way.toLowerCase()}${link === "" ? "" : "-link"}`;
  const { ratio, min, max, pairs, ms, baselineMs } = compare(
    name,
    all,
    (each) => each[`${way}${link}, handler`],
    (each) => each[`${way}${link}, raw`],
  );
  return {
    name,
    what: `bytes per second of a 2 GiB guest ÷ raw virsh, ${way}${link}`,
    value: ratio,
    unit: "×",
    min,
    max,
    rounds: pairs,
    of: `${ms} ÷ ${baselineMs} MiB/s`,
    goal: { atLeast: goal },
  };
}
