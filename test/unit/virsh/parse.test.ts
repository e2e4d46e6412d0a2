import assert from "node:assert/strict";
import fc from "fast-check";
import {
  parseDomainList,
  parseDomState,
  parseHelpOptions,
  parseHostUuid,
  parseJobInfo,
  parseNumber,
  parseUuids,
  parseVersions,
  unreadableDomains,
} from "../../../provider/virsh/parse";
import { fixture, libvirtVersions } from "../../support/fixture";

const dbUuid = "285f89bb-e6d0-47b6-a7b7-7b8184b74154";
const webUuid = "1117c344-47b0-4597-a2ce-291e1dd8606a";

describe("reading virsh", () => {
  describe("a domain's state", () => {
    const cases: [text: string, state: string, reason: string][] = [
      ["running (booted)\n\n", "running", "booted"],
      ["running (migrated)\n", "running", "migrated"],
      ["paused (migrating)\n\n", "paused", "migrating"],
      ["paused (post-copy failed)", "paused", "post-copy failed"],
      ["shut off (migrated)\n\n", "shut off", "migrated"],
      ["in shutdown (user)", "in shutdown", "user"],
      ["running", "running", ""],
      ["", "", ""],
    ];
    for (const [text, state, reason] of cases) {
      it(JSON.stringify(text), () => assert.deepEqual(parseDomState(text), { state, reason }));
    }
  });

  it("the list of domains has names with their own blanks, and no empty line", () => {
    assert.deepEqual(parseDomainList(`${dbUuid} db-01\n${webUuid}  web server (old) \n\n`), [
      { uuid: dbUuid, name: "db-01" },
      { uuid: webUuid, name: " web server (old) " },
    ]);
    assert.deepEqual(parseDomainList(""), []);
    assert.deepEqual(parseDomainList(" Id   Name   State\n-------\n"), []);
  });

  it("the list of domains has every domain, whatever its name has but a line feed", () => {
    for (const name of ["a\rb", "a\u2028b", "a\u2029b", "a\u001b[31mb"])
      assert.deepEqual(parseDomainList(`${dbUuid} ${name}\n`), [{ uuid: dbUuid, name }]);
    assert.deepEqual(parseDomainList(`${dbUuid} \u2028\n`), [{ uuid: dbUuid, name: "\u2028" }]);
  });

  it("a line of a list of UUIDs that is none is not taken for no domain", () => {
    assert.deepEqual(unreadableDomains(`${dbUuid}\n\nwarning: x\n${webUuid.slice(1)}\n`), [
      "warning: x",
      webUuid.slice(1),
    ]);
    assert.deepEqual(unreadableDomains(`${dbUuid}\n\n`), []);
  });

  it("numbers that cannot be are not known", () => {
    for (const value of [
      "1e400",
      "-1",
      "NaN",
      "Infinity",
      "1.5",
      "0x10",
      "9".repeat(400),
      "18446744073709551615",
      "",
    ]) {
      const job = parseJobInfo(
        `Job type: 2\noperation: 5\ntime_elapsed: ${value}\ndowntime: ${value}\nmemory_total: ${value}\nmemory_remaining: ${value}\nmemory_bps: ${value}\nmemory_dirty_rate: ${value}\nauto_converge_throttle: ${value}\n`,
      );
      assert.deepEqual(
        Object.values(job).filter((each) => typeof each === "number"),
        [],
        value,
      );
      assert.equal(parseNumber(value), undefined);
      assert.deepEqual(
        parseVersions(`Running against daemon: ${value}.x\nRunning hypervisor: QEMU ${value}\n`).libvirt,
        undefined,
      );
    }
    assert.equal(parseJobInfo("Job type: 2\nauto_converge_throttle: 101\n").throttlePercent, undefined);
    assert.equal(parseJobInfo("Job type: 2\nmemory_dirty_rate: 9007199254740991\n").dirtyBytesPerSecond, undefined);
  });

  it("any list of domains comes back as it was printed", () => {
    const name = fc
      .string({ unit: "grapheme-ascii", minLength: 1 })
      .map((text) => text.trim())
      .filter((text) => text !== "");
    fc.assert(
      fc.property(fc.array(fc.record({ uuid: fc.uuid(), name }, { noNullPrototype: true })), (domains) => {
        const text = domains.map((domain) => `${domain.uuid} ${domain.name}\n`).join("");
        assert.deepEqual(parseDomainList(text), domains);
      }),
    );
  });

  it("a list of UUIDs is a set", () => {
    assert.deepEqual(parseUuids(`${dbUuid}\n${webUuid}\n\n`), new Set([dbUuid, webUuid]));
    assert.deepEqual(parseUuids("\n"), new Set());
  });

  for (const libvirt of libvirtVersions) {
    describe(`of libvirt ${libvirt}`, () => {
      it("no job is a job of type none, without numbers", () => {
        const job = parseJobInfo(fixture(libvirt, "domjobinfo-none"));
        assert.equal(job.type, "none");
        assert.deepEqual(
          Object.entries(job).filter(([key, value]) => key !== "type" && value !== undefined),
          [],
        );
      });

      it("the options of migrate are found in its help", () => {
        const options = parseHelpOptions(fixture(libvirt, "help-migrate"));
        for (const option of ["--live", "--p2p", "--postcopy", "--comp-mt-dthreads", "--tls-destination"])
          assert.ok(options.has(option), option);
        assert.equal(options.has("--comp-zlib-level"), libvirt !== "9.0.0");
        assert.equal(options.has("--migrate-disks-target-zero"), libvirt === "12.8.0");
        assert.equal(options.has("--nosuch"), false);
      });
    });
  }

  it("the running job of libvirt 9.0.0", () => {
    assert.deepEqual(parseJobInfo(fixture("9.0.0", "domjobinfo-outgoing")), {
      type: "unbounded",
      operation: "outgoing",
      elapsedMs: 2756,
      downtimeMs: 300,
      memoryTotalBytes: 268_967_936,
      memoryRemainingBytes: 221_925_376,
      memoryProcessedBytes: 46_225_533,
      memoryBytesPerSecond: 20_600_647,
      memoryNormalBytes: 46_133_248,
      memoryConstantBytes: 222 * 4096,
      dirtyBytesPerSecond: 0,
      passes: 1,
      postCopyRequests: 0,
      diskTotalBytes: 0,
      diskRemainingBytes: 0,
      diskProcessedBytes: 0,
      throttlePercent: undefined,
      error: undefined,
    });
  });

  it("the running job of libvirt 11.3.0", () => {
    const job = parseJobInfo(fixture("11.3.0", "domjobinfo-outgoing"));
    assert.deepEqual(
      [job.type, job.operation, job.elapsedMs, job.memoryProcessedBytes],
      ["unbounded", "outgoing", 3032, 42_027_518],
    );
  });

  it("the running job of libvirt 12.8.0", () => {
    const job = parseJobInfo(fixture("12.8.0", "domjobinfo-outgoing"));
    assert.deepEqual(
      [job.type, job.operation, job.elapsedMs, job.memoryProcessedBytes],
      ["unbounded", "outgoing", 2797, 44_128_803],
    );
  });

  it("the completed job of each, as its destination keeps it", () => {
    const of = (libvirt: (typeof libvirtVersions)[number]) => {
      const { type, operation, downtimeMs, memoryProcessedBytes, passes } = parseJobInfo(
        fixture(libvirt, "domjobinfo-completed"),
      );
      return [type, operation, downtimeMs, memoryProcessedBytes, passes];
    };
    assert.deepEqual(of("9.0.0"), ["completed", "incoming", 76, 140_772_942, 4]);
    assert.deepEqual(of("11.3.0"), ["completed", "incoming", 89, 152_106_634, 4]);
    assert.deepEqual(of("12.8.0"), ["completed", "incoming", 235, 831_343_176, 14]);
  });

  it("a job's dirty pages are bytes, its throttle and its error are kept", () => {
    const job = parseJobInfo(
      "Job type: 4\n\noperation: 5\nmemory_dirty_rate: 10\nmemory_page_size: 65536\nauto_converge_throttle: 99\nerrmsg: lost: the link\n",
    );
    assert.equal(job.type, "failed");
    assert.equal(job.dirtyBytesPerSecond, 655_360);
    assert.equal(job.throttlePercent, 99);
    assert.equal(job.error, "lost: the link");
    assert.equal(parseJobInfo("Job type: 2\noperation: 1\nmemory_dirty_rate: 10\n").dirtyBytesPerSecond, 40_960);
    assert.equal(parseJobInfo("Job type: 2\noperation: 1\n").operation, "other");
    assert.equal(parseJobInfo("Job type: 17\n").type, "none");
  });

  it("nothing that virsh could print makes a reader throw", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        for (const parse of [
          parseDomState,
          parseDomainList,
          parseUuids,
          parseJobInfo,
          parseVersions,
          parseHelpOptions,
          parseNumber,
          parseHostUuid,
        ])
          parse(text);
      }),
    );
  });

  it("versions are those of the daemon that runs, or else of the library", () => {
    assert.deepEqual(parseVersions(fixture("9.0.0", "version-daemon")), { libvirt: "9.0.0", qemu: "7.2.22" });
    assert.deepEqual(parseVersions(fixture("11.3.0", "version-daemon")), { libvirt: "11.3.0", qemu: "10.0.13" });
    assert.deepEqual(parseVersions(fixture("12.8.0", "version-daemon")), { libvirt: "12.8.0", qemu: "11.1.2" });
    assert.deepEqual(
      parseVersions("Using library: libvirt 10.0.0\nRunning against daemon: 9.10.0\n").libvirt,
      "9.10.0",
    );
    assert.deepEqual(parseVersions("Using library: libvirt 10.0.0\n"), { libvirt: "10.0.0", qemu: undefined });
    assert.deepEqual(parseVersions(""), { libvirt: undefined, qemu: undefined });
  });

  it("a number alone is a number", () => {
    assert.equal(parseNumber("300\n\n"), 300);
    assert.equal(parseNumber("8796093022207\n"), 8_796_093_022_207);
    assert.equal(parseNumber("300 ms"), undefined);
    assert.equal(parseNumber(""), undefined);
  });

  it("the host's UUID is the host's, not a guest's", () => {
    const xml = `<capabilities>\n\n  <host>\n    <uuid>275c5127-2c03-4014-8506-d6f40fb6cd0b</uuid>\n    <cpu>\n      <arch>x86_64</arch>`;
    assert.equal(parseHostUuid(xml), "275c5127-2c03-4014-8506-d6f40fb6cd0b");
    assert.equal(parseHostUuid(`<capabilities><host><cpu/></host><guest><uuid>${dbUuid}</uuid></guest>`), undefined);
  });
});
