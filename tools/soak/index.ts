/** `npm run soak`: several VMs move back and forth for a long time, with random options and random faults. */
import { parseArgs } from "node:util";
import type { Failure } from "../../provider/core/errors";
import { createLab, type Lab, type LabHost } from "../../lab/libvirt";
import { sleep } from "../../lab/libvirt/commands";
import { libvirtdRuns } from "../../lab/faults/inject";
import { onHosts, remediesOf } from "../../lab/faults/remedies";
import { Sampler } from "../../lab/faults/sampler";
import { Stack } from "../../lab/pulumi/stack";
import { ensureSystemPackages } from "../system-packages";
import { violations } from "./invariants";
import { leaksOf, settledMemoryMiB } from "./leaks";
import { type SoakFault, soakFaults, variants } from "./faults";
import { type Failed, Placements } from "./placements";
import { Random } from "./random";
import { Tally } from "./tally";

const usage = `npm run soak -- [--moves N] [--seed N] [--domains N] [--faults PERCENT] [--cli N]

--moves     how many moves (default 100)
--seed      of chance; printed (default: from the clock)
--domains   how many VMs (default 3)
--faults    in how many rounds of a hundred a fault is injected (default 50)
--cli       every so many rounds the real \`pulumi up --refresh\` moves them (default 25; 0 = never)`;

const tries = 4;
/** The ssh of a libvirt that waits for a destination whose answer was lost. */
const hangingSsh = "ssh -T .*virt-ssh-helper";

