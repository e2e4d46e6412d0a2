import assert from "node:assert/strict";
import { parseDomainXml } from "../../../provider/virsh/domainXml";

const pinning = (inner: string) =>
  parseDomainXml(`<domain type='kvm'><name>db-01</name><memory unit='KiB'>1048576</memory>${inner}</domain>`)!.pinning;

describe("what a domain is bound to", () => {
  it("is nothing where its XML binds nothing", () => {
    assert.deepEqual(pinning("<vcpu placement='static'>4</vcpu>"), { cpus: [], nodes: [], automatic: false });
  });

  it("is read from <vcpu>, <cputune> and <numatune>", () => {
    const bound = pinning(`
      <vcpu placement='static' cpuset='0-3,^1' current='2'>4</vcpu>
      <iothreads>1</iothreads>
      <cputune>
        <vcpupin vcpu='0' cpuset='2'/><vcpupin vcpu='1' cpuset='3'/><vcpupin vcpu='3' cpuset='64'/>
        <emulatorpin cpuset='0-1'/><iothreadpin iothread='1' cpuset='5'/>
      </cputune>
      <numatune><memory mode='interleave' nodeset='0-1'/><memnode cellid='1' mode='strict' nodeset='1'/></numatune>`);
    assert.deepEqual(bound, {
      cpus: [
        { what: "all", cpus: [0, 2, 3] },
        { what: "vcpu", id: 0, cpus: [2] },
        { what: "vcpu", id: 1, cpus: [3] },
        { what: "emulator", cpus: [0, 1] },
        { what: "iothread", id: 1, cpus: [5] },
      ],
      nodes: [
        { mode: "interleave", nodes: [0, 1] },
        { guestNode: 1, mode: "strict", nodes: [1] },
      ],
      automatic: false,
    });
  });

  it("leaves out a set that every thread has a pin instead of", () => {
    const bound = pinning(
      "<vcpu cpuset='64'>1</vcpu><cputune><vcpupin vcpu='0' cpuset='2'/><emulatorpin cpuset='3'/></cputune>",
    );
    assert.deepEqual(bound.cpus, [
      { what: "vcpu", id: 0, cpus: [2] },
      { what: "emulator", cpus: [3] },
    ]);
  });

  it("follows which vCPUs are plugged in", () => {
    const bound = pinning(`<vcpu current='1'>2</vcpu>
      <vcpus><vcpu id='0' enabled='no'/><vcpu id='1' enabled='yes'/></vcpus>
      <cputune><vcpupin vcpu='0' cpuset='64'/><vcpupin vcpu='1' cpuset='2'/></cputune>`);
    assert.deepEqual(bound.cpus, [{ what: "vcpu", id: 1, cpus: [2] }]);
  });

  it("is numad's where libvirt asks it", () => {
    assert.equal(pinning("<vcpu placement='auto'>2</vcpu>").automatic, true);
    assert.equal(pinning("<vcpu>2</vcpu><numatune><memory placement='auto'/></numatune>").automatic, true);
  });
});
