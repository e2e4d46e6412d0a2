/** The disk images of a VM that is shut off, which go to the destination before its definition does. */

/** One image as one host has it. */
export interface ImageOnHost {
  exists: boolean;
  isBlock: boolean;
  /** Made to be copied into, and never written by a guest. */
  isEmpty: boolean;
  /** An earlier move has left it here: the VM has moved on since. */
  superseded: boolean;
  /** The directory in which it lies or would lie. */
  directoryExists: boolean;
  bytes: number | undefined;
  /** What a copy that keeps the holes takes. */
  allocatedBytes: number | undefined;
  freeBytes: number | undefined;
  /** Equal where two of one host take their room from one file system. */
  fileSystemId: string | undefined;
}

/** What a host says of all of them. */
export interface CopyFacts {
  /** Only root may read and write all images. */
  isRoot: boolean;
  /** Programs that a copy needs and the host does not have. */
  missing: readonly string[];
  images: Readonly<Record<string, ImageOnHost>>;
}

/** Asked only where images are to be copied; in a live migration of the copied files alone. */
export interface ImageCopyFacts {
  /** The files of each disk's backing chain, its own first; a disk without one is not known. */
  chains: Readonly<Record<string, readonly string[]>>;
  /** Disks with an image in their chain that names its backing file relative to its own directory. */
  relative?: readonly string[];
  /** By disk: the backing file as its own image names it, and the format of that. */
  backing?: Readonly<Record<string, BackingFile>>;
  source: CopyFacts | undefined;
  destination: CopyFacts | undefined;
}

export interface BackingFile {
  path: string;
  format: string;
}

/** An empty image for libvirt to copy a disk of a running VM into. */
export interface ImageToCreate {
  /** "vda". */
  disk: string;
  /** On the destination. */
  path: string;
  format: "qcow2" | "raw";
  virtualSizeBytes: number;
  backing?: BackingFile | undefined;
}

export interface ImageToCopy {
  /** "vda", for its backing files too. */
  disk: string;
  path: string;
  /** Its path on the destination: the storage pool of a volume may have another directory there. */
  destinationPath: string;
  /** The storage pool by which the definition names it. */
  pool?: string;
  isBlock: boolean;
  bytes: number;
  allocatedBytes: number;
  /** What the destination has there is known as an old copy, and may be replaced. */
  known: boolean;
}

/** What the copies of one move write to one file system of the destination. */
export interface CopiedBytes {
  fileSystemId: string;
  freeBytes: number;
  /** Of one of the images. */
  path: string;
  atLeast: number;
  /** Where an image that is sparse is written in full. */
  atMost: number;
}
