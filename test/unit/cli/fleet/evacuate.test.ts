import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FleetReport } from "../../../../provider/cli/fleet/report";
import { fakeDomain, SimulatedLab } from "../../../../lab/simulated";
import { callCli } from "../../../support/cli";
import { smallHost } from "../../../support/smallHost";

const vm = (n: number, name: string, more: Partial<ReturnType<typeof fakeDomain>> = {}) =>
  fakeDomain({ uuid: `5c1e2f0a-6d0b-4f8e-9a37-${String(n).padStart(12, "0")}`, name, memoryMiB: 1024, ...more });

describe("vm-placement evacuate and restore", () => {
  const names = ["kvm-a", "kvm-b", "kvm-c"] as const;
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "vm-placement-evacuate-"));
    file = join(directory, "placements.yaml");
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  type Domains = Partial<Record<(typeof names)[number], ReturnType<typeof vm>[]>>;

  async function call(words: string[], domains: Domains, prepare: (lab: SimulatedLab) => void = () => {}) {
    const lab = new SimulatedLab();
    for (const name of names) lab.add(name, domains[name] ?? []).answers.set("MemTotal", smallHost);
    prepare(lab);
    const called = await callCli([...words, "--file", file], lab);
    return { ...called, report: () => JSON.parse(called.printed) as FleetReport };
  }

  const text = `# ours
vms:
  db-01: kvm-a # the big one
  web-01: { host: kvm-a, labels: { app: web } }
  web-02: { host: kvm-b, labels: { app: web } }
rules:
  - apart: { app: web }
`;
  const before = { "kvm-a": [vm(1, "db-01"), vm(2, "web-01")], "kvm-b": [vm(3, "web-02")] };

  it("plans where each VM goes, by the rules, and changes nothing", async () => {
    writeFileSync(file, text);
    const { code, report } = await call(["evacuate", "kvm-a", "--json"], before);
    const { possible, moves, hosts, next } = report();
    assert.deepEqual([code, possible], [0, true]);
    assert.deepEqual(moves.map((move) => [move.vm, move.source, move.destination]).sort(), [
      ["db-01", "kvm-a", "kvm-b"],
      ["web-01", "kvm-a", "kvm-c"],
    ]);
    assert.match(moves[0]!.command, /^virsh migrate --live --p2p .*qemu\+ssh:\/\/kvm-[bc]\/system$/);
    assert.ok(moves.every(({ durationMs, reason }) => durationMs! > 0 && reason !== ""));
    assert.deepEqual(
      hosts.map((each) => [each.host, each.before.vms, each.after.vms]),
      [
        ["kvm-a", 2, 0],
        ["kvm-b", 1, 2],
        ["kvm-c", 0, 1],
      ],
    );
    assert.deepEqual(next, ["the same command with --write"]);
    assert.equal(readFileSync(file, "utf8"), text);
  });

  it("writes the file, its comments kept; restore writes it back as it was", async () => {
    writeFileSync(file, text);
    assert.equal((await call(["evacuate", "kvm-a", "--write"], before)).code, 0);
    const written = readFileSync(file, "utf8");
    assert.match(written, /db-01: kvm-b # the big one\n/);
    assert.match(written, /web-01: \{ host: kvm-c, labels: \{ app: web \} \}/);
    assert.match(written, /hosts:[^]*kvm-a:[^]*maintenance: true/);
    const after = { "kvm-b": [vm(3, "web-02"), vm(1, "db-01")], "kvm-c": [vm(2, "web-01")] };
    const restored = await call(["restore", "kvm-a", "--write"], after);
    assert.equal(restored.code, 0, restored.complained + restored.printed);
    assert.equal(readFileSync(file, "utf8"), text);
  });

  it("takes what the hosts refuse for a fact, and plans around it", async () => {
    writeFileSync(file, "vms: { db-01: kvm-a }\n");
    const { code, report } = await call(["evacuate", "kvm-a", "--json"], { "kvm-a": [vm(1, "db-01")] }, (lab) => {
      // Another VM with the name of the one that would come.
      lab.hosts.get("kvm-b")!.domains.push(vm(9, "db-01", { state: "shut off", reason: "shutdown" }));
    });
    assert.deepEqual([code, report().moves.map(({ destination }) => destination)], [0, ["kvm-c"]]);
  });

  it("says what keeps a host from being emptied, and fails", async () => {
    writeFileSync(file, "vms: { db-01: { host: kvm-a, pinned: true } }\n");
    const { code, report } = await call(["evacuate", "kvm-a", "--json"], {
      "kvm-a": [vm(1, "db-01"), vm(2, "stray")],
    });
    const { possible, blocked, moves } = report();
    assert.deepEqual([code, possible, moves], [1, false, []]);
    assert.deepEqual(blocked.map((each) => each.vm).sort(), ["db-01", "stray"]);
    assert.match(blocked.find((each) => each.vm === "stray")!.reason, /discover --write/);
  });

  it("counts the memory of each NUMA node, for VMs that are bound to nodes", async () => {
    writeFileSync(file, "vms: { db-01: kvm-a, web-01: kvm-a }\nhosts: { kvm-c: { maintenance: true } }\n");
    const nodes = "\n@@ nodememory\nNode 0 MemTotal: 2097152 kB\nNode 1 MemTotal: 2097152 kB\n";
    const evacuate = (nodesOfWeb: string) =>
      call(["evacuate", "kvm-a", "--json"], { "kvm-a": [vm(1, "db-01"), vm(2, "web-01")] }, (lab) => {
        lab.hosts.get("kvm-b")!.answers.set("MemTotal", smallHost.replace("\n@@ end", `${nodes}\n@@ end`));
        for (const [domain, nodeset] of [
          [vm(1, "db-01"), "1"],
          [vm(2, "web-01"), nodesOfWeb],
        ] as const)
          lab.hosts
            .get("kvm-a")!
            .answers.set(
              `dumpxml ${domain.uuid}`,
              `<domain><name>${domain.name}</name><uuid>${domain.uuid}</uuid><memory unit="MiB">1536</memory><numatune><memory mode="strict" nodeset="${nodeset}"/></numatune></domain>`,
            );
      });
    const one = await evacuate("1");
    assert.equal(one.code, 1);
    assert.match(one.printed, /cannot both leave kvm-a: the other hosts have not enough memory on one NUMA node/);
    const each = await evacuate("0");
    assert.deepEqual([each.code, each.report().moves.length], [0, 2], each.printed);
  });

  it("plans nothing where the file and the hosts do not agree, or a host to empty does not answer", async () => {
    writeFileSync(file, "vms: { db-01: kvm-b }\n");
    const drifted = await call(["evacuate", "kvm-a"], { "kvm-a": [vm(1, "db-01")] });
    assert.equal(drifted.code, 1);
    assert.match(
      drifted.printed,
      /db-01 is on kvm-a, and .*placements.yaml has it on kvm-b: run `pulumi up --refresh`/,
    );
    writeFileSync(file, "vms: { db-01: kvm-a }\n");
    const silent = await call(["evacuate", "kvm-a"], {}, (lab) => void (lab.hosts.get("kvm-a")!.down = true));
    assert.equal(silent.code, 1);
    assert.match(silent.printed, /kvm-a cannot be asked/);
    const asData = await call(["evacuate", "kvm-a", "--json"], {}, (lab) => void (lab.hosts.get("kvm-a")!.down = true));
    const { possible, moves, hindrances } = asData.report();
    assert.deepEqual([possible, moves, hindrances.length], [false, [], 1]);
  });

  it("starts where a VM is that was moved by hand and may stay there, and the file takes that over", async () => {
    writeFileSync(file, "vms:\n  db-01: { host: kvm-c, onDrift: adopt }\n  web: kvm-a\n");
    const before = { "kvm-a": [vm(2, "web")], "kvm-b": [vm(1, "db-01")] };
    const { code, report } = await call(["evacuate", "kvm-a", "--write", "--json"], before);
    assert.deepEqual([code, report().moves.map((move) => move.vm)], [0, ["web"]]);
    assert.match(report().notes.join(), /db-01 is on kvm-b, and .* has it on kvm-c: the file takes over/);
    assert.match(readFileSync(file, "utf8"), /db-01: \{ host: kvm-b, onDrift: adopt \}/);
  });

  it("sends no one to an `up` that would refuse to move the VM", async () => {
    writeFileSync(file, "defaults: { onDrift: fail }\nvms: { db-01: kvm-b }\n");
    const { printed } = await call(["evacuate", "kvm-a"], { "kvm-a": [vm(1, "db-01")] });
    assert.match(printed, /has it on kvm-b: correct the file/);
  });

  it("names a file that is not there, and how to make one", async () => {
    const { code, complained } = await call(["evacuate", "kvm-a"], {});
    assert.equal(code, 2);
    assert.match(complained, /there is no .*placements.yaml; `vm-placement discover --write .*` makes one/);
  });

  it("prints tables of the moves and the hosts", async () => {
    writeFileSync(file, text);
    const { printed } = await call(["evacuate", "kvm-a"], before);
    assert.match(printed, /^evacuate kvm-a: 2 moves, about .*\n\nVM +MOVE +AFTER +TAKES +PAUSE +SENDS +WHY\n/);
    assert.match(printed, /^kvm-a +2 → 0 +50 % → 0 % of 4 GiB +2 → 0 on 4$/m);
    assert.match(printed, /\nNext: the same command with --write\n$/);
  });
});
