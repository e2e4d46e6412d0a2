import { readFileSync } from "node:fs";

/** A process for good: its number can be given to another one later, its number and start time together cannot. */
export interface ProcessIdentity {
  pid: number;
  /** In clock ticks since boot: field 22 of /proc/PID/stat. */
  start: string;
}

export function identityOf(pid: number): ProcessIdentity | undefined {
  const fields = statFields(pid);
  return fields && { pid, start: fields[19]! };
}

/** A zombie counts as ended: it holds nothing any more. */
export function isAlive(identity: ProcessIdentity): boolean {
  const fields = statFields(identity.pid);
  return fields !== undefined && fields[19] === identity.start && fields[0] !== "Z" && fields[0] !== "X";
}

export function killIfAlive(identity: ProcessIdentity): void {
  try {
    if (isAlive(identity)) process.kill(identity.pid, "SIGKILL");
  } catch {
    // it ended in between
  }
}

/** Children of all its threads; empty where the kernel does not tell. */
export function childrenOf(pid: number): ProcessIdentity[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .split(" ")
      .filter((word) => word.trim() !== "")
      .map((word) => identityOf(Number(word)))
      .filter((identity) => identity !== undefined);
  } catch {
    return [];
  }
}

/** The fields after the name, which alone may hold spaces: state first. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
