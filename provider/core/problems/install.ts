import type { Command, Remedy } from "../problem";

/**
 * @param what with the version where one is needed.
 * @param packages their names, between blanks.
 * @param after what is to be done afterwards.
 */
export function install(
  host: string,
  what: string,
  packages: { apt: string; dnf: string },
  after?: { then: string; commands: Command[] },
): Remedy[] {
  return [
    { on: "Debian, Ubuntu", tool: "apt" as const },
    { on: "RHEL, Fedora", tool: "dnf" as const },
  ].map(({ on, tool }) => ({
    do: `install ${what} (${on})${after === undefined ? "" : ` and ${after.then}`}`,
    commands: [{ host, command: `${tool} install ${packages[tool]}` }, ...(after?.commands ?? [])],
  }));
}
