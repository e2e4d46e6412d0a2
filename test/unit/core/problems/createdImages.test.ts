import assert from "node:assert/strict";
import { imagesToCreate, problems, type MoveFacts } from "../../../../provider/core/problems";
import { absentImage, healthyDomain, image } from "../../../support/move-facts";
import { absent, base, copyMove, disk, GiB, side, vda } from "./image-copy-facts";

const local = (change = {}) => image({ fileSystem: "ext4", mountSource: "/dev/sda1", ...change });

/** A VM that runs, with one qcow2 disk over a backing file; the destination has neither. */
function move(change: Parameters<typeof copyMove>[0] = {}): MoveFacts {
  const known = copyMove({
    how: "live",
    options: { mode: "auto", copyStorage: "all", copyStorageCreateImages: true },
    sourceImages: { [vda]: local({ format: "qcow2", virtualSizeBytes: 20 * GiB }), [base]: local() },
    ...change,
  });
  const backing = { [vda]: { path: "base.qcow2", format: "qcow2" } };
  return { ...known, imageCopy: { backing, ...known.imageCopy! } };
}
const incremental = { mode: "auto", copyStorage: "incremental", copyStorageCreateImages: true } as const;
const hasBase = { destinationImages: { [vda]: absentImage, [base]: local() } };

const said = (facts: MoveFacts) =>
  problems(facts)
    .filter(({ rule }) => rule === "disks" || rule === "image-copy")
    .map(({ severity, message }) => `${severity}: ${message}`);

describe("images created for a VM that runs", () => {
  it("are those that are copied and not there, as the source has them, and the preview says so", () => {
    const facts = move();
    assert.deepEqual(imagesToCreate(facts), [
      { disk: "vda", path: vda, format: "qcow2", virtualSizeBytes: 20 * GiB, backing: undefined },
    ]);
    assert.deepEqual(said(facts), [
      `information: kvm-b gets an empty image for vda (\`qemu-img create -f qcow2 ${vda} ${20 * GiB}\`) of db-01 before the move; if it fails, it is removed`,
    ]);
    const present = move({ destinationImages: { [vda]: local({ format: "qcow2", virtualSizeBytes: 20 * GiB }) } });
    assert.deepEqual([imagesToCreate(present), said(present)], [[], []]);
  });

  it("have the backing file of the source with incremental, which the destination must have", () => {
    const facts = move({ options: incremental, ...hasBase });
    assert.deepEqual(imagesToCreate(facts)[0]!.backing, { path: "base.qcow2", format: "qcow2" });
    assert.match(said(facts).join(), new RegExp(`-F qcow2 -b base.qcow2 ${vda}`));
    const without = move({ options: incremental });
    assert.deepEqual(imagesToCreate(without), []);
    assert.deepEqual(said(without), [`blocker: vda of db-01: kvm-b does not have ${base}, the backing file of ${vda}`]);
  });

  for (const [what, change, expected] of [
    ["another format", { domain: healthyDomain({ disks: [{ ...disk, format: "vmdk" }] }) }, /its image is vmdk;/],
    [
      "an encrypted image",
      { sourceImages: { [vda]: local({ virtualSizeBytes: GiB, encrypted: true }) } },
      /its image is encrypted;/,
    ],
    ["no directory", { to: side({ [vda]: absent({ directoryExists: false }) }) }, /kvm-b has no directory \/images/],
    ["no size", { sourceImages: { [vda]: local({ virtualSizeBytes: undefined }) } }, /does not show the virtual size/],
    [
      "another account than root",
      { to: side({ [vda]: absent() }, { isRoot: false }) },
      /only root may create an image in \/images/,
    ],
    [
      "no chain",
      { options: incremental, imageCopy: { chains: {}, source: undefined, destination: undefined } },
      /does not show the backing chain/,
    ],
  ] as const) {
    // prettier-ignore
    it(`${what} is a blocker, and nothing is created`, () => {
      const facts = move(change);
      assert.match(said(facts).join(), expected);
      assert.deepEqual(imagesToCreate(facts), []);
    });
  }

  it("are none without createImages, of a VM that is shut off, and of a disk that is not copied", () => {
    for (const change of [
      { options: { mode: "auto", copyStorage: "incremental" } },
      { how: "offline" },
      { options: { ...incremental, copyStorageDisks: ["vdb"] } },
    ] as const) {
      assert.deepEqual(imagesToCreate(move({ ...hasBase, ...change })), []);
    }
  });
});
