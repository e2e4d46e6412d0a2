/** What a VM owns on its host beside its disks, and which an offline migration of libvirt leaves behind or deletes. */

export interface OwnedState {
  what: "vTPM state" | "UEFI variables" | "crash records";
  /** A file, or a directory with all that is in it; undefined where the definition does not tell the place. */
  path: string | undefined;
  /** libvirt keeps it on the source by `persistent_state='yes'`. It sends it to nobody all the same. */
  keptByLibvirt?: boolean;
  /** What a new file is made from where there is none. */
  template?: string;
}

/** One of them as one host has it. */
export interface OwnedFacts {
  /** Of the content, names included; "nothing" where there is none, undefined where the account may not read it. */
  digest: string | undefined;
  bytes: number | undefined;
  /** When its newest part was written, as the host says it: "2026-11-27 02:28:23". */
  modified: string | undefined;
  /** It holds what is neither a file nor a directory, such as a symbolic link. */
  irregular: boolean;
  /** What a move of this VM has left here: the state has moved on since. */
  superseded: boolean;
  /** The copy that an interrupted move kept beside it. */
  keptCopy: string | undefined;
  /** Free where it lies or would lie. */
  freeBytes: number | undefined;
  fileSystem: string | undefined;
  mountSource: string | undefined;
  inode: string | undefined;
  changed: string | undefined;
}

/** What a host says of all of them. */
export interface OwnedOnHost {
  /** Only root may read and write them. */
  isRoot: boolean;
  account: string;
  /** "0.7.1"; undefined: there is no swtpm that runs. */
  swtpm: string | undefined;
  byPath: Readonly<Record<string, OwnedFacts>>;
}
