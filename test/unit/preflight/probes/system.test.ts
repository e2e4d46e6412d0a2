import assert from "node:assert/strict";
import fc from "fast-check";
import { parseQemuConf, parseSystem } from "../../../../provider/preflight/probes/system";

describe("what a host's shell tells of it", () => {
  const report = `
@@ clock
1764000060.500000000

@@ memory
MemAvailable:   1048576 kB
Hugepagesize:       2048 kB

@@ hugepages
1048576kB 2
2048kB 512

@@ hugetlbfs
0

@@ interfaces
br0
lo

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
      availableMemoryBytes: 2 ** 30,
      defaultHugepageKiB: 2048,
      freeHugepages: { 1048576: 2, 2048: 512 },
      hugetlbfs: false,
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

  it("counts for nothing when it was cut off", () => {
    assert.equal(parseSystem(report.slice(0, 200), 0, 0), undefined);
  });

  it("knows a qemu.conf that may not be read from one that sets nothing", () => {
    assert.equal(parseQemuConf(""), undefined);
    assert.equal(parseQemuConf("# readable")!.migrationPortMin, 49_152);
  });

  it("is never the end of its reader, whatever it says", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const answer of [text, `@@ ${text}\n@@ end\n`]) parseSystem(answer, 0, 0);
      }),
      { numRuns: 1000 },
    );
  });
});
