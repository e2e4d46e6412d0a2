/** The planner: a fleet and a goal in, a plan out. */
import { planBalance } from "./balance";
import { checkFleet } from "./check";
import { planEvacuation } from "./evacuate";
import type { Fleet } from "./model";
import type { FleetPlan, Goal } from "./plan";
import { planAssignment, planRestore } from "./restore";

/** Steps that the search for an assignment may take. Not a time: the same fleet gives the same plan on every computer. */
const defaultSteps = 6_000_000;

/**
 * Plans the moves that reach a goal: as few as possible, then the best spread, in an order in which no host exceeds its limits and no
 * rule is broken at any moment, with both ends of running moves counted. The same fleet and goal give the same plan.
 *
 * @param fleet Hosts, VMs, rules and limits. What is broken at the start blocks nothing, and no move makes it worse.
 * @param goal What the plan is for.
 * @returns The plan, or what cannot hold together.
 * @throws PlacementError `invalidInput` if the fleet or the goal names what does not exist, or VMs wait for each other.
 */
export function planFleet(fleet: Fleet, goal: Goal): FleetPlan {
  checkFleet(fleet, goal);
  if ("evacuate" in goal) return planEvacuation(fleet, goal, defaultSteps);
  if ("restore" in goal) return planRestore(fleet, goal, defaultSteps);
  if ("assign" in goal) return planAssignment(fleet, goal, defaultSteps);
  return planBalance(fleet, goal.balance);
}
