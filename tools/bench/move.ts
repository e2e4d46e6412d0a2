/**
 * What the product costs on top of the migration itself, on two real hosts of this computer.
 *
 * In each round the same running VM is moved with the same virsh command by the provider's handler, by hand over a new ssh
 * connection, by hand over one that is open already, and by `pulumi up`; and `pulumi up` runs with a provider that does nothing. Rounds
 * are paired, because migrations differ more between minutes than between these.
 */
import { createLab, type Lab } from "../../lab/libvirt";
import { atSignal } from "../../lab/at-signal";
import { endProcessesIn } from "../../lab/end-processes-in";
import { ensurePulumi } from "../../lab/pulumi";
import { moveByHandler } from "./by-handler";
import { OpenConnections, overNewConnection } from "./by-hand";
import { Project } from "./by-pulumi";
import { type Comparison, compare, rotated } from "./ratios";

const goal = 1.05;
const domain = "db-01";
const guest = { name: domain, host: "kvm-a", memoryMiB: 256, dirtyMiB: 64, dirtyRate: 100 };

type Name = "handler" | "cold" | "open" | "up" | "idle";

export async function benchMove(pairs: number): Promise<void> {
  const log = (line: string) => console.error(line);
  const installation = await ensurePulumi({ log });
  const lab = await createLab();
  const release = atSignal(() => endProcessesIn(lab.dir));
  try {
    const { uuid: id } = await lab.startGuest(guest);
    const placement = await Project.create("placement", lab, domain, installation);
    const idle = await Project.create("idle", lab, domain, installation);
    await placement.up("kvm-a");
    await idle.up("kvm-a");
    const open = await OpenConnections.open(lab);
    try {
      console.log(
        `${guest.memoryMiB} MiB guest that writes ${guest.dirtyRate} MiB/s; ${pairs} rounds, and one before them that is not counted`,
      );
      await round(lab, 0, { id, placement, idle, open });
      const rounds: Record<Name, number>[] = [];
      for (let index = 1; index <= pairs; index++) {
        const measured = await round(lab, index, { id, placement, idle, open });
        rounds.push(measured);
        log(`${String(index).padStart(3)}/${pairs}  ${show(measured)}`);
      }
      report(rounds);
    } finally {
      open.close();
    }
  } finally {
    endProcessesIn(lab.dir);
    release();
    await lab.down();
  }
}

interface Parts {
  id: string;
  placement: Project;
  idle: Project;
  open: OpenConnections;
}

/** Each of the five once; the order turns with the rounds, and with it which way each of them moves the VM. */
async function round(lab: Lab, index: number, parts: Parts): Promise<Record<Name, number>> {
  const { id, placement, idle, open } = parts;
  const measured: Partial<Record<Name, number>> = {};
  const names: Name[] = ["handler", "cold", "open", "up", "idle"];
  for (const name of rotated(names, index)) {
    const [from, to] = await whereFrom(lab);
    const command = `virsh migrate --live --p2p --persistent --undefinesource ${domain} qemu+ssh://${lab.host(to).address}/system`;
    switch (name) {
      case "handler":
        measured[name] = await moveByHandler(lab, { id, domain }, from, to);
        break;
      case "cold":
        measured[name] = await timed(() => overNewConnection(lab, from, command));
        break;
      case "open":
        measured[name] = await timed(() => open.run(from, command));
        break;
      case "up":
        await placement.refresh();
        measured[name] = await placement.up(to);
        break;
      case "idle":
        measured[name] = await idle.up(`host ${index}`);
    }
    if (name !== "idle" && (await whereFrom(lab))[0] !== to) throw new Error(`${name} did not move ${domain} to ${to}`);
  }
  return measured as Record<Name, number>;
}

/** Where the VM runs, and the other host. */
async function whereFrom(lab: Lab): Promise<[string, string]> {
  const running: string[] = [];
  for (const host of lab.hosts) if ((await host.virsh("list --name")).includes(domain)) running.push(host.name);
  if (running.length !== 1)
    throw new Error(`${domain} should run on one host, but runs on ${running.join(" and ") || "none"}`);
  return running[0] === "kvm-a" ? ["kvm-a", "kvm-b"] : ["kvm-b", "kvm-a"];
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function report(rounds: readonly Record<Name, number>[]): void {
  const sides: [what: string, Comparison][] = [
    [
      "handler ÷ ssh source virsh migrate (new connection)",
      compare(
        "handler-vs-raw",
        rounds,
        ({ handler }) => handler,
        ({ cold }) => cold,
      ),
    ],
    [
      "handler ÷ the same over an open connection",
      compare(
        "handler-vs-raw-open",
        rounds,
        ({ handler }) => handler,
        ({ open }) => open,
      ),
    ],
    [
      "pulumi up ÷ (up that does nothing + raw, new connection)",
      compare(
        "up-vs-noop-plus-raw",
        rounds,
        ({ up }) => up,
        ({ idle, cold }) => idle + cold,
      ),
    ],
    [
      "pulumi up ÷ (up that does nothing + raw, open connection)",
      compare(
        "up-vs-noop-plus-raw-open",
        rounds,
        ({ up }) => up,
        ({ idle, open }) => idle + open,
      ),
    ],
  ];
  console.log(`\n${"median of the rounds".padEnd(58)} ratio   min – max      ms ÷ ms`);
  for (const [what, { ratio, min, max, ms, baselineMs }] of sides) {
    console.log(`${what.padEnd(58)} ${ratio.toFixed(3)}  ${min.toFixed(2)} – ${max.toFixed(2)}  ${ms} ÷ ${baselineMs}`);
  }
  const [, first] = sides[0]!;
  console.log(`\ngoal: handler ÷ raw at most ${goal}: ${first.ratio <= goal ? "met" : "not met"}`);
  for (const [, comparison] of sides) console.log(`BENCH ${JSON.stringify(comparison)}`);
}

function show(measured: Record<Name, number>): string {
  return Object.entries(measured)
    .map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`)
    .join(", ");
}
