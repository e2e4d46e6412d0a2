import type { HugeMemory } from "../hugeMemory";
import type { CopiedBytes } from "../imageCopy";

/** What a VM was given. */
export interface GivenToVm {
  memoryBytes: number;
  vcpus: number;
}

/** Another VM that this run moves, and what it takes along. */
export interface MoveAlongside {
  domain: string;
  source: string;
  destination: string;
  /** Ordinary memory in use. */
  memoryBytes: number;
  /** What it was given; absent: it does not run. */
  given?: GivenToVm;
  hugeMemory: readonly HugeMemory[];
  /** What is written to the destination's file systems; absent: no disk is copied. */
  copies?: readonly CopiedBytes[];
  /** It is on its way: what it takes may be in what the destination says. */
  begun: boolean;
}
