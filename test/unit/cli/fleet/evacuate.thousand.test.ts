import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FleetReport } from "../../../../provider/cli/fleet/report";
import { parsePlacements } from "../../../../provider/placements/parse";
import { type State, up } from "../../../support/carryingOut";
import { callCli } from "../../../support/cli";
import { FakeClock } from "../../../support/fake-clock";
import { largeFleet } from "../../../support/largeFleet";
import { type Moves, Watch } from "../../../support/watchedFleet";

describe("vm-placement evacuate and restore, of 1,000 VMs on 50 hosts", function () {
  this.timeout(300_000);
  const fleet = largeFleet(50, 20);
  const { lab, inventory } = fleet;
  const emptied = ["kvm-07", "kvm-20", "kvm-41"];
  const clock = new FakeClock();
  lab.now = () => clock.now();
  const state: State = new Map();
  const directory = mkdtempSync(join(tmpdir(), "vm-placement-thousand-"));
  const file = join(directory, "placements.yaml");
  const text = () => readFileSync(file, "utf8");
  const parsed = () => parsePlacements(text(), { file }).placements;
  const where = () =>
    Object.fromEntries([...lab.hosts.values()].flatMap(({ name, domains }) => domains.map((vm) => [vm.name, name])));
  /** Between 5 and 64 seconds. */
  const during = (vm: string) => clock.sleep(5000 + ((Number(vm.slice(3)) * 7919) % 60) * 1000);
  after(() => rmSync(directory, { recursive: true, force: true }));

  async function call(words: string[]) {
    const called = await callCli(words, lab, { inventory, clock });
    assert.equal(called.code, 0, called.complained + called.printed.slice(-2000));
    return called.printed;
  }

  async function planned(verb: string) {
    const report = JSON.parse(await call([verb, ...emptied, "--write", "--json", "--file", file])) as FleetReport;
    assert.deepEqual([report.possible, report.continues, report.notes], [true, false, []]);
    const moves: Moves = new Map(report.moves.map((move) => [move.vm, `${move.source} → ${move.destination}`]));
    return { report, moves };
  }

  async function carryOut(moves: Moves, refused = new Map<string, string>()) {
    const { hosts } = parsed();
    const maintenance = new Set(Object.keys(hosts).filter((host) => hosts[host]!.maintenance));
    const watch = new Watch(fleet, { moves, maintenance }, during, refused);
    const ends = await up(text(), state, { lab, inventory, clock });
    await new Promise(setImmediate);
    watch.look();
    assert.deepEqual([...watch.wrong], []);
    return { watch, ends };
  }

  /** Of the moves, what waits for those, however far. */
  function waitingFor({ moves }: FleetReport, first: readonly string[]): string[] {
    const found = new Set(first);
    for (let size = 0; size < found.size;) {
      size = found.size;
      for (const { vm, after } of moves) if (after.some((other) => found.has(other))) found.add(vm);
    }
    return [...found].filter((vm) => !first.includes(vm));
  }

  let before: ReturnType<typeof where>;
  let written: string;
  let evacuation: Awaited<ReturnType<typeof planned>>;

  it("writes a file of all of them, by which no VM moves", async () => {
    await call(["discover", "--write", file]);
    writeFileSync(file, fleet.withRules(text()));
    written = text();
    before = where();
    const { watch, ends } = await carryOut(new Map());
    assert.deepEqual([ends.size, new Set(ends.values()), watch.begun], [1000, new Set(["done"]), []]);
  });

  it("empties three hosts, and goes on where two hosts refuse a VM", async () => {
    evacuation = await planned("evacuate");
    const { report, moves } = evacuation;
    assert.ok(report.moves.filter(({ source }) => emptied.includes(source)).length === 60);
    const first = report.moves.find(({ vm }) => waitingFor(report, [vm]).length > 0)!;
    const second = report.moves.find(
      ({ vm, destination }) => destination !== first.destination && waitingFor(report, [vm]).length === 0,
    )!;
    const refused = [first.vm, second.vm];
    const waiting = waitingFor(report, refused);
    const { watch, ends } = await carryOut(
      moves,
      new Map(refused.map((vm) => [vm, "internal error: process exited while connecting to monitor"])),
    );
    const those = (end: string) => [...ends].filter(([, its]) => its === end).map(([vm]) => vm);
    assert.deepEqual(those("failed").sort(), refused.sort());
    assert.deepEqual(those("skipped").sort(), waiting.sort());
    const others = [...moves.keys()].filter((vm) => !refused.includes(vm) && !waiting.includes(vm));
    assert.deepEqual(watch.arrived.sort(), others.sort());
  });

  it("empties them when the hosts take the VMs", async () => {
    const { watch, ends } = await carryOut(evacuation.moves);
    assert.ok([...ends.values()].every((end) => end === "done" || end === "same"));
    assert.ok(watch.begun.length > 0);
    assert.deepEqual(
      emptied.flatMap((name) => lab.hosts.get(name)!.domains),
      [],
    );
    const changed = Object.entries(where()).filter(([vm, host]) => before[vm] !== host);
    assert.deepEqual(changed.map(([vm]) => vm).sort(), [...evacuation.moves.keys()].sort());
  });

  it("brings each VM back to where it was, and the file to what it said", async () => {
    const { moves } = await planned("restore");
    const { watch } = await carryOut(moves);
    assert.deepEqual(watch.arrived.sort(), [...moves.keys()].sort());
    assert.deepEqual(where(), before);
    // The order of the way back is what an `evacuate` or `restore` leaves.
    const { vms, ...rest } = parsed();
    const { vms: first, ...others } = parsePlacements(written, { file }).placements;
    assert.deepEqual(rest, others);
    const without = (all: typeof vms) => Object.entries(all).map(([name, vm]) => [name, { ...vm, after: [] }]);
    assert.deepEqual(without(vms), without(first));
  });
});
