/** The fleet planner: plain data in, a plan out. See docs/fleet-planner.md. */
export type * from "./model";
export type * from "./plan";
export { brokenRules, select, type Whereabouts } from "./rules";
