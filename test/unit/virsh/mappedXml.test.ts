import assert from "node:assert/strict";
import fc from "fast-check";
import { mapXml, placesIn } from "../../../provider/virsh/mappedXml";
import { parseXml } from "../../../provider/virsh/xml";

const head = `<domain type='kvm' id='3' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>db &amp; co ü𝒳</name>
  <!-- <disk type='file'><source file='/old'/><target dev='vda'/></disk> -->
  <metadata><app:x xmlns:app="http://a/"><devices><disk type="file"><source file="/m"/><target dev="vda"/></disk></devices></app:x></metadata>
  <description><![CDATA[<interface type='bridge'><source bridge='br0'/></interface>]]></description>
  <devices>`;
const tail = `    <graphics type='vnc' port='-1' passwd='p&quot;w&lt;'/>
  </devices>
  <qemu:commandline>
    <qemu:arg value='-set'/>
  </qemu:commandline>
</domain>`;
const vda = (type: string, source: string, more = "<backingStore/>") =>
  `<disk type='${type}' device='disk'>
      <driver name="qemu" type='qcow2' cache='none'/>
      <source ${source}/>
      ${more}
      <target dev='vda' bus='virtio'/>
    </disk>`;
const nic = (type: string, source: string, mac = "52:54:00:00:00:01") =>
  `<interface type='${type}'><mac address='${mac}'/><source ${source}/><target dev='vnet0'/></interface>`;
const domain = (...devices: string[]) => `${head}\n    ${devices.join("\n    ")}\n${tail}`;

function mapped(xml: string, mapping: Parameters<typeof mapXml>[1], isRunning = true) {
  const made = mapXml(xml, mapping, isRunning);
  assert.ok("text" in made, JSON.stringify(made));
  return made;
}

const disks = { vda: { path: "/srv/a&b 'c'.qcow2" } };

describe("XML with other disks and networks", () => {
  it("differs in the source of a disk alone", () => {
    const before = domain(vda("file", `file="/var/a.qcow2" startupPolicy='optional' index='1'`), nic("bridge", "bridge='br0'")); // prettier-ignore
    const { text, places } = mapped(before, { disks });
    const after = domain(
      vda("file", "file='/srv/a&amp;b &apos;c&apos;.qcow2' startupPolicy='optional' index='1'"),
      nic("bridge", "bridge='br0'"),
    );
    assert.equal(text, after);
    assert.deepEqual(places, { vda: "/srv/a&b 'c'.qcow2" });
    assert.equal(placesIn(text)!["vda"], places["vda"]);
  });

  for (const [what, before, place, after] of [
    ["a block device", vda("block", "dev='/dev/vg/a'"), { path: "/dev/san/b" }, vda("block", "dev='/dev/san/b'")],
    ["a volume as a file", vda("volume", "pool='p' volume='v'"), { path: "/x" }, vda("file", "file='/x'")],
    ["a file as a volume", vda("file", "file='/a'"), { pool: "p", volume: "v" }, vda("volume", "pool='p' volume='v'")],
  ] as const) {
    it(`has ${what}`, () => {
      const { text } = mapped(domain(before), { disks: { vda: place } });
      assert.equal(text, domain(after));
      assert.deepEqual(placesIn(text), mapped(domain(before), { disks: { vda: place } }).places);
    });
  }

  it("has no backing files of a running VM, which are others elsewhere, and refuses those that a definition names itself", () => {
    const chain =
      "<backingStore type='file' index='2'><format type='qcow2'/><source file='/base'/><backingStore/></backingStore>";
    const before = domain(vda("file", "file='/a'", chain));
    assert.equal(mapped(before, { disks: { vda: { path: "/b" } } }).text, domain(vda("file", "file='/b'", "")));
    assert.deepEqual(mapXml(before, { disks: { vda: { path: "/b" } } }, false), {
      unable: "it names the backing files of vda itself (<backingStore>)",
    });
    // At its place already.
    assert.equal(mapped(before, { disks: { vda: { path: "/a" } } }, false).text, before);
  });

  it("refuses a disk behind a server", () => {
    const before = domain(vda("network", "protocol='rbd' name='p/a'"));
    assert.deepEqual(mapXml(before, { disks }, true), { unable: "the disk vda is of the type network" });
    assert.deepEqual(mapXml("<domain>", { disks }, true), { unable: "it cannot be read" });
  });

  for (const [what, before, place, after] of [
    ["a bridge by another name", ["bridge", "bridge='br0'"], "br-lan", ["bridge", "bridge='br-lan'"]],
    [
      "a network by another name, with its port group",
      ["network", "network='br0' portgroup='db'"],
      "lan",
      ["network", "network='lan' portgroup='db'"],
    ],
    [
      "a network of which libvirt shows the bridge behind it",
      ["bridge", "network='br0' portid='4d3' bridge='virbr0'"],
      "lan",
      ["network", "network='lan'"],
    ],
    [
      "a bridge in place of a network",
      ["network", "network='br0' portgroup='db'"],
      { bridge: "br-lan" },
      ["bridge", "bridge='br-lan'"],
    ],
    ["a network in place of a bridge", ["bridge", "bridge='br0'"], { network: "lan" }, ["network", "network='lan'"]],
  ] as const) {
    it(`has ${what}`, () => {
      const given = domain(nic(before[0], before[1]), nic("bridge", "bridge='br1'", "52:54:00:00:00:02"), vda("file", "file='/a'")); // prettier-ignore
      const { text, places } = mapped(given, { networks: { br0: place } });
      assert.equal(text, domain(nic(after[0], after[1]), nic("bridge", "bridge='br1'", "52:54:00:00:00:02"), vda("file", "file='/a'"))); // prettier-ignore
      assert.deepEqual(places, { "52:54:00:00:00:01": placesIn(text)!["52:54:00:00:00:01"] });
    });
  }

  it("has two networks in each other's place", () => {
    const [one, two] = ["52:54:00:00:00:01", "52:54:00:00:00:02"];
    const { text, places } = mapped(domain(nic("bridge", "bridge='a'", one), nic("bridge", "bridge='b'", two)), {
      networks: { a: "b", b: "a" },
    });
    assert.equal(text, domain(nic("bridge", "bridge='b'", one), nic("bridge", "bridge='a'", two)));
    assert.deepEqual(places, { [one]: "bridge b", [two]: "bridge a" });
  });

  it("is the same text where nothing of it is mapped, whatever is in it", () => {
    const word = fc.stringMatching(/^[a-z]{1,4}$/);
    const noise = fc.oneof(
      fc.constantFrom(
        "<!-- <source file='/x'/> -->",
        "<![CDATA[<target dev='vda'>]]>",
        "<?pi <a> ?>",
        " 𝒳é\t",
        "&#10;",
      ),
      word,
    );
    const device = fc.oneof(
      word.map((name) => vda("file", `file='/${name}'`).replace("vda", "vdz")),
      fc.tuple(noise, word).map(([text, name]) => `<x:${name} xmlns:x='u' a="${name}>">${text}</x:${name}>`),
      noise,
    );
    fc.assert(
      fc.property(fc.array(device, { maxLength: 6 }), (devices) => {
        const xml = domain(...devices, vda("file", "file='/a'"));
        assert.ok(parseXml(xml, "domain"));
        const { text, places } = mapped(xml, { disks: { vdb: { path: "/b" } }, networks: { br0: "br1" } });
        assert.deepEqual([text, places], [xml, {}]);
        assert.equal(
          mapped(xml, { disks: { vda: { path: "/b" } } }).text,
          domain(...devices, vda("file", "file='/b'")),
        );
      }),
    );
  });
});
