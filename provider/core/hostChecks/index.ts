/** What is wrong with a host by itself, whatever is moved: the checks of `vm-placement doctor`, by name. */
import type { Problem } from "../problem";
import type { Check } from "./check";
import { daemons, oneLayout, socketActive } from "./daemons";
import { confinement, machineTypes, nested, versions } from "./guests";
import { kvm } from "./kvm";
import { maxSessions } from "./maxSessions";
import { sshClient } from "./sshClient";
import type { HostState } from "./state";
import { swtpm } from "./swtpm";

export type { Guest, HostState } from "./state";

const checks: Readonly<Record<string, Check>> = {
  kvm,
  daemons,
  "one-daemon": oneLayout,
  "daemon-socket": socketActive,
  "ssh-client": sshClient,
  swtpm,
  nested,
  "deprecated-machine-type": machineTypes,
  "known-fault": versions,
  "max-sessions": maxSessions,
  confinement,
};

/** @returns what was found, and the names of the checks for which the host did not tell enough. */
export function checkHost(state: HostState): { problems: Problem[]; unchecked: string[] } {
  const results = Object.entries(checks).map(([name, check]) => ({ name, found: check(state) }));
  return {
    problems: results.flatMap(({ found }) => found ?? []),
    unchecked: results.filter(({ found }) => found === undefined).map(({ name }) => name),
  };
}
