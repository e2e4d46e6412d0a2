import assert from "node:assert/strict";
import { parseDomainXml } from "../../../provider/virsh/domainXml";

const GiB = 2 ** 30;
const parsed = (inner: string) =>
  parseDomainXml(`<domain type='kvm'><name>db-01</name><memory unit='GiB'>8</memory>${inner}</domain>`)!;
const backing = (pages: string, more = "") => `<memoryBacking><hugepages>${pages}</hugepages>${more}</memoryBacking>`;
const cells = `<cpu><numa>
  <cell id='0' cpus='0' memory='2' unit='GiB'/><cell id='1' cpus='1' memory='5' unit='GiB'/>
</numa></cpu>`;

describe("the memory of a domain in huge pages", () => {
  it("is none without them", () => {
    assert.deepEqual(parsed("").hugeMemory, []);
  });

  it("is all of it, in pages of the host's default size or of the one named", () => {
    assert.deepEqual(parsed("<memoryBacking><hugepages/></memoryBacking>").hugeMemory, [
      { bytes: 8 * GiB, pageKiB: 0 },
    ]);
    assert.deepEqual(parsed(backing("<page size='1' unit='G'/>")).hugeMemory, [{ bytes: 8 * GiB, pageKiB: 1_048_576 }]);
  });

  it("is none where the page is an ordinary one", () => {
    assert.deepEqual(parsed(backing("<page size='4' unit='KiB'/>")).hugeMemory, []);
  });

  it("is shared out by the guest's NUMA nodes, each bound to the host's", () => {
    const numatune = `<numatune><memory mode='preferred' nodeset='0'/><memnode cellid='1' mode='strict' nodeset='1'/></numatune>`;
    const pages = backing("<page size='2048' unit='KiB'/><page size='1048576' unit='KiB' nodeset='1-3'/>");
    assert.deepEqual(parsed(pages + numatune + cells).hugeMemory, [
      { bytes: 2 * GiB, pageKiB: 2048 },
      { bytes: 5 * GiB, pageKiB: 1_048_576, hostNodes: [1] },
    ]);
  });

  it("leaves a node that no page names in ordinary memory", () => {
    assert.deepEqual(parsed(backing("<page size='2048' unit='KiB' nodeset='1'/>") + cells).hugeMemory, [
      { bytes: 5 * GiB, pageKiB: 2048 },
    ]);
  });

  it("counts memory that is plugged in, in pages of its own", () => {
    const dimm = (source: string) =>
      `<devices><memory model='dimm'>${source}<target><size unit='GiB'>1</size><node>1</node></target></memory></devices>`;
    const own = "<source><pagesize unit='KiB'>1048576</pagesize></source>";
    assert.deepEqual(parsed(cells + dimm(own)).hugeMemory, [{ bytes: GiB, pageKiB: 1_048_576 }]);
    assert.deepEqual(parsed(backing("<page size='2048' unit='KiB'/>") + cells + dimm("")).hugeMemory.at(-1), {
      bytes: GiB,
      pageKiB: 2048,
    });
  });

  it("needs no hugetlbfs as a memfd", () => {
    assert.equal(parsed(backing("", "<source type='memfd'/>")).memfd, true);
    assert.equal(parsed(backing("")).memfd, false);
  });
});
