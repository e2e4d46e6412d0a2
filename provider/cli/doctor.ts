/** Every prerequisite on each host and between each pair, with what to do; the same rules and texts as a preview. */
import { checkHost } from "../core/hostChecks";
import { PlacementError } from "../core/errors";
import { makePeerUri } from "../core/peerUri";
import type { Clock } from "../core/ports";
import { type Problem, renderProblem } from "../core/problem";
import { problems } from "../core/problems";
import { hostStateOn } from "../preflight/probes/hostState";
import { moveFacts } from "../preflight/facts";
import type { Hosts } from "../observe/hosts";
import { doctorCpu } from "./doctorCpu";
import { UsageError } from "./inventory";
import { table } from "./table";
import { exitCodes, knownHosts, type Verb } from "./verb";

export const doctorVerb: Verb<{ tls?: boolean; cpu?: boolean }> = {
  usage: "doctor [hosts...]",
  description: "every prerequisite on each host and between each pair, and how to fix what is missing; only reads",
  options: [
    ["--tls", "also what encrypted migrations need"],
    ["--cpu", "instead, the CPU that all of the hosts have, as XML, and the VMs that need more"],
  ],
  async run(session, words, { tls = false, cpu = false }) {
    if (tls && cpu)
      throw new UsageError("--cpu looks at CPUs alone: give --tls or --cpu, for example `vm-placement doctor --cpu`");
    const names = words.length > 0 ? knownHosts(session, words) : session.hosts.names;
    if (cpu) return doctorCpu(session, names);
    const diagnosis = await doctor(session.hosts, names, tls, session.clock);
    session.show(diagnosis, showDiagnosis);
    return isWell(diagnosis) ? exitCodes.fine : exitCodes.blocked;
  },
};

export interface Diagnosis {
  hosts: {
    host: string;
    libvirt: string | undefined;
    qemu: string | undefined;
    problems: Problem[];
    unchecked: string[];
  }[];
  pairs: { source: string; destination: string; problems: Problem[] }[];
}

/** No VM has it: the rules that look at one have nothing to say. */
const noDomain = "00000000-0000-0000-0000-000000000000";

/** @param pairsOf only the pairs of this host. */
export async function doctor(
  hosts: Hosts,
  names: readonly string[],
  tls: boolean,
  clock: Clock,
  pairsOf?: string,
): Promise<Diagnosis> {
  const each = await Promise.all(
    names.map(async (host) => {
      try {
        const virsh = await hosts.on(host);
        const { libvirt, qemu } = await virsh.versions();
        const state = await hostStateOn(hosts, virsh, usesSsh(hosts, names, host));
        return { host, libvirt, qemu, ...checkHost(state) };
      } catch (error) {
        const problems = [unanswered(error, host)];
        return { host, libvirt: undefined, qemu: undefined, problems, unchecked: [] };
      }
    }),
  );
  const well = each
    .filter(({ problems }) => !problems.some(({ rule }) => rule === "reachable"))
    .map(({ host }) => host);
  const pairs = well
    .flatMap((source) => well.filter((host) => host !== source).map((destination) => ({ source, destination })))
    .filter(({ source, destination }) => pairsOf === undefined || [source, destination].includes(pairsOf));
  const betweenThem = await Promise.all(pairs.map((pair) => between(hosts, pair, tls, clock)));
  for (const diagnosis of each) {
    if (well.includes(diagnosis.host)) diagnosis.problems.push(...(await fewSessions(hosts, diagnosis.host)));
  }
  return { hosts: each, pairs: betweenThem };
}

/** Known once the questions of the pairs have been asked. */
async function fewSessions(hosts: Hosts, host: string): Promise<Problem[]> {
  const limit = await hosts.on(host).then(
    ({ shell }) => shell.sessionsPerConnection,
    () => undefined,
  );
  if (limit === undefined) return [];
  return [
    {
      rule: "sessions",
      severity: "warning",
      code: "sessionRefused",
      host,
      message: `${host} takes only ${limit} session${limit === 1 ? "" : "s"} on an ssh connection, so further connections are opened`,
      remedies: [{ do: `raise MaxSessions in sshd_config of ${host} (default 10)` }],
    },
  ];
}

/** libvirt on the host connects to another by qemu+ssh. */
function usesSsh(hosts: Hosts, names: readonly string[], host: string): boolean {
  return names.some((name) => name !== host && makePeerUri(hosts.host(name)).startsWith("qemu+ssh:"));
}

async function between(
  hosts: Hosts,
  pair: { source: string; destination: string },
  tls: boolean,
  clock: Clock,
): Promise<Diagnosis["pairs"][number]> {
  const options = { mode: "auto", ...(tls && { tls }) } as const;
  const move = {
    domain: { uuid: noDomain, state: "running" },
    command: "virsh migrate",
    how: "live",
    staleImages: [],
  } as const;
  try {
    return { ...pair, problems: problems(await moveFacts(hosts, { ...move, ...pair, options }, clock)) };
  } catch (error) {
    return { ...pair, problems: [unanswered(error, pair.destination)] };
  }
}

function unanswered(error: unknown, host: string): Problem {
  if (!(error instanceof PlacementError)) throw error;
  const { code, message, remedies } = error.problem;
  return {
    rule: "reachable",
    severity: "blocker",
    code,
    host: error.host ?? host,
    message: `${host} cannot be asked: ${message}`,
    remedies,
  };
}

function isWell({ hosts, pairs }: Diagnosis): boolean {
  return ![...hosts, ...pairs].some(({ problems }) => problems.some(({ severity }) => severity === "blocker"));
}

function showDiagnosis({ hosts, pairs }: Diagnosis): string {
  const shown = (all: readonly Problem[]) =>
    all.length === 0 ? "ok" : all.map((problem) => `${problem.severity}: ${renderProblem(problem)}`).join("\n    ");
  return table([
    ["HOST OR PAIR", "LIBVIRT", "QEMU", "STATE"],
    ...hosts.map(({ host, libvirt, qemu, problems, unchecked }) => [
      host,
      libvirt ?? "?",
      qemu ?? "?",
      shown(problems) +
        (unchecked.length === 0 ? "" : `\n    not checked, the host does not tell: ${unchecked.join(", ")}`),
    ]),
    ...pairs.map(({ source, destination, problems }) => [`${source} → ${destination}`, "", "", shown(problems)]),
  ]);
}
