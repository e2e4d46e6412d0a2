import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FleetReport } from "../../../../provider/cli/fleet/report";
import { fakeDomain, type SimulatedDomain, SimulatedLab } from "../../../../lab/simulated";
import { callCli } from "../../../support/cli";
import { FakeClock } from "../../../support/fake-clock";
import { smallHost } from "../../../support/smallHost";

const vm = (n: number, name: string, more: Partial<SimulatedDomain> = {}) =>
  fakeDomain({ uuid: `5c1e2f0a-6d0b-4f8e-9a37-${String(n).padStart(12, "0")}`, name, memoryMiB: 1024, ...more });

describe("vm-placement balance", () => {
  const names = ["kvm-a", "kvm-b", "kvm-c"] as const;
  let directory: string;
  let file: string;
  let clock: FakeClock;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "vm-placement-balance-"));
    file = join(directory, "placements.yaml");
    clock = new FakeClock();
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  type Domains = Partial<Record<(typeof names)[number], SimulatedDomain[]>>;

  async function call(words: string[], domains: Domains, prepare: (lab: SimulatedLab) => void = () => {}) {
    const lab = new SimulatedLab();
    // As if all hosts had been started ten days before.
    const startedAt = clock.now() - 10 * 86_400_000;
    lab.now = () => clock.now() - startedAt;
    for (const name of names) lab.add(name, domains[name] ?? []).answers.set("MemTotal", smallHost);
    const placed = names.flatMap((host) => (domains[host] ?? []).map(({ name }) => `  ${name}: ${host}\n`));
    if (!words.includes("--kept")) writeFileSync(file, `# ours\nvms:\n${placed.join("")}`);
    prepare(lab);
    const asked = words.filter((word) => word !== "--kept");
    const called = await callCli(["balance", ...asked, "--file", file], lab, { clock });
    const report = () => JSON.parse(called.printed) as FleetReport & { text?: string };
    return { ...called, lab, report, moves: () => report().moves.map((move) => `${move.vm} to ${move.destination}`) };
  }

  /** kvm-a: 3 of 4 CPUs busy and 1.25 of 4 GiB held, kvm-b and kvm-c: nearly nothing. */
  const domains = (): Domains => ({
    "kvm-a": [
      vm(1, "db-01", { busyCpus: 2, residentMiB: 1024 }),
      vm(2, "web-01", { busyCpus: 1, residentMiB: 256 }),
      vm(3, "off-01", { state: "shut off", reason: "shutdown" }),
    ],
    "kvm-b": [vm(4, "web-02", { busyCpus: 0.2, residentMiB: 256 })],
    "kvm-c": [vm(5, "web-03", { busyCpus: 0.3, residentMiB: 2048 })],
  });

  it("plans what brings the measured loads together, with reasons, and edits the file with --write", async () => {
    const { code, report, moves, complained } = await call(["--json", "--write"], domains());
    assert.equal(code, 0);
    assert.deepEqual(moves(), ["web-01 to kvm-b"]);
    const [move] = report().moves;
    assert.match(move!.reason, /kvm-a from 75 % to 50 % and kvm-b from 6 % to 30 %/);
    assert.match(move!.command, /^virsh migrate --live /);
    assert.match(readFileSync(file, "utf8"), /^# ours\nvms:\n {2}db-01: kvm-a\n {2}web-01: kvm-b\n/);
    assert.deepEqual(report().next.slice(1), ["pulumi preview --diff", "pulumi up --continue-on-error"]);
    assert.match(complained, /measuring kvm-a, kvm-b and kvm-c for 10 s/);
  });

  it("says of every host what its VMs were given and use, before and after, and the host as a whole", async () => {
    const { report } = await call(["--json"], domains(), (lab) => {
      lab.hosts.get("kvm-a")!.pressure = { cpu: 0.5, memory: 0, io: 0.02 };
    });
    const [a, b] = report().hosts;
    const rounded = ({ memoryBytes, cpus }: { memoryBytes: number; cpus: number }) => [
      memoryBytes / 2 ** 20,
      Number(cpus.toFixed(3)),
    ];
    assert.deepEqual([a!.before.vms, a!.after.vms, a!.before.memoryBytes], [3, 2, 2 * 2 ** 30]);
    assert.deepEqual([a!.measured!.before, a!.measured!.after].map(rounded), [
      [1280, 3],
      [1024, 2],
    ]);
    assert.deepEqual([b!.measured!.before, b!.measured!.after].map(rounded), [
      [256, 0.2],
      [512, 1.2],
    ]);
    const { busyFraction, usedMemoryBytes, pressure } = a!.measured!.use!;
    assert.deepEqual([busyFraction!.toFixed(2), usedMemoryBytes], ["0.75", 1280 * 2 ** 20]);
    assert.deepEqual([pressure!.cpu.toFixed(2), pressure!.io.toFixed(2)], ["0.50", "0.02"]);
  });

  it("names a host under pressure, as a note and in the reason of what leaves it", async () => {
    const { report } = await call(["--json"], domains(), (lab) => {
      lab.hosts.get("kvm-a")!.pressure = { cpu: 0.48, memory: 0.12, io: 0.9 };
      lab.hosts.get("kvm-b")!.pressure = { cpu: 0.24, memory: 0.09, io: 0 };
      lab.hosts.get("kvm-c")!.pressure = undefined;
    });
    const pressures = "kvm-a is under CPU pressure (48 %) and memory pressure (12 %)";
    assert.ok(report().moves[0]!.reason.endsWith(`; ${pressures}`));
    const [first, second, ...more] = report().notes;
    assert.equal(first, `${pressures}. Its CPUs are 75 % busy, 75 % with VMs.`);
    assert.match(second!, /^kvm-c has no figures of pressure/);
    assert.deepEqual(more, []);
  });

  it("proposes nothing after the moves that it proposed, not even without a cool-down", async () => {
    const first = await call(["--json"], domains());
    assert.equal(first.moves().length, 1);
    const [db, web, off] = domains()["kvm-a"]!;
    const after = { ...domains(), "kvm-a": [db!, off!], "kvm-b": [...domains()["kvm-b"]!, web!] };
    const second = await call(["--json", "--cool-down", "0s"], after);
    assert.deepEqual([second.code, second.moves(), second.report().text], [0, [], undefined]);
    const { printed } = await call([], after);
    assert.match(
      printed,
      /^balance: balanced, nothing to do: .* more than 10 % makes the fuller one 2 % less loaded\n/,
    );
    assert.match(printed, /^kvm-a +2 → 2 .* 25 % → 25 % +50 % → 50 % +cpu 0 %, memory 0 %, io 0 %$/m);
  });

  for (const [by, expected] of [
    ["cpu", ["web-01 to kvm-b"]],
    ["both", ["web-01 to kvm-b"]],
    // VMs hold 75 % of the memory of kvm-c, and 6 % of that of kvm-b.
    ["memory", ["web-04 to kvm-b"]],
    // kvm-c has 4 VMs of 1 GiB, which do nothing.
    ["assigned", ["idle-01 to kvm-b"]],
  ] as const)
    it(`goes by ${by}, if it is told to`, async () => {
      const all = domains();
      if (by === "memory") all["kvm-c"]!.push(vm(6, "web-04", { residentMiB: 1024 }));
      const idle = [7, 8, 9].map((n) => vm(n, `idle-0${n - 6}`, { residentMiB: 1 }));
      if (by === "assigned") all["kvm-c"]!.push(...idle);
      const { moves, lab } = await call(["--json", "--by", by], all);
      assert.deepEqual(moves().slice(0, 1), expected);
      const commands = [...lab.hosts.values()].flatMap((host) => host.commands);
      assert.equal(commands.some((command) => command.includes("--list-active")), by !== "assigned"); // prettier-ignore
    });

  for (const [what, words] of [
    ["that do not differ by the threshold", ["--threshold", "70%"]],
    ["whose gain is below the margin", ["--margin", "30%"]],
    ["of ignored VMs", ["--ignore", "web-01", "db-01"]],
  ] as const)
    it(`proposes no move ${what}`, async () => {
      assert.deepEqual((await call(["--json", ...words], domains())).moves(), []);
    });

  it("leaves pinned VMs alone", async () => {
    writeFileSync(
      file,
      "vms: { db-01: { host: kvm-a, pinned: true }, web-01: { host: kvm-a, pinned: true }, off-01: kvm-a, web-02: kvm-b, web-03: kvm-c }\n",
    );
    assert.deepEqual((await call(["--json", "--kept"], domains())).moves(), []);
  });

  it("leaves VMs alone that moved a short time ago, by the QEMU that received them", async () => {
    const arrived = (agoMs: number) => (lab: SimulatedLab) =>
      void (lab.hosts.get("kvm-a")!.domains[1]!.arrivedAtMs = lab.now() - agoMs);
    const recently = await call(["--json"], domains(), arrived(1_200_000));
    assert.ok(!recently.moves().includes("web-01 to kvm-b"));
    const [stay] = recently.report().stays;
    assert.deepEqual([stay!.vm, stay!.host, stay!.reason], ["web-01", "kvm-a", "its last move was 20 min ago"]);
    assert.deepEqual((await call(["--json", "--cool-down", "10m"], domains(), arrived(1_200_000))).moves(), ["web-01 to kvm-b"]); // prettier-ignore
    assert.deepEqual((await call(["--json"], domains(), arrived(7_200_000))).moves(), ["web-01 to kvm-b"]);
    const hidden = await call(["--json"], domains(), (lab) => {
      lab.hosts.get("kvm-a")!.answers.set("getconf CLK_TCK", "\n@@ uptime\n9.00\n@@ ticks\n100\n@@ qemu\n\n@@ end\n");
    });
    assert.match(hidden.report().notes[0]!, /^kvm-a does not show when its VMs came/);
  });

  it("leaves alone what it has moved itself", async () => {
    const { lab, report } = await call(["--json", "--write"], domains());
    const shell = await lab.dial({ name: "kvm-a" });
    assert.equal((await shell.exec(report().moves[0]!.command)).code, 0);
    const words = ["balance", "--json", "--threshold", "0%", "--margin", "0%", "--file", file];
    const again = JSON.parse((await callCli(words, lab, { clock })).printed) as FleetReport;
    assert.deepEqual(again.hindrances, []);
    assert.deepEqual(
      again.stays.map(({ vm, host }) => [vm, host]),
      [["web-01", "kvm-b"]],
    );
  });

  it("leaves a VM alone that was started again while it was measured, and counts its assigned size", async () => {
    const { report, moves } = await call(["--json"], domains(), (lab) => {
      const [, web] = lab.hosts.get("kvm-a")!.domains;
      let asked = 0;
      lab.hosts.get("kvm-a")!.onCommand = (command) => {
        if (command.includes("--list-active") && ++asked === 2) web!.busyCpus = 0;
      };
    });
    assert.ok(!moves().includes("web-01 to kvm-b"));
    const { reason } = report().stays.find((stay) => stay.vm === "web-01")!;
    assert.match(reason, /^it could not be measured \(it was started again meanwhile\)/);
  });

  it("plans nothing where a host cannot be measured, and says what does without", async () => {
    const { code, report } = await call(["--json"], domains(), (lab) => {
      lab.hosts.get("kvm-b")!.failing.set("domstats --raw", "Timed out");
    });
    assert.deepEqual([code, report().moves], [1, []]);
    assert.match(report().hindrances[0]!, /^kvm-b cannot be measured: .*--by assigned/);
  });

  it("balances the others where a host does not answer", async () => {
    const { code, moves, report } = await call(["--json"], domains(), (lab) => {
      lab.hosts.get("kvm-c")!.down = true;
    });
    assert.deepEqual([code, moves()], [0, ["web-01 to kvm-b"]]);
    assert.match(report().notes[0]!, /^kvm-c is left out/);
  });

  it("empties hosts with --pack", async () => {
    const { moves, report } = await call(["--json", "--pack"], {
      "kvm-a": [vm(1, "db-01"), vm(2, "web-01")],
      "kvm-b": [vm(3, "web-02")],
    });
    assert.deepEqual(moves(), ["web-02 to kvm-a"]);
    assert.match(report().moves[0]!.reason, /^empties kvm-b$/);
    const again = await call(["--pack"], { "kvm-a": [vm(1, "db-01"), vm(2, "web-01"), vm(3, "web-02")] });
    assert.match(again.printed, /^balance: nothing to do, no host can be emptied\n/);
  });

  it("measures as long as it is told to", async () => {
    await call(["--window", "30s", "--cool-down", "0s"], {});
    assert.ok(clock.elapsedMs >= 30_000 && clock.elapsedMs < 40_000, String(clock.elapsedMs));
  });

  for (const [words, message] of [
    [["--by", "disk"], /^--by: got "disk"; expected both, memory, cpu, assigned, for example --by memory$/m],
    [["--threshold", "10"], /^--threshold: got "10"; expected a percentage from 0% to 100%, .* --threshold 10%$/m],
    [["--margin", "101%"], /^--margin: got "101%"; expected a percentage/m],
    [["--window", "0s"], /^--window: got "0s"; expected a duration from 1s to 5m, for example --window 30s$/m],
    [["--window", "1h"], /^--window: got "1h"/m],
    [["--cool-down", "soon"], /^--cool-down: got "soon"; expected a duration such as 90s/m],
    [["--ignore", "web-1"], /^--ignore: no VM web-1 in .*placements.yaml or on the hosts; did you mean web-01/m],
    [["--pack", "--margin", "5%"], /^--pack: .* without --threshold and --margin$/m],
    [["--by", "assigned", "--window", "30s"], /^--window: with --by assigned nothing is measured/m],
    [["--by", "disk", "--margin", "5"], /^--by: .*\n--margin: /m],
  ] as const)
    it(`refuses ${words.join(" ")}`, async () => {
      const { code, complained, printed } = await call([...words], domains());
      assert.deepEqual([code, printed], [2, ""]);
      assert.match(complained, message);
    });
});
