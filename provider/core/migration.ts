/** One migration, from the decision to the record: made once, and passed on. */
import type { StaleImage } from "./args";
import type { DomainView } from "./domain";
import type { HostLimits } from "./hostLimits";
import type { MigrationOptions } from "./options";

export interface Migration {
  /** As the source showed it when this was decided. */
  domain: DomainView;
  source: string;
  destination: string;
  how: "live" | "offline";
  reason: string;
  options: MigrationOptions;
  /** The command to run; absent for a migration that is in progress already. */
  command?: string;
  /** To be run on the source first. */
  before: readonly string[];
  /** The URI by which libvirt on the source reaches the destination. */
  peer: string;
  /** What earlier moves have left, as the state knows it. */
  staleImages: readonly StaleImage[];
  /** How much of the destination its VMs may take. */
  limits?: HostLimits;
  /** The disks that libvirt copies, with their paths on the source, where that is known. */
  copiedDisks?: readonly { target: string; path: string | undefined }[];
  /** Taken over in post-copy, or resumed. */
  inPostCopy?: boolean;
}

/** "cannot move db-01 from kvm-a to kvm-b" */
export function cannotMove({
  domain,
  source,
  destination,
}: Pick<Migration, "domain" | "source" | "destination">): string {
  return `cannot move ${domain.name} from ${source} to ${destination}`;
}
