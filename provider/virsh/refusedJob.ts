/**
 * Errors of libvirt's daemon come in the language of its host (systemd hands /etc/locale.conf to every service), although virsh runs
 * under LC_ALL=C: no decision reads their text. virsh's own text is English: states and reasons, the names of fields, "failed to get
 * domain", "failed to connect to the hypervisor", and the errors of libvirt's client in it, as of a socket that is not there.
 */
import type { DomainState, JobInfo } from "../core/domain";
import { isActive, isPausedForMigration, isPostCopyDestination } from "../core/situation";

/** libvirt waits 30 s for the lock of a domain; every other refusal of its job comes at once. */
const lockedMs = 20_000;

/**
 * What it means that libvirt does not tell of a domain's job; undefined: it has none.
 *
 * @param state undefined: the domain is gone. libvirt 11.3.0 refuses for any VM that is shut off, where 9.0.0 has "Job type: 0".
 */
export function refusedJob(state: DomainState | undefined, tookMs: number): JobInfo | undefined {
  if (state === undefined || !isActive(state)) return undefined;
  const receives = isPausedForMigration(state) || isPostCopyDestination(state);
  return receives && tookMs < lockedMs ? { type: "unbounded", operation: "incoming" } : { type: "held" };
}
