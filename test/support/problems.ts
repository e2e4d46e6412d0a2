import type { Problem } from "../../provider/core/problem";

/**
 * What of problems is more than prose, a line each: "blocker disks on kvm-b: unsafeStorage", then the commands of its remedies ("kvm-b$ …",
 * "$ …" on this computer) and what they lose.
 */
export function factsOf(problems: readonly Problem[]): string[] {
  return problems.flatMap(({ severity, rule, host, code, remedies }) => [
    `${severity} ${rule} on ${host}: ${code}`,
    ...remedies.flatMap(({ commands = [], loses }) => [
      ...commands.map(({ host: on = "", command }) => `${on}$ ${command}`),
      ...(loses === undefined ? [] : [`loses ${loses}`]),
    ]),
  ]);
}
