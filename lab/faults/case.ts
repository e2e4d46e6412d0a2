/** A case of the fault matrix: a fault, the phase of a move in which it is injected, and what is expected of `up` and of the hosts. */
import type { GuestOptions } from "../libvirt";
import type { Through } from "../pulumi/stack";
import type { Fixture } from "./fixture";

export const phaseNames = [
  "before `up`",
  "before start",
  "pre-copy",
  "switch-over",
  "post-copy",
  "after completion",
] as const;
export type PhaseName = (typeof phaseNames)[number];

export interface Phase {
  /** How the move is held in this phase; for the docs. */
  means: string;
  /** Migration options of the program. */
  migration: Record<string, unknown>;
  hold?(fixture: Fixture): Promise<void>;
  /** The move has reached the phase. */
  reached(fixture: Fixture): Promise<boolean>;
  release?(fixture: Fixture): Promise<void>;
}

export interface Fault {
  title: string;
  /** Only for programs of that kind. */
  through?: Through;
  /** How it is done in the lab; for the docs. */
  means: string;
  guest?: Partial<GuestOptions>;
  migration?: Record<string, unknown>;
  /** Before everything else, with the guest running on the source. */
  arrange?(fixture: Fixture): Promise<void>;
  inject(fixture: Fixture): Promise<void>;
  recover?(fixture: Fixture): Promise<void>;
  cases: Partial<Record<PhaseName, Expected>>;
  /** What is different for programs of the other kind than the dynamic resource. */
  ofProvider?: Partial<Record<PhaseName, Partial<Expected>>>;
}

/** The state of the VM in the end: on the destination, if not stated otherwise. */
type End = "running" | "paused" | "running on the source" | "shut off" | "stopped for good";

export interface Expected {
  /** How the `up` ends that meets the fault. */
  up: "succeeds" | "fails" | "either";
  /** What that `up` must have printed, or the one of the other stack. */
  output: RegExp;
  /**
   * When the host recovers from the fault: after so many milliseconds, or when that `up` has printed this. Without it, when that `up` has
   * ended.
   */
  recoverAfter?: number | RegExp;
  /**
   * How long the move is held in its phase: until the fault is injected, until recovery, or until the next `up` has printed this, which
   * so finds a migration in progress. Default: "recovered".
   */
  heldUntil?: "injected" | "recovered" | RegExp;
  /** `refresh` comes before the next `up`. */
  refresh?: boolean;
  /** What the next `up` must have printed. */
  nextOutput?: RegExp;
  /** The next `up` refuses: it needs a person. */
  nextFails?: boolean;
  /** A person then runs the commands of the refusal, up to the first that starts the VM, and `up` is called once more. */
  followsRemedies?: true | "ifRefused";
  /** Default: running. */
  end?: End;
}

/** One of the matrix. */
export interface Case {
  fault: Fault;
  phase: PhaseName;
  expected: Expected;
}

export function expectedOf({ cases, ofProvider }: Fault, phase: PhaseName, through: Through): Expected | undefined {
  const expected = cases[phase];
  return expected && { ...expected, ...(through === "provider" && ofProvider?.[phase]) };
}
