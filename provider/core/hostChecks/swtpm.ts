import { restarting } from "../daemons";
import type { Problem } from "../problem";
import { named, problem } from "./check";
import type { HostState } from "./state";

export function swtpm(state: HostState): Problem[] | undefined {
  const { host, guests, swtpmMissing, daemons: known } = state;
  const using = guests?.filter(({ hasTpm }) => hasTpm).map(({ name }) => name);
  if (swtpmMissing === undefined || using === undefined) return undefined;
  if (swtpmMissing.length === 0 || using.length === 0) return [];
  return [
    problem(
      state,
      "swtpm",
      "warning",
      `${host} has no ${swtpmMissing.join(" and no ")}, but VMs with an emulated TPM need it (${named(using)})`,
      ["apt", "dnf"].map((tool) => ({
        do: tool === "apt" ? "install it (Debian, Ubuntu)" : "install it (RHEL, Fedora)",
        commands: [{ host, command: `${tool} install swtpm swtpm-tools` }, ...restarting(host, known).commands],
      })),
    ),
  ];
}
