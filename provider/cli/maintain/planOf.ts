/** The plans of a maintenance: those of `evacuate` and `restore`, in which what cannot leave stays. */
import type { Goal, Plan, Unmovable } from "../../maintain/model";
import { isActive, isRunning } from "../../core/situation";
import type { FleetPlan, Stay } from "../../fleet";
import { editPlacements } from "../../placements/edit";
import { changesOf } from "../fleet/changes";
import { gather, type Gathered } from "../fleet/gather";
import { planWithPreflight } from "../fleet/preflight";
import type { Session } from "../verb";

export async function planOf(session: Session, file: string, goal: Goal, host: string): Promise<Plan> {
  const gathered = await gather(session, file, [host]);
  if (gathered.hindrances.length > 0) return { ...none(goal), hindrances: gathered.hindrances };
  return goal === "evacuate" ? evacuation(session, gathered, host) : restoration(session, gathered, host);
}

const none = (goal: Goal): Plan => ({ goal, hindrances: [], unmovable: [], partners: [] });

async function evacuation(session: Session, gathered: Gathered, host: string): Promise<Plan> {
  // A VM that is shut off may stay where it is, and whether one that runs may is not for the planner to say.
  const vms = gathered.vms.map((vm) => (vm.host === host ? { ...vm, onEvacuation: "stay" as const } : vm));
  const goal = { evacuate: [host], evacuated: gathered.placements.evacuated };
  const { plan } = await planWithPreflight(session, { ...gathered, vms }, goal);
  const made = planned("evacuate", gathered, plan, { [host]: keepsOpen(gathered, plan.stays) ? null : true });
  return { ...made, unmovable: await unmovable(session, gathered, plan.stays, host) };
}

/** `VmFleet` refuses a VM on a host in maintenance, unless it may stay there. */
function keepsOpen({ placements: { vms } }: Gathered, stays: readonly Stay[]): boolean {
  return stays.some(({ vm }) => Object.hasOwn(vms, vm) && vms[vm]!.onEvacuation !== "stay");
}

async function restoration(session: Session, gathered: Gathered, host: string): Promise<Plan> {
  const { evacuated } = gathered.placements;
  const { plan } = await planWithPreflight(session, gathered, { restore: [host], evacuated });
  return planned("restore", gathered, plan, { [host]: null });
}

function planned(goal: Goal, gathered: Gathered, plan: FleetPlan, marks: Readonly<Record<string, true | null>>): Plan {
  if (!plan.possible) return { ...none(goal), hindrances: [plan.conflict.why] };
  const { text: before, file, placements } = gathered;
  const desired = Object.entries(marks).filter(
    ([host, is]) => (placements.hosts[host]?.maintenance === true) !== (is === true),
  );
  const text = editPlacements(before, changesOf(plan, gathered, Object.fromEntries(desired)), file);
  const moves = plan.steps.filter(({ round }) => round === 0);
  const partners = [...new Set(moves.flatMap(({ source, destination }) => [source, destination]))];
  const shown = moves.map(({ vm, destination }) => `${vm} → ${destination}`);
  const edit = { before, text, vms: moves.map(({ vm }) => vm), moves: shown };
  return { ...none(goal), partners, ...(text !== before && { edit }) };
}

async function unmovable(
  { hosts }: Session,
  { domains }: Gathered,
  stays: readonly Stay[],
  host: string,
): Promise<Unmovable[]> {
  const views = new Map((await hosts.recentViews(host)).map((view) => [view.uuid, view]));
  return stays.flatMap(({ vm, reason }) => {
    const { uuid, name } = domains.get(vm)!;
    const view = views.get(uuid);
    if (view === undefined || !isActive(view)) return [];
    const obstacle = !view.persistent
      ? "it is transient: libvirt forgets it when it shuts down"
      : isRunning(view)
        ? undefined
        : `it is ${view.state}: its guest cannot react`;
    return [{ uuid, name, reason, ...(obstacle !== undefined && { obstacle }) }];
  });
}
