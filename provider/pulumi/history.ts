/** `vm-placement:history`: each move becomes a line of a file, when it has ended. A move never fails for it. */
import { execFile } from "node:child_process";
import { appendFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { LastMigration } from "../core/args";
import { PlacementError } from "../core/errors";
import type { Migration } from "../core/migration";
import { isInMigration } from "../core/situation";
import type { Ports } from "../core/ports";
import { type HistoryEntry, historyVersion, type HostLoad } from "../history/entry";
import { Samples } from "../history/samples";
import type { Hosts } from "../observe/hosts";
import { givenOn } from "../preflight/probes/given";
import { systemOf } from "../preflight/probes/system";

export interface Kept {
  file: string;
  hosts: Hosts;
  /** Empty where the engine gave none. */
  urn: string;
}

/** The moves of one process: `pulumi up` starts one. */
export class History {
  private readonly run = `${new Date().toISOString()}-${process.pid}`;
  private commit: Promise<string | undefined> | undefined;

  /** Notes what happens to one placement: with the ports that it returns, until `end`. */
  begin(kept: Kept, ports: Ports): { ports: Ports; end: (how: Ended) => Promise<void> } {
    const { clock } = ports;
    const samples = new Samples();
    let migration: Migration | undefined;
    let startedAt = 0;
    let before: Promise<Loads> | undefined;
    const noted: Ports = {
      ...ports,
      inFlight: (now) => {
        ports.inFlight?.(now);
        if (now === undefined || migration === now.migration) return;
        migration = now.migration;
        startedAt = clock.now();
        before = loads(kept.hosts, migration, ports, migration.destination);
      },
      sampled: (job, inPostCopy) => samples.add(job, clock.now() - startedAt, inPostCopy),
    };
    const end = async (ended: Ended) => {
      if (migration === undefined) return;
      this.commit ??= commitOf(process.cwd());
      const [was, is, commit] = await Promise.all([before!, loads(kept.hosts, migration, ports), this.commit]);
      const times = { startedAt: new Date(startedAt).toISOString(), endedAt: new Date(clock.now()).toISOString() };
      const entry: HistoryEntry = {
        version: historyVersion,
        run: this.run,
        ...(kept.urn !== "" && { urn: kept.urn }),
        ...(commit !== undefined && { commit }),
        ...ofMigration(migration),
        ...times,
        ...outcomeOf(migration, ended),
        samples: samples.all,
        hosts: Object.fromEntries(
          [migration.source, migration.destination].map((host) => [
            host,
            { ...one("before", was[host]), ...one("after", is[host]) },
          ]),
        ),
      };
      await appendFile(kept.file, `${JSON.stringify(entry)}\n`, { mode: 0o600 }).catch((error: Error) =>
        ports.progress.warn(`vm-placement:history: this move is not in ${kept.file}: ${error.message}`),
      );
    };
    return { ports: noted, end };
  }
}

/** How a placement's create or update ended. */
export interface Ended {
  lastMigration?: LastMigration | undefined;
  error?: unknown;
}

function ofMigration({ domain, source, destination, how, reason, command, options }: Migration) {
  const { name: vm, uuid } = domain;
  return { vm, uuid, from: source, to: destination, how, reason, ...(command !== undefined && { command }), options };
}

function outcomeOf(
  { source, destination }: Migration,
  { lastMigration, error }: Ended,
): Pick<HistoryEntry, "outcome" | "error" | "measured" | "estimate"> {
  if (lastMigration !== undefined) {
    const { mode, durationMs, downtimeMs, totalBytes, bytesPerSecond, passes, predicted } = lastMigration;
    const all = { mode, durationMs, downtimeMs, totalBytes, bytesPerSecond, passes };
    return { outcome: "moved", measured: all as NonNullable<HistoryEntry["measured"]>, ...one("estimate", predicted) };
  }
  if (!(error instanceof PlacementError)) return { outcome: "unknown" };
  const { code, message, seen } = error.problem;
  const isOver = error.phase === "migrate" || error.phase === "verify" || stayed.has(code);
  const outcome =
    seen === undefined || !isOver || goesOn.has(code) || isInMigration(seen)
      ? "unknown"
      : ({ [destination]: "moved", [source]: "stayed" } as const)[seen.host];
  return { outcome: outcome ?? "unknown", error: { code, message } };
}

/** Of a migration that was cancelled while it was watched. */
const stayed = new Set<string>(["migrationTimedOut", "migrationCancelled"]);
/** The hosts were not seen to have ended it. */
const goesOn = new Set<string>(["migrationRunning", "postCopyInterrupted", "domainOnTwoHosts", "verificationFailed"]);

type Loads = Record<string, HostLoad | undefined>;

/** @param notYetOn the host to which the VM is on its way: libvirt there may list it already. */
async function loads(
  hosts: Hosts,
  { domain, source, destination }: Migration,
  { clock }: Ports,
  notYetOn?: string,
): Promise<Loads> {
  const each = async (host: string): Promise<[string, HostLoad | undefined]> => {
    try {
      const virsh = await hosts.on(host);
      const [given, system] = await Promise.all([givenOn(virsh), systemOf(hosts, virsh, false, clock)]);
      if (given === undefined) return [host, undefined];
      const vms = Object.entries(given).flatMap(([name, vm]) =>
        host === notYetOn && name === domain.name ? [] : [vm],
      );
      const memoryBytes = vms.reduce((sum, vm) => sum + vm.memoryBytes, 0);
      const vcpus = vms.reduce((sum, vm) => sum + vm.vcpus, 0);
      return [host, { vms: vms.length, memoryBytes, vcpus, ...one("totalMemoryBytes", system?.totalMemoryBytes) }];
    } catch {
      return [host, undefined];
    }
  };
  return Object.fromEntries(await Promise.all([source, destination].map(each)));
}

const one = <K extends string, V>(key: K, value: V | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };

async function commitOf(directory: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("git", ["rev-parse", "HEAD"], { cwd: directory, timeout: 2000 });
    return /^[0-9a-f]{40,64}$/.test(stdout.trim()) ? stdout.trim() : undefined;
  } catch {
    return undefined;
  }
}
