import assert from "node:assert/strict";
import fc from "fast-check";
import { parseImages } from "../../../../provider/preflight/probes/images";

describe("the images of a VM", () => {
  it("are told apart, there and not there", () => {
    const images = parseImages(`
@@ /a.qcow2
exists=1
inode=7
size=200704
changed=2026-11-27 02:28:23.123456789 +0000
fstype=nfs4
mount=nas:/vm
json={"children":[{"info":{"virtual-size":200704,"format":"file"}}],"virtual-size":1073741824,"format":"qcow2"}

@@ /b
exists=0

@@ /root/c

@@ /dev/d
exists=1
inode=9
size=0
fstype=devtmpfs
mount=udev
size=1048576
serial=0x5000c500
@@ end
`);
    assert.deepEqual(images["/a.qcow2"], {
      exists: true,
      inode: "7",
      changed: "2026-11-27 02:28:23.123456789 +0000",
      sizeBytes: 200_704,
      fileSystem: "nfs4",
      mountSource: "nas:/vm",
      format: "qcow2",
      virtualSizeBytes: 2 ** 30,
      serial: undefined,
    });
    assert.equal(images["/b"]!.exists, false);
    assert.equal(images["/root/c"], undefined, "a directory that may not be entered tells neither way");
    assert.equal(images["/dev/d"]!.sizeBytes, 1_048_576);
    assert.equal(images["/dev/d"]!.serial, "0x5000c500");
  });

  it("know a logical volume and a multipath device on every host that sees it", () => {
    const serial = (dm: string, wwn = "") =>
      parseImages(`@@ /dev/d\nexists=1\nserial=${wwn}\ndm=${dm}\n@@ end\n`)["/dev/d"]!.serial;
    assert.equal(serial("LVM-aB1xY2"), "LVM-aB1xY2");
    assert.equal(serial("mpath-3600a0b8"), "mpath-3600a0b8");
    assert.equal(serial("part1-mpath-3600a0b8"), "part1-mpath-3600a0b8");
    assert.equal(serial("mpath-3600a0b8", "0x600a0b8"), "0x600a0b8");
    assert.equal(serial("CRYPT-LUKS2-77-crypt0"), undefined, "the name is in it");
    assert.equal(serial(""), undefined);
  });

  it("count for nothing when the answer was cut off", () => {
    assert.deepEqual(parseImages("@@ /a\nexists=0\n"), {});
  });

  it("are never the end of its reader, whatever the host says", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const answer of [text, `@@ ${text}\n@@ end\n`]) parseImages(answer);
      }),
      { numRuns: 1000 },
    );
  });
});
