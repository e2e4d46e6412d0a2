/** A step of `convergence` after parsing. */

export type Condition =
  /** Since the migration was started. */
  | { afterMs: number }
  /** Passes over the memory that have begun: iterations in libvirt's words. */
  | { pass: number }
  /** For how long pre-copy has come no closer to its end. */
  | { stalledMs: number };

export type StepAction =
  | { kind: "raiseMaxDowntime"; limitMs: number }
  | { kind: "setBandwidth"; mibps: number }
  /** QEMU does it by itself, since it can only be permitted at the start. */
  | { kind: "throttle" }
  | { kind: "postCopy" }
  | { kind: "suspend" }
  | { kind: "abort" };

/** A step of `convergence`. */
export interface ConvergenceStep {
  when: Condition;
  action: StepAction;
}
