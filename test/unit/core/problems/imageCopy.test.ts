import assert from "node:assert/strict";
import type { ImageOnHost } from "../../../../provider/core/imageCopy";
import type { MoveFacts, VolumeOnHost } from "../../../../provider/core/problems";
import { disksAreThere } from "../../../../provider/core/problems/disks";
import { imagesToCopy } from "../../../../provider/core/problems/copied";
import { imagesCanBeCopied } from "../../../../provider/core/problems/imageCopy";
import { healthyDomain, healthyPeer, image } from "../../../support/move-facts";
import { factsOf } from "../../../support/problems";
import { absent, base, type CopyChange, copyMove, disk, GiB, onHost, side, vda } from "./image-copy-facts";

const shown = (facts: MoveFacts) =>
  imagesCanBeCopied(facts).map(({ severity, code, host }) => `${severity} ${code}${host ? ` on ${host}` : ""}`);
const blockers = (facts: MoveFacts) => shown(facts).filter((each) => each.startsWith("blocker"));

describe("the images of a VM that is shut off", () => {
  it("are copied with their backing files, those first, and this is said", () => {
    assert.deepEqual(
      imagesToCopy(copyMove()).map(({ disk: target, path, bytes }) => [target, path, bytes]),
      [
        ["vda", base, 3 * GiB],
        ["vda", vda, 20 * GiB],
      ],
    );
    assert.deepEqual(shown(copyMove()), ["information unsafeStorage on kvm-a"]);
  });

  it("are not copied live, without copyStorage, where not chosen, and from storage that both hosts see", () => {
    const onNfs = image({ fileSystem: "nfs4", mountSource: "nas:/vm", changed: "2026-11-26 10:00:00.1 +0000" });
    const none: Partial<MoveFacts>[] = [
      { how: "live" },
      { options: { mode: "auto" } },
      { options: { mode: "auto", copyStorage: "all", copyStorageDisks: ["vdb"] } },
      { domain: healthyDomain({ disks: [{ ...disk, readonly: true }] }) },
      { sourceImages: { [vda]: onNfs }, destinationImages: { [vda]: onNfs } },
    ];
    for (const change of none) {
      assert.deepEqual(imagesToCopy(copyMove(change)), []);
      assert.deepEqual(imagesCanBeCopied(copyMove(change)), []);
    }
  });

  it("incremental: the top one only, and what it stands on must be there", () => {
    const facts = copyMove({ options: { mode: "auto", copyStorage: "incremental" } });
    assert.deepEqual(imagesToCopy(facts).map(({ path }) => path), [vda]); // prettier-ignore
    assert.deepEqual(blockers(facts), ["blocker unsafeStorage on kvm-b"]);
  });

  it("need root and the programs on both hosts, ssh between them, and answers", () => {
    const images = copyMove().imageCopy!;
    const cases: [CopyChange, string][] = [
      [{ from: { ...images.source!, isRoot: false } }, "blocker unsafeStorage on kvm-a"],
      [{ to: { ...images.destination!, isRoot: false } }, "blocker unsafeStorage on kvm-b"],
      [{ to: { ...images.destination!, missing: ["tar"] } }, "blocker unsafeStorage on kvm-b"],
      [{ imageCopy: { ...images, destination: undefined } }, "blocker unsafeStorage on kvm-b"],
      [{ imageCopy: { ...images, chains: {} } }, "blocker unsafeStorage on kvm-a"],
      [{ peer: healthyPeer({ transport: "tls" }) }, "blocker unsafeStorage on kvm-a"],
    ];
    for (const [change, expected] of cases) assert.deepEqual(blockers(copyMove(change)), [expected]);
  });

  it("find their place: what is there is replaced only where nothing is lost by it", () => {
    const onDestination = (change: Partial<ImageOnHost>, more: Partial<MoveFacts> = {}) =>
      copyMove({ to: side({ [vda]: onHost(change), [base]: absent() }), ...more });
    assert.deepEqual(blockers(onDestination({ isEmpty: true, bytes: GiB })), []);
    assert.deepEqual(blockers(onDestination({ superseded: true, bytes: GiB })), []);
    const staleImages = [{ host: "kvm-b", path: vda, since: "2026-11-26T10:00:00.000Z" }];
    assert.deepEqual(blockers(onDestination({ bytes: GiB }, { staleImages })), []);
    assert.equal(
      imagesToCopy(onDestination({ bytes: GiB }, { staleImages })).find(({ path }) => path === vda)!.known,
      true,
    );
    const [problem] = imagesCanBeCopied(onDestination({ bytes: GiB }));
    assert.equal(problem!.severity, "blocker");
    assert.deepEqual(problem!.remedies.map(({ commands, loses }) => [commands, loses]), [[[{ host: "kvm-b", command: `mv ${vda} ${vda}.old` }], undefined]]); // prettier-ignore
    // Of the same size it may be the same: its checksum tells in the move.
    assert.deepEqual(shown(onDestination({})), [
      "warning unsafeStorage on kvm-b",
      "information unsafeStorage on kvm-a",
    ]);
    const nowhere = copyMove({ to: side({ [vda]: absent({ directoryExists: false }), [base]: absent() }) });
    const [missing] = imagesCanBeCopied(nowhere);
    assert.deepEqual(missing!.remedies[0]!.commands, [{ host: "kvm-b", command: "mkdir -p /images" }]);
  });

  it("on block devices need a device of the same size or larger", () => {
    const device = (onDestination: ImageOnHost, serial?: string) =>
      copyMove({
        domain: healthyDomain({ disks: [{ ...disk, type: "block", path: "/dev/vg/db", format: "raw" }] }),
        sourceImages: { "/dev/vg/db": image({ serial }) },
        destinationImages: { "/dev/vg/db": image({ serial }) },
        imageCopy: {
          chains: { "/dev/vg/db": ["/dev/vg/db"] },
          source: side({ "/dev/vg/db": onHost({ isBlock: true, allocatedBytes: 20 * GiB }) }),
          destination: side({ "/dev/vg/db": onDestination }),
        },
      });
    assert.deepEqual(blockers(device(onHost({ isBlock: true, isEmpty: true, bytes: 21 * GiB }))), []);
    assert.deepEqual(blockers(device(onHost({ isBlock: true, isEmpty: true, bytes: 19 * GiB }))).length, 1);
    assert.deepEqual(blockers(device(absent())).length, 1);
    assert.deepEqual(blockers(device(onHost({ isEmpty: true }))).length, 1, "a file at its place");
    assert.deepEqual(imagesToCopy(device(onHost({ isBlock: true }), "0x5000")), [], "one LUN on both hosts");
  });

  describe("as a volume whose pool has another path on the destination", () => {
    const destinationPath = "/srv/vm/db.qcow2";
    const inPool = (onDestination: VolumeOnHost | undefined, change: CopyChange = {}) =>
      copyMove({
        domain: healthyDomain({ disks: [{ ...disk, volume: { pool: "default", name: "db.qcow2" } }] }),
        ...(onDestination && { destinationVolumes: { vda: onDestination } }),
        ...change,
      });
    const isNew: VolumeOnHost = { pool: "active", path: undefined, newPath: destinationPath };
    const all = (facts: MoveFacts) => factsOf([...disksAreThere(facts), ...imagesCanBeCopied(facts)]);

    it("are copied to the path that the volume has, or will have, there", () => {
      for (const volume of [isNew, { pool: "active", path: destinationPath } as const]) {
        assert.deepEqual(
          imagesToCopy(inPool(volume)).map(({ path, destinationPath, pool }) => [path, destinationPath, pool]),
          [
            [base, base, undefined],
            [vda, destinationPath, "default"],
          ],
        );
        assert.deepEqual(all(inPool(volume)), ["information image-copy on kvm-a: unsafeStorage"]);
      }
    });

    it("are not copied where that path is not known, or is no file's", () => {
      const unknown = ["blocker disks on kvm-b: unsafeStorage", "kvm-b$ virsh pool-dumpxml default"];
      assert.deepEqual(disksThere(inPool(undefined)), unknown);
      assert.deepEqual(disksThere(inPool({ pool: "active", path: undefined })), unknown);
      assert.deepEqual(blockers(inPool({ ...isNew, newPath: "/dev/vg0/db.qcow2" })), [
        "blocker unsafeStorage on kvm-b",
      ]);
      assert.deepEqual(disksThere(inPool({ pool: "missing" })).slice(0, 1), ["blocker disks on kvm-b: unsafeStorage"]);
    });
    const disksThere = (facts: MoveFacts) => factsOf(disksAreThere(facts));

    it("find there what blocks the copy, or an old copy", () => {
      const to = side({ [vda]: onHost({ bytes: GiB }), [base]: absent() });
      assert.deepEqual(all(inPool(isNew, { to })), [
        "blocker image-copy on kvm-b: unsafeStorage",
        `kvm-b$ mv ${destinationPath} ${destinationPath}.old`,
      ]);
      const stale = (path: string) => ({
        to,
        staleImages: [{ host: "kvm-b", path, since: "2026-11-26T10:00:00.000Z" }],
      });
      assert.deepEqual(blockers(inPool(isNew, stale(destinationPath))), []);
      assert.equal(blockers(inPool(isNew, stale(vda))).length, 1);
    });

    it("do not lose a backing file that is named relative to the directory", () => {
      const relative = (volume: VolumeOnHost) =>
        factsOf(imagesCanBeCopied(inPool(volume, { imageCopy: { ...copyMove().imageCopy!, relative: [vda] } })));
      assert.deepEqual(relative(isNew), [
        "blocker image-copy on kvm-a: unsafeStorage",
        `kvm-a$ qemu-img rebase -u -F FORMAT -b ${base} ${vda}`,
      ]);
      assert.deepEqual(relative({ ...isNew, newPath: vda }), ["information image-copy on kvm-a: unsafeStorage"]);
    });
  });
});
