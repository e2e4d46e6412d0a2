import type { StaleImage } from "../core/args";
import type { MigrationOptions } from "../core/options";

/** A move before it begins, as far as the hosts are asked about it. */
export interface IntendedMove {
  uuid: string;
  /** Of the VM on the source, in virsh's words. */
  state: string;
  source: string;
  destination: string;
  command: string;
  how: "live" | "offline";
  options: MigrationOptions;
  /** As the state knows them. */
  staleImages?: readonly StaleImage[] | undefined;
}
