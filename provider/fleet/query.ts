/** What is searched for, and what is found. */
import type { Board } from "./board";
import type { Leg } from "./order";
import type { Budget } from "./state";

export interface Query {
  readonly board: Board;
  /** Items that must leave their host. */
  readonly displaced: readonly number[];
  /** Items that may make room. */
  readonly movable: (item: number) => boolean;
  readonly budget: Budget;
  /** False: any assignment with the fewest moves will do. */
  readonly spread: boolean;
}

export interface Found {
  readonly position: Int32Array;
  readonly legs: readonly Leg[];
  readonly moves: number;
  readonly cost: number;
}

export interface Outcome {
  readonly found?: Found;
  /** Undefined: the items fit nowhere. Otherwise an assignment that no order of moves leads to. */
  readonly unordered?: Int32Array;
  /** The search was complete. */
  readonly proven: boolean;
}
