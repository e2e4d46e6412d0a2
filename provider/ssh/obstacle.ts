import type { Fault } from "./failure";

/** Why no host key can be accepted. */
export interface Obstacle {
  fault: Fault;
  /** It concerns how known keys are found: a pinned key needs none. */
  pinHelps: boolean;
}
