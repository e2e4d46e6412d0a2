import assert from "node:assert/strict";
import { type VmLoads, vmLoads } from "../../../../provider/preflight/probes/vmLoad";

/** `domstats` of one VM of libvirt 9.0.0 and QEMU 7.2, before and during a migration, cut to the groups that are asked for. */
const stats = (name: string, cpuTime: string, rss: string, more = "") => `Domain: '${name}'
  state.state=1
  state.reason=1
  cpu.time=${cpuTime}
  cpu.user=6200000000
  cpu.system=310000000
  cpu.cache.monitor.count=0
  cpu.haltpoll.success.time=0
  cpu.haltpoll.fail.time=0
  balloon.current=262144
  balloon.maximum=262144
${rss}  vcpu.current=1
  vcpu.maximum=1
  vcpu.0.state=1
  vcpu.0.time=6190000000
  vcpu.0.wait=0
  vcpu.0.delay=6925919781
${more}
`;
const first = stats("g3", "6510000000", "  balloon.rss=112984\n");
const second = stats("g3", "12790000000", "  balloon.rss=113076\n");

const over = (before: string, after: string, seconds = 10): VmLoads =>
  vmLoads({ atMs: 5000, text: before }, { atMs: 5000 + seconds * 1000, text: after });

describe("probe: what VMs use", () => {
  it("is the CPU time of the window, and the memory that QEMU holds", () => {
    assert.deepEqual(over(first, second).get("g3"), { memoryBytes: 113_076 * 1024, cpus: 0.628 });
  });

  it("counts more CPU time than a double holds exactly", () => {
    const [long, longer] = ["9007199254740993000", "9007199269740993000"];
    const loads = over(stats("g3", long, ""), stats("g3", longer, ""));
    assert.deepEqual(loads.get("g3"), { memoryBytes: 256 * 2 ** 20, cpus: 1.5 });
  });

  for (const [what, rss] of [
    ["no memory of its QEMU, as of one that has a job", ""],
    ["a memory of 0, where its numbers may not be read", "  balloon.rss=0\n"],
  ] as const)
    it(`takes the memory that the guest was given where libvirt says ${what}`, () => {
      const load = over(first, stats("g3", "6510000000", rss)).get("g3");
      assert.deepEqual(load, { memoryBytes: 256 * 2 ** 20, cpus: 0 });
    });

  for (const [what, before, after, seconds, why] of [
    ["was started again", second, first, 10, /started again/],
    ["left", first, "", 10, /left/],
    ["came", "", second, 10, /came/],
    ["has no CPU time", first.replace("cpu.time=", "cpu.other="), second, 10, /CPU time/],
    ["has a CPU time that is none", first, second.replace(/cpu\.time=\d+/, "cpu.time=-1"), 10, /CPU time/],
    ["has no memory", first, second.replace(/^ +balloon.*\n/gm, ""), 10, /memory/],
    ["was asked in no time", first, second, 0, /clock/],
    ["was asked after a clock was set back", first, second, -3600, /clock/],
  ] as const)
    it(`does not judge a VM that ${what}`, () => {
      const load = over(before, after, seconds).get("g3")!;
      assert.match("why" in load ? load.why : "", why);
    });

  it("tells VMs apart, and does not believe a name that feigns another VM", () => {
    const feigned = stats("db-01\nDomain: 'g3'\n  cpu.time=1", "1", "");
    const loads = over(first + stats("web 'x'", "0", ""), second + stats("web 'x'", "20000000000", ""));
    assert.deepEqual([...loads.keys()], ["g3", "web 'x'"]);
    assert.deepEqual(loads.get("web 'x'"), { memoryBytes: 256 * 2 ** 20, cpus: 2 });
    assert.equal(over(first + feigned, second + feigned).get("g3"), undefined);
  });
});
