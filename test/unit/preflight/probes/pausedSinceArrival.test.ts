import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { hasRun, pausedSinceArrival, qemuStartScript } from "../../../../provider/preflight/probes/pausedSinceArrival";

/** `virsh domstats --vcpu` of libvirt 9.0.0 and QEMU 7.2, cut to what counts. */
const kvm = (exits: number) =>
  `Domain: 'k1'\n  vcpu.current=1\n  vcpu.0.state=1\n  vcpu.0.time=0\n  vcpu.0.mmio_exits.sum=7\n  vcpu.0.exits.sum=${exits}\n  vcpu.0.halt_exits.sum=0`;
const tcg = (ns: number) =>
  `Domain: 'p1'\n  vcpu.current=1\n  vcpu.0.state=1\n  vcpu.0.time=${ns}\n  vcpu.0.wait=0\n  vcpu.0.delay=4822542`;

describe("whether a paused VM has run since it arrived", () => {
  const cases: [
    title: string,
    domstats: string | undefined,
    start: string | undefined,
    expected: boolean | undefined,
  ][] = [
    ["arrived paused, as KVM counts", kvm(0), "received\n", true],
    ["resumed and suspended at once", kvm(5), "received\n", false],
    ["started here and suspended", kvm(8598), "started\n", false],
    ["started here paused", kvm(0), "started\n", false],
    ["arrived paused, emulated CPUs", tcg(0), "received\n", undefined],
    ["resumed for a while, emulated CPUs", tcg(70_000_000), "received\n", false],
    ["started here, emulated CPUs", tcg(0), "started\n", false],
    ["its QEMU is not to be seen", kvm(0), "", undefined],
    ["no answer from the host's shell", kvm(0), undefined, undefined],
    ["no statistics", undefined, "received\n", undefined],
    ["two QEMUs with its UUID", kvm(0), "received\nstarted\n", undefined],
  ];
  for (const [title, domstats, start, expected] of cases)
    it(title, () => assert.equal(pausedSinceArrival(domstats, start), expected));

  it("takes no other counter for KVM's exits", () => {
    assert.equal(hasRun("  vcpu.0.halt_exits.sum=9\n  vcpu.0.time=0"), undefined);
    assert.equal(hasRun("  vcpu.0.exits.sum=0\n  vcpu.1.exits.sum=3"), true);
  });

  it("finds the QEMU by its command line, and neither itself nor another process that names the UUID", async () => {
    const uuid = "0e5c1e2f-6d0b-4f8e-9a37-0c1d2e3f4a5b";
    const ask = () => execFileSync("sh", ["-c", qemuStartScript(uuid).text], { encoding: "utf8" });
    assert.equal(ask(), "");
    const start = (...words: string[]) => spawn("sh", ["-c", "read line", "qemu-system-x86_64", ...words]);
    const children = [start("swtpm", `/var/lib/libvirt/swtpm/${uuid}`), start("-uuid", uuid, "-incoming", "defer")];
    try {
      const until = Date.now() + 10_000;
      while (ask() === "" && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(ask(), "received\n");
    } finally {
      for (const child of children) child.kill();
    }
  });
});
