/** Every policy by its name, with the settings that it takes. */
import {
  allowedHosts,
  apartAndTogether,
  maintenance,
  type PeerTransports,
  peerTransports,
  pinnedHostKeys,
  type Rules,
} from "./hosts";
import {
  type AcceptedBlockers,
  type Encryption,
  encryption,
  type MigrationLimits,
  migrationLimits,
  noAcceptedBlockers,
  noPostCopy,
  noUnsafe,
  type SomeVms,
} from "./migrationOptions";
import { type Capacity, capacity, type MovesPerUpdate, movesPerUpdate } from "./program";
import { type ChangeWindows, changeWindows } from "./windows";

/** What Pulumi does with a violation. */
export type Level = "advisory" | "mandatory" | "remediate" | "disabled";

/** The level of one policy. */
export interface OwnLevel {
  /** Default: the level of all policies. */
  enforcementLevel?: Level;
}

/** A level alone, or settings, with or without a level. */
export type Setting<S> = Level | (S & OwnLevel);

/** How each policy is set, by its name: also the form of the file that `--policy-pack-config` names. */
export interface PolicySettings {
  /** Forbids `migration.unsafe`. */
  "no-unsafe"?: Setting<SomeVms>;
  /** Forbids `migration.accept`, but for the names that it allows. */
  "no-accepted-blockers"?: Setting<AcceptedBlockers>;
  /** Requires `hostKey` of the hosts that a placement names, and of the jump hosts to these. */
  "pinned-host-keys"?: Setting<SomeVms>;
  /** Forbids hosts that libvirt on the others reaches by plain TCP, or by any transport but those allowed. */
  "peer-transport"?: Setting<PeerTransports>;
  /** Requires `migration.tls` or `migration.tunnelled`; `remediate` sets `tls: true`. Default: disabled. */
  encryption?: Setting<Encryption>;
  /** Forbids `migration.postCopy`. Default: disabled. */
  "no-post-copy"?: Setting<SomeVms>;
  /** The longest `maxDowntime` and `timeout`. Default: disabled. */
  "migration-limits"?: Setting<MigrationLimits>;
  /** Rules `only … on`. */
  "allowed-hosts"?: Setting<Rules>;
  /** Rules `apart` and `together`. */
  "apart-and-together"?: Setting<Rules>;
  /** No move onto a host in maintenance. */
  maintenance?: Setting<SomeVms>;
  /** Memory and CPUs of each host; applies where hosts have `memory` or `cpus`. */
  capacity?: Setting<Capacity>;
  /** The most placements that an update may make or change; applies where a limit is given. */
  "moves-per-update"?: Setting<MovesPerUpdate>;
  /** When moves are allowed. Default: disabled. */
  "change-windows"?: Setting<ChangeWindows>;
}

/** The names of the policies. */
export type PolicyName = keyof PolicySettings;

/** Those that judge each placement, before its VM is moved. */
export const ofPlacements = {
  "no-unsafe": noUnsafe,
  "no-accepted-blockers": noAcceptedBlockers,
  "pinned-host-keys": pinnedHostKeys,
  "peer-transport": peerTransports,
  encryption,
  "no-post-copy": noPostCopy,
  "migration-limits": migrationLimits,
  "allowed-hosts": allowedHosts,
};

/** Those that judge the whole program. */
export const ofPrograms = {
  "apart-and-together": apartAndTogether,
  maintenance,
  capacity,
  "moves-per-update": movesPerUpdate,
  "change-windows": changeWindows,
} satisfies { [N in Exclude<PolicyName, keyof typeof ofPlacements>]: unknown };
