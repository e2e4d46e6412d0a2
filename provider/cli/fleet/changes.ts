/** A plan as changes of the placements file. */
import type { Evacuated, PossiblePlan } from "../../fleet";
import type { Changes } from "../../placements/edit";
import type { Gathered } from "./gather";

/**
 * Of the moves that one `pulumi up` carries out. `after` of a VM that moves is replaced: an order of an earlier plan says nothing about
 * this one.
 *
 * @param maintenance what becomes of hosts; null takes it away.
 */
export function changesOf(
  { steps, evacuated }: PossiblePlan,
  { placements, adopted }: Gathered,
  maintenance: Readonly<Record<string, true | null>>,
): Changes {
  const now = steps.filter(({ round }) => round === 0);
  const vmOf = new Map(steps.map(({ id, vm }) => [id, vm]));
  return {
    vms: Object.fromEntries([
      ...[...adopted].map(([vm, host]) => [vm, { host }] as const),
      ...now.map(
        ({ vm, destination, after }) =>
          [vm, { host: destination, after: after.map((id) => vmOf.get(id)!).filter((other) => other !== vm) }] as const,
      ),
    ]),
    hosts: Object.fromEntries(Object.entries(maintenance).map(([host, is]) => [host, { maintenance: is }])),
    ...(evacuated && {
      evacuated: recordOf(
        placements.evacuated,
        now.length < steps.length ? union(placements.evacuated, evacuated) : evacuated,
      ),
    }),
  };
}

/** While a VM is still parked, what is not back yet has to stay on record. */
function union(before: Evacuated, now: Evacuated): Evacuated {
  const hosts = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return Object.fromEntries(hosts.map((host) => [host, { ...before[host], ...now[host] }]));
}

function recordOf(before: Evacuated, now: Evacuated): NonNullable<Changes["evacuated"]> {
  const gone = Object.keys(before).filter((host) => !Object.hasOwn(now, host));
  return { ...now, ...Object.fromEntries(gone.map((host) => [host, null])) };
}
