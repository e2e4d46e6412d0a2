/** What `VmFleet` makes of its placements: one placement for each VM, in an order in which each comes after those that it waits for. */
import type { HostLimitsArgs, MigrationArgs, OnDrift } from "../core/args";
import { PlacementError } from "../core/errors";
import type { HostLimits } from "../fleet";
import { parseInventory } from "../schema";
import { checkAssignment } from "./assignment";
import { renderFault } from "./faults";
import type { Placements } from "./model";
import { type Parsed, parsePlacements, placementsOf } from "./parse";

export interface FleetMember {
  /** The key in the file. */
  name: string;
  domain: string;
  host: string;
  migration?: MigrationArgs;
  onDrift?: OnDrift;
  /** As the input of a placement. */
  limits?: HostLimitsArgs;
  after: readonly string[];
}

export interface FleetOfProgram {
  members: FleetMember[];
  warnings: string[];
}

/**
 * @param given The text of a file, or what it would say as a value.
 * @param hosts `vm-placement:hosts` as the stack's configuration has it.
 * @param made Names of hosts that the program has beside them; undefined: not known yet, so that any name may be one.
 * @throws PlacementError with everything that is wrong: faults of the file, else rules that the placements break.
 */
export function fleetOf(
  given: unknown,
  file: string,
  hosts: string | undefined,
  made: readonly string[] | undefined = [],
): FleetOfProgram {
  // A wrong inventory is refused by the provider, which names what is wrong in it.
  const { inventory } = parseInventory(hosts);
  const known = { ...Object.fromEntries((made ?? []).map((name) => [name, { name }])), ...inventory };
  const isAnyName = made === undefined || (inventory === undefined && made.length === 0);
  const options = { file, ...(!isAnyName && { hosts: Object.keys(known) }) };
  const { placements, warnings }: Parsed =
    typeof given === "string" ? parsePlacements(given, options) : placementsOf(given, options);
  const broken = checkAssignment(placements, Object.values(known));
  if (broken.length > 0) {
    throw new PlacementError({
      code: broken[0]!.code,
      phase: "check",
      action: `cannot place the VMs as ${file} says`,
      message: broken.length === 1 ? broken[0]!.message : ["", ...broken.map(({ message }) => message)].join("\n  "),
      remedies: broken[0]!.remedies,
      problems: broken,
    });
  }
  return { members: inOrder(placements), warnings: warnings.map((fault) => renderFault(file, fault)) };
}

function inOrder({ vms, defaults, hosts, limits: ofAll }: Placements): FleetMember[] {
  const made = new Map<string, FleetMember>();
  const add = (start: string) => {
    const stack = [start];
    while (stack.length > 0) {
      const name = stack[stack.length - 1]!;
      const missing = vms[name]!.after.filter((other) => !made.has(other));
      if (missing.length > 0) stack.push(...missing);
      else {
        stack.pop();
        if (!made.has(name)) made.set(name, member(name));
      }
    }
  };
  const member = (name: string): FleetMember => {
    const { domain, host, after, migration, onDrift = defaults.onDrift } = vms[name]!;
    const options = { ...defaults.migration, ...migration };
    const limits = limitsOf({ ...ofAll, ...hosts[host]?.limits });
    return {
      ...{ name, domain, host, after, ...(onDrift !== undefined && { onDrift }), ...(limits && { limits }) },
      ...(Object.keys(options).length > 0 && { migration: options }),
    };
  };
  for (const name of Object.keys(vms)) add(name);
  return [...made.values()];
}

function limitsOf({ memory, cpu }: HostLimits): HostLimitsArgs | undefined {
  const percent = (fraction: number) => `${Number((fraction * 100).toFixed(6))}%`;
  if (memory === undefined && cpu === undefined) return undefined;
  return {
    ...(memory !== undefined && { memory: percent(memory) }),
    ...(cpu !== undefined && { cpu: percent(cpu) }),
  };
}
