/** The CPU of a fleet on real hosts, which share one: the XML that is printed starts a VM, which moves with it. */
import assert from "node:assert/strict";
import { systemClock as clock } from "../../provider/observe/clock";
import { createDial } from "../../provider/ssh";
import { run } from "../../provider/cli/run";
import type { FleetCpu } from "../../provider/preflight/fleetCpu";
import { createMask } from "../../provider/schema";
import { noTerminal } from "../support/cli";
import { describeWithLab } from "../support/lab";
import { moveInLab } from "../support/lab-move";
import { assertMemoryIntact } from "../support/memory";

describeWithLab("the CPU that all hosts have", {}, (lab) => {
  const inventory = () =>
    Object.fromEntries(Object.entries(lab().inventory()).map(([name, host]) => [name, { name, ...host }]));

  async function call(...words: string[]): Promise<{ code: number; printed: string }> {
    let printed = "";
    const code = await run(words, {
      dial: (hosts, ssh) => createDial({ inventory: hosts, ssh }),
      clock,
      local: noTerminal,
      settings: () =>
        Promise.resolve({ inventory: inventory(), uri: "qemu:///system", ssh: "auto", mask: createMask([]) }),
      print: (text) => (printed += text),
      complain: (text) => assert.fail(text),
    });
    return { code, printed };
  }

  it("is printed as XML with which a VM starts and moves", async function () {
    this.timeout(120_000);
    const a = lab().host("kvm-a");
    const { uuid } = await lab().startGuest({ name: "fits", host: "kvm-a", dirtyMiB: 4 });
    const { code, printed } = await call("doctor", "--cpu", "--json");
    const { baselines, vms, unclear, unreachable } = JSON.parse(printed) as FleetCpu;
    assert.equal(code, 0, printed);
    assert.deepEqual([unclear, unreachable], [[], []]);
    assert.deepEqual(vms, [
      { name: "fits", uuid, host: "kvm-a", running: true, cpu: "qemu64", lacking: [], refusedBy: [], unknownOn: [] },
    ]);
    const [{ cpu, hosts, virtType, arch }] = baselines as [FleetCpu["baselines"][number]];
    assert.deepEqual([baselines.length, hosts, virtType, arch], [1, ["kvm-a", "kvm-b"], "qemu", "x86_64"]);

    await a.must("virsh destroy fits");
    const xml = await a.must("virsh dumpxml --inactive fits");
    const pasted = xml.replace(/<cpu[^]*<\/cpu>/, () => cpu!);
    assert.notEqual(pasted, xml);
    await a.must("cat | virsh -q define /dev/stdin && virsh -q start fits", { input: pasted });
    const { view } = await moveInLab({ lab: lab(), domain: "fits", to: "kvm-b" });
    assert.equal(view.host, "kvm-b");
    await assertMemoryIntact(lab(), "fits", "kvm-b");
    const text = await call("doctor", "--cpu");
    assert.match(text.printed, /<cpu mode='custom' match='exact'>[^]*\nfits +kvm-b +running +\S+ +no$/m);
    await lab().host("kvm-b").must("virsh destroy fits && virsh undefine fits");
  });

  it("is not that of a VM whose CPU the other host cannot give", async function () {
    this.timeout(120_000);
    const a = lab().host("kvm-a");
    await lab().startGuest({ name: "large", host: "kvm-a", state: "shutOff" });
    const xml = await a.must("virsh dumpxml --inactive large");
    // No emulated CPU has it.
    const needs = xml.replace("</cpu>", "<feature policy='require' name='avx512-4vnniw'/></cpu>");
    await a.must("cat | virsh -q define /dev/stdin", { input: needs });
    const { code, printed } = await call("doctor", "--cpu", "--json");
    const { vms } = JSON.parse(printed) as FleetCpu;
    assert.equal(code, 1);
    assert.deepEqual(
      vms[0]!.lacking.map(({ host, missing }) => [host, missing]),
      [
        ["kvm-a", ["avx512-4vnniw"]],
        ["kvm-b", ["avx512-4vnniw"]],
      ],
    );
    await a.must("virsh undefine large");
  });
});
