/** The fleet planner: plain data in, a plan out. See docs/fleet-planner.md. */
export { brokenLimits } from "./capacity";
export type * from "./model";
export type * from "./plan";
export { planFleet } from "./planner";
export { rank } from "./rank";
export { makespan } from "./schedule";
export { brokenRules, select, type Whereabouts } from "./rules";
