/** Policies about how a VM is moved: each needs one placement's `migration` only. */
import type { Duration } from "../core/args";
import { listed } from "../core/near";
import { timeoutOf } from "../core/timeout";
import { parseBytes, showDuration } from "../core/units";
import type { Selector } from "../fleet/model";
import { type PlacementPolicy, selectorSchema, shownSelector, violation } from "./definition";
import { stepFaults, switchesOf } from "./convergence";
import { brokenWith, durationMs, type Facts, isSelected, type Placement, transportTo } from "./model";

/** libvirt's own, where a placement sets none. */
const defaultDowntimeMs = 300;
const durationSchema = { type: "string", pattern: "^\\d+(\\.\\d+)?(ms|s|m|h)$" };

/** Settings of the policies that concern all VMs, or some. */
export interface SomeVms {
  /** Which VMs: names, or labels that all must match. Default: all. */
  vms?: Selector;
}

export const noUnsafe: PlacementPolicy<SomeVms> = {
  description: "libvirt's check of a VM's disks stays on: no migration.unsafe.",
  schema: { vms: selectorSchema },
  check: (placement, { vms }) =>
    placement.migration.unsafe && isSelected(vms, placement)
      ? [
          violation(
            placement.vm,
            "migration.unsafe: true",
            "no `unsafe`",
            "take it out, and put the disks on storage that both hosts see, or copy them with migration.copyStorage",
          ),
        ]
      : [],
};

/** Settings of `no-accepted-blockers`. */
export interface AcceptedBlockers {
  /** Names that `migration.accept` may have. Default: none. */
  allowed?: readonly string[];
}

export const noAcceptedBlockers: PlacementPolicy<AcceptedBlockers> = {
  description: "Blockers are fixed, not accepted: nothing in migration.accept but what the policy allows.",
  schema: { allowed: { type: "array", items: { type: "string" }, description: "Names that `accept` may have." } },
  check: ({ vm, migration }, { allowed = [] }) => {
    const others = (migration.accept ?? []).filter((name) => !allowed.includes(name));
    if (others.length === 0) return [];
    return [
      violation(
        vm,
        `migration.accept: ${JSON.stringify(others)}`,
        listed(allowed),
        "fix what the preview names, and take the name out of `accept`",
      ),
    ];
  },
};

/** Settings of `encryption`. */
export interface Encryption extends SomeVms {
  /**
   * A label of hosts, such as "site": encryption is required only for a VM that may come from a host with another value than its
   * destination. Default: always.
   */
  between?: string;
}

export const encryption: PlacementPolicy<Encryption> = {
  onlyWhenAsked: true,
  description: "Guest memory crosses the network encrypted: migration.tls, or migration.tunnelled.",
  schema: {
    vms: selectorSchema,
    between: { type: "string", description: "A label of hosts: encryption is required between different values." },
  },
  check: (placement, { vms, between }, facts) => {
    // What is tunnelled is as safe as the tunnel.
    const tunnelled =
      placement.migration.tunnelled && placement.hosts.every((host) => transportTo(host, facts) !== "tcp");
    if (!isSelected(vms, placement) || placement.migration.tls || tunnelled) return [];
    const crossing = between === undefined ? "" : crossingOf(placement, between, facts);
    if (crossing === undefined) return [];
    return [
      violation(
        placement.vm,
        `a migration in clear text${crossing}`,
        "migration.tls, or migration.tunnelled",
        "set migration.tls: true (docs/hosts.md has the certificates that the hosts need)",
      ),
    ];
  },
  remedy: (placement, settings, facts) =>
    encryption.check(placement, settings, facts).length > 0 ? { tls: true } : undefined,
};

/** The first way that leaves a site, as text; undefined where none does. Hosts without the label are at no known site. */
function crossingOf(placement: Placement, label: string, facts: Facts): string | undefined {
  const siteOf = (host: string) => facts.hosts[host]?.labels?.[label];
  const known = placement.observedOn ?? facts.current[placement.vm];
  const only = facts.rules.filter((rule) => "only" in rule);
  const mayRunOn = (host: string) => brokenWith(only, [placement], facts, () => [host]).length === 0;
  const sources =
    known !== undefined ? [known] : [...new Set([...Object.keys(facts.hosts), ...placement.hosts])].filter(mayRunOn);
  for (const destination of placement.hosts) {
    for (const source of sources) {
      const [from, to] = [siteOf(source), siteOf(destination)];
      if (source !== destination && (from === undefined || from !== to))
        return ` from ${source} (${label}: ${from ?? "none"}) to ${destination} (${label}: ${to ?? "none"})`;
    }
  }
  return undefined;
}