async function main(words: string[]): Promise<number> {
  const { values } = parseArgs({
    args: words,
    options: {
      moves: { type: "string", default: "100" },
      seed: { type: "string" },
      domains: { type: "string", default: "3" },
      faults: { type: "string", default: "50" },
      cli: { type: "string", default: "25" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const missing = ensureSystemPackages((line) => console.error(line));
  if (missing.length > 0) {
    console.error(`The soak needs real hosts. ${missing.join(" ")}`);
    return 1;
  }
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  const lab = await createLab({ hosts: 3 });
  try {
    const domains = Array.from({ length: Number(values.domains) }, (_, index) => `vm-${index + 1}`);
    const soak = new Soak(lab, domains, new Random(seed), Number(values.faults) / 100, Number(values.cli));
    return await soak.run(Number(values.moves));
  } finally {
    await lab.down();
  }
}

class Soak {
  private readonly placements: Placements;
  private readonly samplers = new Map<string, Sampler>();
  private readonly uuids = new Map<string, string>();
  private stack: Stack | undefined;
  private readonly tally = new Tally();

  constructor(
    private readonly lab: Lab,
    private readonly domains: readonly string[],
    private readonly random: Random,
    private readonly faultPart: number,
    private readonly cliEvery: number,
  ) {
    this.placements = new Placements(lab);
  }

  async run(moves: number): Promise<number> {
    const { tally } = this;
    for (const name of this.domains) {
      const host = this.random.of(this.lab.hosts).name;
      const { uuid } = await this.lab.startGuest({ name, host, dirtyMiB: 8, dirtyRate: 20 });
      this.uuids.set(name, uuid);
      this.samplers.set(name, new Sampler(this.lab.hosts, name));
      const failure = await this.placements.place(name, host, {});
      if (failure !== undefined) throw new Error(failure.text);
    }
    const start = Date.now();
    let memoryBefore: number | undefined;
    try {
      while (tally.moves < moves && tally.wrong.length === 0) {
        await this.round();
        // What is loaded and cached once is not a leak: memory counts from a tenth of the way on.
        if (memoryBefore === undefined && tally.moves >= moves / 10) memoryBefore = await settledMemoryMiB();
        if (tally.rounds % 10 === 0) this.showProgress(start);
      }
      await this.placements.restart();
      const grownMiB = (await settledMemoryMiB()) - (memoryBefore ?? 0);
      tally.wrong.push(...(await leaksOf(this.lab)));
      // Some growth is the heap's own; what every move left behind would be more.
      if (grownMiB > 20 + tally.moves * 0.1) tally.wrong.push(`memory grew by ${grownMiB.toFixed(0)} MiB`);
      tally.report(start, grownMiB);
    } finally {
      for (const sampler of this.samplers.values()) sampler.stop();
      this.stack?.remove();
    }
    return tally.wrong.length > 0 ? 1 : 0;
  }

  /** Some VMs move at once, perhaps with a fault; then each must run on the desired host, on no other, and undamaged. */
  private async round(): Promise<void> {
    const { random, tally, lab } = this;
    tally.rounds++;
    const moving = this.domains.filter(() => random.chance(0.6));
    const moves = (moving.length > 0 ? moving : [random.of(this.domains)]).map((domain) => {
      const from = String(this.placements.currentHost(domain));
      const to = random.of(lab.hosts.filter(({ name }) => name !== from)).name;
      return { domain, from, to, migration: random.of(variants) };
    });
    if (this.cliEvery > 0 && tally.rounds % this.cliEvery === 0) await this.moveByCli(moves);
    else {
      const fault = random.chance(this.faultPart) ? random.of(soakFaults) : undefined;
      const first = moves[0]!;
      const injected = fault && this.inject(fault, lab.host(first.from), lab.host(first.to));
      const failures = await Promise.all(
        moves.map((move) => this.placements.place(move.domain, move.to, move.migration)),
      );
      await injected;
      for (const [index, move] of moves.entries()) await this.moveBack(move, failures[index]);
    }
    if (random.chance(0.3)) await this.placements.restart();
    for (const { domain, to } of moves)
      tally.wrong.push(...this.stateOf(domain, to), ...(await violations(lab, this.samplers.get(domain)!, domain, to)));
    tally.moves += moves.length;
    if (tally.wrong.length > 0) console.log(JSON.stringify({ moves, hosts: await this.hostStates() }, null, 2));
  }

  private async inject(fault: SoakFault, source: LabHost, destination: LabHost): Promise<void> {
    const { random, lab, tally } = this;
    const [beforeMs, lastsMs] = [random.between(100, 2500), random.between(500, 4000)];
    tally.count("faults", fault.title);
    await sleep(beforeMs);
    await fault.inject(lab, source, destination);
    await sleep(lastsMs);
    await fault.recover?.(lab, source, destination);
    await libvirtdRuns({ lab });
  }

  /** The next `up`s of a user whose first one failed. */
  private async moveBack(
    { domain, to, migration }: { domain: string; to: string; migration: Record<string, unknown> },
    failure: Failed | undefined,
  ): Promise<void> {
    let last = failure;
    const codes: string[] = [];
    for (let again = 0; last !== undefined && again < tries; again++) {
      codes.push(last.problem?.code ?? last.text.slice(0, 200));
      if (last.problem) await this.followRemedy(last.problem);
      // Where it timed out, the user gives it more time.
      const { timeout: _, onTimeout: __, ...rest } = migration;
      last = await this.placements.place(domain, to, migration["onTimeout"] === undefined ? rest : migration);
      if (last !== undefined) await sleep(1000);
    }
    const verdict = codes.length === 0 ? "moved at once" : `${codes.join(", ")}, then moved`;
    this.tally.count("verdicts", verdict);
    if (last !== undefined) this.tally.wrong.push(`${domain} did not get to ${to} in ${tries + 1} tries: ${last.text}`);
  }

  /** Runs the remedy of an error that loses nothing, as a person would. Nothing else moves meanwhile. */
  private async followRemedy(problem: Failure): Promise<void> {
    const { lab, tally } = this;
    for (const commands of remediesOf(problem)
      .filter(({ loses }) => loses === undefined)
      .map(onHosts)) {
      const ssh = commands.find(({ command }) => command.includes(hangingSsh));
      if (ssh) {
        await lab.host(ssh.host).sh(`pkill -f '${hangingSsh}'`);
        tally.count("byHand", "ended libvirt's ssh");
      }
      const end = commands.find(({ command }) => command.startsWith("virsh destroy "));
      if (end) {
        await lab.host(end.host).sh(end.command);
        tally.count("byHand", "destroyed an abandoned receiving end");
      }
    }
  }

  private async moveByCli(moves: readonly { domain: string; to: string }[]): Promise<void> {
    this.stack ??= await Stack.create(this.lab);
    const hosts = new Map(this.domains.map((name) => [name, this.placements.currentHost(name)]));
    for (const { domain, to } of moves) hosts.set(domain, to);
    this.stack.declare(Object.fromEntries([...hosts].map(([domain, host]) => [domain, { args: { domain, host } }])));
    const { code, stdout, stderr } = await this.stack.up(["--refresh"]);
    if (code !== 0) this.tally.wrong.push(`pulumi up ended with ${code}: ${stdout}${stderr}`);
    for (const { domain } of moves) await this.placements.refresh(domain);
    this.tally.count("verdicts", "moved by `pulumi up`", moves.length);
  }

  private stateOf(domain: string, to: string): string[] {
    const host = this.placements.currentHost(domain);
    return host === to ? [] : [`the state has ${domain} on ${String(host)}`];
  }

  private async hostStates(): Promise<string[]> {
    return Promise.all(
      this.lab.hosts.map(
        async (host) =>
          `${host.name}: ${(await host.sh("for d in $(virsh -q list --all --name); do echo $d $(virsh -q domstate --reason $d); done")).stdout}`,
      ),
    );
  }

  private showProgress(start: number): void {
    const { moves, rounds } = this.tally;
    console.log(`${moves} moves in ${rounds} rounds, ${((Date.now() - start) / 1000).toFixed(0)} s`);
  }
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: Error) => {
    console.error(error.stack);
    process.exitCode = 1;
  },
);
