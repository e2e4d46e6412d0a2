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
