/** A rolling maintenance as data: what was asked for, what was intended so far, what is observed, and what is done next. */

/** What was asked for. The same command goes on with it; another is refused as long as it is not over. */
export interface Asked {
  hosts: readonly string[];
  /** For the shell of each host. */
  run?: string;
  reboot: boolean;
  rebootCommand: string;
  shutdownUnmovable: boolean;
  stack?: string;
}

export interface Vm {
  uuid: string;
  name: string;
}

/** What was intended on the host that is in maintenance. Each part is written before its effect; what came of it the hosts say. */
export interface HostRecord {
  host: string;
  /** The VMs that the placements file was edited to move: `pulumi up` is due for them. */
  upDue?: readonly string[];
  /** VMs that cannot move, and are shut down. They are started again. */
  shutDown?: readonly Vm[];
  /** Begun: the host took it. What it left there may be gone by now. */
  command?: { id: string; begun?: true; end?: { code: number } | "skipped" };
  /** The boot that is to end. */
  reboot?: { bootId: string };
  /** It was found healthy after its maintenance: its VMs come back. */
  back?: true;
}

export interface Journal {
  version: 1;
  asked: Asked;
  /** Hosts whose maintenance is over. */
  done: readonly string[];
  current?: HostRecord;
}

/** Absent: it was not begun. Cut: it was begun, does not run, and left no exit code. */
export type CommandState =
  { is: "absent" } | { is: "running" } | { is: "ended"; code: number } | { is: "cut"; why: string };

export type HostObservation =
  | { why: string }
  | {
      bootId: string;
      /** The VMs that are not shut off; undefined where libvirt does not answer. */
      active: readonly Vm[] | undefined;
      /** Undefined where the journal has none. */
      command?: CommandState;
    };

export type Goal = "evacuate" | "restore";

export interface Edit {
  before: string;
  text: string;
  /** Those that move. */
  vms: readonly string[];
  /** The same with where to: "db-01 → kvm-b". */
  moves: readonly string[];
}

export interface Unmovable extends Vm {
  reason: string;
  /** Why it cannot be shut down and started again either. */
  obstacle?: string;
}

/** What a planning command says. */
export interface Plan {
  goal: Goal;
  hindrances: readonly string[];
  /** What the placements file lacks; undefined: nothing. */
  edit?: Edit;
  /** VMs that run, and stay on the host. */
  unmovable: readonly Unmovable[];
  /** The hosts that VMs go to, or come from. */
  partners: readonly string[];
}

/** What this run has asked and tried. A later run asks and tries again. */
export interface Facts {
  plan?: Plan;
  edits?: number;
  up?: { code: number; refresh: boolean };
  /** VMs that are not where the file has them. */
  astray?: readonly string[];
  /** VMs that did not shut down in time. */
  stillActive?: readonly Vm[];
  commandNotBegun?: string;
  /** What the command printed was shown to its end. */
  outputShown?: true;
  rebootGiven?: true;
  rebootFailed?: string;
  bootTimedOut?: true;
  libvirtTimedOut?: true;
  /** What doctor finds wrong. */
  health?: readonly string[];
  notStarted?: readonly string[];
  /** What the user says about a command that failed, or whose end was not seen. */
  choice?: "again" | "skip";
}

export type Step =
  | { do: "begin"; host: string }
  | { do: "plan"; goal: Goal }
  | { do: "edit"; edit: Edit }
  | { do: "up"; refresh: boolean }
  | { do: "compare"; vms: readonly string[] }
  | { do: "noteMoved" }
  | { do: "shutDown"; vms: readonly Vm[] }
  | { do: "startCommand" }
  | { do: "followCommand" }
  | { do: "noteEnd"; end: { code: number } | "skipped" }
  | { do: "forgetCommand" }
  | { do: "reboot"; bootId: string }
  | { do: "awaitBoot" }
  | { do: "awaitLibvirt" }
  | { do: "doctor" }
  | { do: "noteHealthy" }
  | { do: "start"; vms: readonly Vm[] }
  | { do: "done" }
  | { do: "finish" }
  | { do: "stop"; why: string; remedies: readonly string[] };

/** What a command leaves on its host. It survives a reboot, which /run and on many hosts /tmp do not. */
export const commandDirectory = (id: string) => `/var/tmp/vm-placement-maintain-${id}`;
