/** What the planner is asked for, and the plan that it answers with. */
import type { Assignment, LimitName, Rule } from "./model";

/**
 * What left which host, and in which order: by host, then by VM. An evacuation writes it, and a restore takes it away again. VMs that
 * made room on other hosts stand under the host that they left.
 */
export type Evacuated = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Empties hosts. They are closed as if in maintenance. */
export interface EvacuateGoal {
  /** The names of the hosts. */
  readonly evacuate: readonly string[];
  /** What earlier evacuations moved: the plan adds to it. */
  readonly evacuated?: Evacuated;
}

/** Puts back what left hosts, and what made room for that. They are open again, whatever their `maintenance` says. */
export interface RestoreGoal {
  /** The names of the hosts. */
  readonly restore: readonly string[];
  /** What evacuations moved. */
  readonly evacuated: Evacuated;
}

/** How to balance. */
export interface BalanceOptions {
  /** `load`: what VMs were measured to use. `size`: their memory and virtual CPUs. Default: load if every VM that runs has one. */
  readonly by?: "load" | "size";
  /**
   * VMs move only between hosts whose loads differ by more than this. The load of a host is the larger fraction of its memory and its
   * CPUs that is in use. Virtual CPUs are counted by the limit of the host (`cpu`), measured ones are not. Default: 0.1.
   */
  readonly threshold?: number;
  /** How much less loaded the fuller of both hosts is after a move, at least. Default: 0.02. */
  readonly margin?: number;
  /** VMs that moved a short time ago: they stay (cool-down). */
  readonly recentlyMoved?: readonly string[];
  /** VMs that stay. */
  readonly ignore?: readonly string[];
  /** Empties as many hosts as the rules and limits allow, instead of spreading. `threshold` and `margin` do not apply. */
  readonly pack?: boolean;
}

/** Spreads VMs over the hosts, or packs them. */
export interface BalanceGoal {
  /** How. */
  readonly balance: BalanceOptions;
}

/** Brings VMs to given hosts. The others stay, but may be parked on another host during the plan. */
export interface AssignGoal {
  /** The host of each VM that is to move, by name. */
  readonly assign: Assignment;
}

/** What a plan is for. */
export type Goal = EvacuateGoal | RestoreGoal | BalanceGoal | AssignGoal;

/** One move of a plan. */
export interface Step {
  /** The VM's name. If a VM moves twice, its parking move has `NAME (parking)`. */
  readonly id: string;
  /** The VM that moves. */
  readonly vm: string;
  /** The host that it leaves. */
  readonly source: string;
  /** The host that it moves to. */
  readonly destination: string;
  /** Ids of steps that must be over before. Any order and overlap that this allows keeps the rules and limits. */
  readonly after: readonly string[];
  /** Why this VM moves, and why to this host. */
  readonly reason: string;
  /** The VM makes room for a while, and a later step moves it on. */
  readonly parking?: true;
  /** 0, and 1 more than that of its parking move for the step that moves a VM on. Steps wait for those of earlier rounds only. */
  readonly round: number;
}

/** A VM that does not leave a host that is evacuated. */
export interface Stay {
  /** Its name. */
  readonly vm: string;
  /** Where it stays. */
  readonly host: string;
  /** Why. */
  readonly reason: string;
}

/**
 * What cannot hold together. Without any one of its VMs, or of its rules and limits, the rest can. VMs that only fill the other hosts
 * are not named where a limit is.
 */
export interface Conflict {
  /** The rules. */
  readonly rules: readonly Rule[];
  /** The limits. */
  readonly limits: readonly LimitName[];
  /** The VMs. */
  readonly vms: readonly string[];
  /** The hosts that the VMs should leave or go to, and each closed host that would solve it if it were open. */
  readonly hosts: readonly string[];
  /** The same in a sentence. */
  readonly why: string;
  /** False if the planner gave up the search for a plan: there may be one. */
  readonly proven: boolean;
}

/** VMs that do not leave hosts that are evacuated. */
export interface Listed {
  /** VMs that stay on a host that is evacuated, as they are to (`onEvacuation`). */
  readonly stays: readonly Stay[];
  /** VMs that keep a host from being emptied. */
  readonly blocked: readonly Stay[];
}

/** A plan that can be carried out. */
export interface PossiblePlan extends Listed {
  /** It is. */
  readonly possible: true;
  /** The host of every VM when all steps are over. */
  readonly assignment: Assignment;
  /** The moves, each behind those that it waits for; the highest priority first as far as that allows. */
  readonly steps: readonly Step[];
  /** What is to be noted for a restore; of `evacuate` and `restore` only. */
  readonly evacuated?: Evacuated;
}

/** No plan, and why. */
export interface ImpossiblePlan extends Listed {
  /** It is not. */
  readonly possible: false;
  /** What cannot hold together. */
  readonly conflict: Conflict;
}

/** The answer of the planner. */
export type FleetPlan = PossiblePlan | ImpossiblePlan;

/** A host for a VM. */
export interface RankedHost {
  /** Its name. */
  readonly host: string;
  /** The VM can go there, or is there. */
  readonly possible: boolean;
  /** 1 for an empty host, 0 for a full one, below 0 for an overcommitted one, with the VM on it. At most -1 if it cannot go there. */
  readonly score: number;
  /** What speaks for and against it. */
  readonly reasons: readonly string[];
}
