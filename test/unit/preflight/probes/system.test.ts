import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSystem, systemOf } from "../../../../provider/preflight/probes/system";
import { Placing } from "../../../support/placing";

describe("what a host's shell tells of it", () => {
  const report = `
@@ clock
1764000060.500000000

@@ memory
MemTotal:       4194304 kB
SwapTotal:      1048576 kB
Mlocked:           1024 kB
Hugetlb:        3145728 kB
MemAvailable:   1048576 kB
Hugepagesize:       2048 kB

@@ hugepages
1048576kB 2 0 4 0 0
2048kB 512 12 1024 100 40

@@ nodepages
0 1048576kB 2
0 2048kB 400
1 2048kB 112

@@ hugetlbfs
0

@@ cpus
0-2,4

@@ possible
0-7

@@ nodes
0

@@ nodememory
Node 0 MemTotal:        3145728 kB
Node 8 MemTotal:        1048576 kB
Node x MemTotal: 1 kB
@@ cgroup
2

@@ numad
yes

@@ interfaces
br0
lo

@@ addresses
127.0.0.1/8
10.9.0.12/24
fe80::1/64
fe80::1/64

@@ userfaultfd
0

@@ qemu.conf
# readable
migration_host = "10.9.0.12"
migrate_tls_force = 1
user = "qemu"   # not root
shared_filesystems = [
  "/srv/vms",
  "/var/lib/libvirt/swtpm"
]

@@ end
`;

  it("is read section by section", () => {
    assert.deepEqual(parseSystem(report, 1_764_000_000_000, 1_764_000_001_000), {
      clockOffsetMs: 60_000,
      interfaces: ["br0", "lo"],
      addresses: ["127.0.0.1", "10.9.0.12", "fe80::1"],
      availableMemoryBytes: 2 ** 30,
      totalMemoryBytes: 4 * 2 ** 30,
      memoryCapacityBytes: 2 * 2 ** 30 - 2 ** 20,
      defaultHugepageKiB: 2048,
      hugepages: {
        1048576: { free: 2, total: 4, freeOn: { 0: 2 } },
        2048: { free: 560, total: 1084, freeOn: { 0: 460, 1: 172 } },
      },
      hugetlbfs: false,
      topology: {
        onlineCpus: [0, 1, 2, 4],
        possibleCpus: [0, 1, 2, 3, 4, 5, 6, 7],
        numaNodes: [0],
        nodeMemory: { 0: 3 * 2 ** 30, 8: 2 ** 30 },
        cgroup2: true,
        numad: true,
      },
      userfaultfd: false,
      qemuConf: {
        migrationHost: "10.9.0.12",
        migrationPortMin: 49_152,
        migrationPortMax: 49_215,
        migrateTlsForce: true,
        user: "qemu",
        sharedFilesystems: ["/srv/vms", "/var/lib/libvirt/swtpm"],
      },
      certificates: undefined,
    });
  });

  const arc = (stats: string) =>
    parseSystem(
      `@@ memory\nMemTotal:       65767424 kB\nMemAvailable:    4178944 kB\n@@ arc\n${stats}\n@@ end\n`,
      0,
      0,
    )!.availableMemoryBytes;
  const free = 4_178_944 * 1024;

  it("counts as free what the ZFS cache holds above its minimum", () => {
    assert.equal(arc("c_min 2104557568\nsize 33285996544"), free + 33_285_996_544 - 2_104_557_568);
    assert.equal(arc("size 33285996544\nc_min 2104557568"), free + 33_285_996_544 - 2_104_557_568);
  });

  it("takes nothing off where that cache is below its minimum, or not there", () => {
    for (const stats of ["c_min 2104557568\nsize 1000", "c_min 2104557568", "size 33285996544", ""]) {
      assert.equal(arc(stats), free);
    }
  });

  it("never counts more than there is", () => {
    assert.equal(arc("c_min 0\nsize 999999999999"), 65_767_424 * 1024);
  });

  it("counts for nothing when it was cut off", () => {
    assert.equal(parseSystem(report.slice(0, 200), 0, 0), undefined);
  });

  it("knows the account that may not open /dev/kvm", () => {
    const forbidden = (account: string) =>
      parseSystem(report.replace("@@ qemu.conf", `@@ kvm\n${account}\n@@ qemu.conf`), 0, 0)!.kvmForbiddenTo;
    assert.equal(forbidden("libvirt-qemu"), "libvirt-qemu");
    assert.equal(forbidden(""), undefined);
  });

  for (const user of ['"root"', '"+0"', '"0"', "'root'", "'+0'", '"+00"'])
    it(`knows that user = ${user} is root, who may use userfaultfd`, () => {
      assert.equal(parseSystem(report.replace('"qemu"', user), 0, 0)!.userfaultfd, true);
    });

  it("is never the end of its reader, whatever it says", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const answer of [text, `@@ ${text}\n@@ end\n`]) parseSystem(answer, 0, 0);
      }),
      { numRuns: 1000 },
    );
  });

  it("is asked for as a whole once a minute, and for what is in use each time", async () => {
    const { hosts, clock, ...world } = new Placing({ "kvm-a": [] });
    const host = world.fakes.hosts.get("kvm-a")!;
    const ofMemory = (kib: number) => report.replace(/MemAvailable: +\d+/, `MemAvailable: ${kib}`);
    const asked = async (kib: number, answer = ofMemory(kib)) => {
      host.answers.set("s memory;", answer);
      const facts = await systemOf(hosts, await hosts.on("kvm-a"), false, clock);
      return {
        available: facts?.availableMemoryBytes,
        user: facts?.qemuConf?.user,
        pages: facts?.hugepages[2048]?.free,
      };
    };
    const scripts = () => [host.scripts.length, host.scripts.filter((script) => script.includes("qemu.conf")).length];
    const first = await asked(1000);
    assert.deepEqual([first.available, scripts()], [1000 * 1024, [1, 1]]);
    clock.pass(3001);
    const inUse = report.slice(0, report.indexOf("@@ hugetlbfs")).replace("2048kB 512", "2048kB 100");
    const later = await asked(0, `${inUse.replace(/MemAvailable: +\d+/, "MemAvailable: 2000")}@@ end\n`);
    assert.deepEqual(later, { available: 2000 * 1024, user: first.user, pages: first.pages! - 412 });
    assert.deepEqual(scripts(), [2, 1]);
    clock.pass(3001);
    const cutOff = await asked(0, inUse);
    assert.equal(cutOff.available, undefined);
    clock.pass(60_000);
    assert.equal((await asked(3000)).available, 3000 * 1024);
    assert.deepEqual(scripts(), [4, 2]);
  });
});