export const noPostCopy: PlacementPolicy<SomeVms> = {
  onlyWhenAsked: true,
  description: "No post-copy: a link that breaks during post-copy stops the VM until the migration is resumed.",
  schema: { vms: selectorSchema },
  check: (placement, { vms }) =>
    switchesOf(placement.migration) && isSelected(vms, placement)
      ? [
          violation(
            placement.vm,
            switchesOf(placement.migration)!,
            vms === undefined ? "no post-copy" : `no post-copy for VMs of ${shownSelector(vms)}`,
            'take it out (and onTimeout: "postCopy"), and set autoConverge or a longer timeout',
          ),
        ]
      : [],
};

/** Settings of `migration-limits`. */
export interface MigrationLimits {
  /** The first class that selects a VM holds for it. A VM of no class has no limits. */
  classes: readonly (SomeVms & {
    /** The longest `migration.maxDowntime`. */
    maxDowntime?: Duration;
    /** The longest `migration.timeout`; a placement without `timeout` is then refused. */
    timeout?: Duration;
  })[];
}

export const migrationLimits: PlacementPolicy<MigrationLimits> = {
  onlyWhenAsked: true,
  description: "No VM pauses longer, and no migration runs longer, than its class allows.",
  requires: ["classes"],
  schema: {
    classes: {
      type: "array",
      items: {
        type: "object",
        properties: { vms: selectorSchema, maxDowntime: durationSchema, timeout: durationSchema },
        additionalProperties: false,
      },
    },
  },
  check: (placement, { classes }, facts) => {
    const limits = classes.find(({ vms }) => isSelected(vms, placement));
    return [...downtimeFaults(placement, limits?.maxDowntime), ...timeoutFaults(placement, limits?.timeout, facts)];
  },
};

function downtimeFaults({ vm, migration }: Placement, longest: Duration | undefined): string[] {
  if (longest === undefined) return [];
  const limitMs = durationMs("migration-limits: maxDowntime", longest);
  const given = typeof migration.maxDowntime === "object" ? migration.maxDowntime.limit : migration.maxDowntime;
  const givenMs = given === undefined ? defaultDowntimeMs : durationMs("migration.maxDowntime", given);
  const faults: string[] = [];
  if (givenMs > limitMs) {
    const got = given === undefined ? `no migration.maxDowntime (libvirt's default is 300 ms)` : `${given}`;
    faults.push(
      violation(
        vm,
        given === undefined ? got : `migration.maxDowntime: "${got}"`,
        `at most ${showDuration(limitMs)}`,
        `set migration.maxDowntime: "${longest}" or less`,
      ),
    );
  }
  faults.push(...stepFaults(vm, migration, limitMs));
  if (migration.onTimeout === "suspend")
    faults.push(
      violation(
        vm,
        'migration.onTimeout: "suspend", which pauses the VM for as long as the rest of its memory takes',
        `a pause of at most ${showDuration(limitMs)}`,
        'set onTimeout: "abort"',
      ),
    );
  return faults;
}

function timeoutFaults({ vm, migration }: Placement, longest: Duration | undefined, facts: Facts): string[] {
  if (longest === undefined) return [];
  const limitMs = durationMs("migration-limits: timeout", longest);
  const given = migration.timeout;
  const perGiB = given?.endsWith("/GiB") === true;
  const memory = facts.vms[vm]?.memory;
  const memoryBytes = memory === undefined ? undefined : parseBytes(memory);
  const unknown = perGiB && memoryBytes === undefined;
  const givenMs =
    given === undefined || unknown
      ? Infinity
      : perGiB
        ? timeoutOf(durationMs("migration.timeout", given.slice(0, -"/GiB".length)), memoryBytes!)
        : durationMs("migration.timeout", given);
  if (givenMs <= limitMs) return [];
  return [
    violation(
      vm,
      given === undefined
        ? "no migration.timeout"
        : `migration.timeout: "${given}"${unknown ? `, of memory that is not known (set vms.${vm}.memory of the policy)` : ""}`,
      `at most ${showDuration(limitMs)}`,
      `set migration.timeout: "${longest}" or less`,
    ),
  ];
}
