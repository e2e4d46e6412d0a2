import type { Remedy } from "../problem";

/**
 * @param what with the version where one is needed.
 * @param packages their names, between blanks.
 * @param then what is to be done afterwards, in words.
 */
export function install(host: string, what: string, packages: { apt: string; dnf: string }, then = ""): Remedy[] {
  return [
    { on: "Debian, Ubuntu", tool: "apt" as const },
    { on: "RHEL, Fedora", tool: "dnf" as const },
  ].map(({ on, tool }) => ({
    do: `install ${what} (${on})${then}`,
    commands: [{ host, command: `${tool} install ${packages[tool]}` }],
  }));
}
