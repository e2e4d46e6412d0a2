import type { Problem, Remedy } from "../../provider/core/problem";

/**
 * What of problems is more than prose, a line each: "blocker disks on kvm-b: unsafeStorage", then the commands of its remedies ("kvm-b$ …",
 * "$ …" on this computer) and what they lose.
 */
export function factsOf(problems: readonly Problem[]): string[] {
  return problems.flatMap(({ severity, rule, host, code, remedies }) => [
    `${severity} ${rule} on ${host}: ${code}`,
    ...commandsOf(remedies),
  ]);
}

/** The commands of remedies and what they lose, as in `factsOf`. */
export function commandsOf(remedies: readonly Remedy[]): string[] {
  return remedies.flatMap(({ commands = [], loses }) => [
    ...commands.map(({ host = "", command }) => `${host}$ ${command}`),
    ...(loses === undefined ? [] : [`loses ${loses}`]),
  ]);
}
