/** Faults of releases that a move can meet, in one table: the rules that refuse a combination and `vm-placement doctor` read the same bounds. */
import { versionBelow } from "./version";

export interface KnownFault {
  of: "libvirt" | "QEMU";
  /** The first release that has it; absent: all older ones have it too. */
  from?: string;
  /** The first release without it. */
  fixedIn: string;
  /** When it happens. */
  when: string;
  /** What happens then. */
  what: string;
}

export const knownFaults = {
  // NEWS of 11.4.0: "a regression introduced in libvirt-11.2.0"; measured with 11.3.0 (4 of 4).
  resumeCrash: {
    of: "libvirt",
    from: "11.2",
    fixedIn: "11.4",
    when: "an interrupted post-copy is resumed into this host",
    what: "its libvirt daemon crashes",
  },
  // VIR_MIGRATE_POSTCOPY_RESUME came with 8.5.0 (NEWS).
  noResume: {
    of: "libvirt",
    fixedIn: "8.5",
    when: "the network interrupts a post-copy",
    what: "the post-copy cannot be resumed",
  },
  // NEWS of 11.0.0: "Fix false error when recovering failed post-copy migration".
  falseResumeError: {
    of: "libvirt",
    from: "8.5",
    fixedIn: "11.0",
    when: "an interrupted post-copy is resumed",
    what: "libvirt may report a failure although the migration continues",
  },
  // Measured: the destination's QEMU 7.2 aborts (5 of 5), 10.0 refuses; 10.1 is the first that takes both.
  multiFdWithPostCopy: {
    of: "QEMU",
    fixedIn: "10.1",
    when: "migration.parallel and migration.postCopy are set together",
    what: "QEMU ends the VM, or refuses the move",
  },
  // "migration: check magic value for deciding the mapping of channels" (6720c2b327) is first in 8.0; its text was seen with 7.2.22.
  multiFdMixed: {
    of: "QEMU",
    fixedIn: "8.0",
    when: "a VM moves to this host with migration.parallel, without migration.tls",
    what: "QEMU may take one connection for another; the move fails, and the VM stays on the source",
  },
  // "migration/block: Rewrite disk activation" (8597af7615) is first in 10.0; measured with 7.2.
  pausedAgain: {
    of: "QEMU",
    fixedIn: "10.0",
    when: "a VM that arrived paused is moved on before it has run",
    what: "QEMU can crash, and the VM loses its memory",
  },
} as const satisfies Record<string, KnownFault>;

export function hasFault(version: string | undefined, fault: KnownFault): boolean {
  return (
    version !== undefined &&
    versionBelow(version, fault.fixedIn) &&
    (fault.from === undefined || !versionBelow(version, fault.from))
  );
}

export function faultsOf({ libvirt, qemu }: { libvirt: string | undefined; qemu: string | undefined }): KnownFault[] {
  return Object.values(knownFaults).filter((fault) => hasFault(fault.of === "QEMU" ? qemu : libvirt, fault));
}
