/** What a cell of the matrix is made of: a fault, the phase of a move it strikes in, and what must be true in the end. */
import type { GuestOptions } from "../libvirt";
import type { Scene } from "./scene";

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
  /** How the move is kept in this phase; for the docs. */
  means: string;
  /** Migration options of the program. */
  migration: Record<string, unknown>;
  hold?(scene: Scene): Promise<void>;
  /** The move has got here, and stays. */
  reached(scene: Scene): Promise<boolean>;
  release?(scene: Scene): Promise<void>;
}

export interface Fault {
  title: string;
  /** How it is done in the lab; for the docs. */
  means: string;
  guest?: Partial<GuestOptions>;
  migration?: Record<string, unknown>;
  /** Before everything else, with the guest running on the source. */
  arrange?(scene: Scene): Promise<void>;
  strike(scene: Scene): Promise<void>;
  heal?(scene: Scene): Promise<void>;
  cells: Partial<Record<PhaseName, Cell>>;
}

/** What the VM is in the end: on the destination unless it says otherwise. */
type End = "running" | "paused" | "running on the source" | "shut off" | "stopped for good";

export interface Cell {
  /** How the struck `up` ends. */
  up: "succeeds" | "fails" | "either";
  /** What its user must have read, or that of the other stack. */
  says: RegExp;
  /**
   * The fault is healed while the struck `up` runs on: after so many milliseconds, or when that `up` has said this. Without it the fault
   * stands until that `up` has ended.
   */
  stands?: number | RegExp;
  /**
   * How long the move is kept in its phase: until the fault has struck, until it is healed, or until the next `up` has said this, which
   * so meets a move that runs. Default: "healed".
   */
  held?: "struck" | "healed" | RegExp;
  /** `refresh` comes before the next `up`. */
  refresh?: boolean;
  /** What the user of the next `up` must have read. */
  next?: RegExp;
  /** The next `up` refuses: it needs a person. */
  nextFails?: boolean;
  /** A person then types the commands that the refusal gives, up to the first that starts it, and `up` is called once more. */
  follows?: true | "ifRefused";
  /** Default: running. */
  end?: End;
}
