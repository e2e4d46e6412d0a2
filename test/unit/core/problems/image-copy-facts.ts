/** Facts of a move that copies the images of a VM that is shut off. */
import type { CopyFacts, ImageOnHost } from "../../../../provider/core/imageCopy";
import type { Disk, MoveFacts } from "../../../../provider/core/problems";
import { absentImage, healthyDomain, healthyMove, image } from "../../../support/move-facts";

export const GiB = 2 ** 30;
export const vda = "/images/db.qcow2";
export const base = "/images/base.qcow2";
export const disk: Disk = { target: "vda", device: "disk", type: "file", path: vda, format: "qcow2", pciAddress: undefined, readonly: false, shareable: false, transient: false, startupPolicy: "mandatory" }; // prettier-ignore

export const onHost = (change: Partial<ImageOnHost> = {}): ImageOnHost => ({
  exists: true,
  isBlock: false,
  isEmpty: false,
  superseded: false,
  directoryExists: true,
  bytes: 20 * GiB,
  allocatedBytes: 5 * GiB,
  freeBytes: 100 * GiB,
  fileSystemId: "42",
  ...change,
});
export const absent = (change: Partial<ImageOnHost> = {}) =>
  onHost({ exists: false, bytes: undefined, allocatedBytes: undefined, ...change });
export const side = (images: CopyFacts["images"], change: Partial<CopyFacts> = {}): CopyFacts => ({
  isRoot: true,
  missing: [],
  images,
  ...change,
});

export interface CopyChange extends Partial<MoveFacts> {
  /** What either host says of the copy. */
  from?: CopyFacts;
  to?: CopyFacts;
}

/** A VM that is shut off, with one disk over a backing file, both on the source's own file system only. */
export function copyMove({ from, to, ...change }: CopyChange = {}): MoveFacts {
  // prettier-ignore
  const local = image({ fileSystem: "ext4", mountSource: "/dev/sda1" });
  return healthyMove({
    how: "offline",
    domain: healthyDomain({ disks: [disk] }),
    options: { mode: "auto", copyStorage: "all" },
    sourceImages: { [vda]: local, [base]: local },
    destinationImages: { [vda]: absentImage, [base]: absentImage },
    ...change,
    imageCopy: {
      chains: { [vda]: [vda, base] },
      source: from ?? side({ [vda]: onHost(), [base]: onHost({ bytes: 3 * GiB, allocatedBytes: 2 * GiB }) }),
      destination: to ?? side({ [vda]: absent(), [base]: absent() }),
      ...change.imageCopy,
    },
  });
}
