/** A maintenance on the hosts of a session, with its files and with `pulumi up`. */
import { outputOf, removeCommand, startCommand } from "../../maintain/detached";
import { newId, observeHost, reboot, shutDown, start } from "../../maintain/host";
import type { World } from "../../maintain/world";
import { parsePlacements } from "../../placements/parse";
import { gather } from "../fleet/gather";
import { UsageError } from "../inventory";
import { textOf, writeWhole } from "../placementsFile";
import type { Session } from "../verb";
import { withFreshHosts } from "./freshHosts";
import { healthOf } from "./health";
import type { JournalFile } from "./journalFile";
import { planOf } from "./planOf";

export interface WorldOptions {
  file: string;
  journalFile: JournalFile;
  rebootTimeoutMs: number;
  shutdownTimeoutMs: number;
  interrupted: () => boolean;
  yes: boolean;
  json: boolean;
  stack: string | undefined;
}

/** Services of a host go on starting for a while. */
const healthMs = 120_000;
const pollMs = 5000;

export function worldOf(session: Session, options: WorldOptions): World {
  const { file, journalFile, interrupted } = options;
  const { hosts, clock } = session;
  const shellOf = async (host: string) => (await hosts.on(host)).shell;
  return {
    clock,
    newId,
    interrupted,
    rebootTimeoutMs: options.rebootTimeoutMs,
    say: (text) => session.row({ text }),
    save: (journal) => journalFile.save(journal),
    remove: () => journalFile.remove(),
    observe: (host, commandId) => observeHost(hosts, host, commandId),
    plan: (goal, host) => withFreshHosts(session, (other) => planOf(other, file, goal, host)),
    edit: async ({ before, text }) => {
      if ((await textOf(file)) !== before) return false;
      await writeWhole(file, text);
      return true;
    },
    up: (refresh) => session.local.pulumi(upWords(options, refresh), options.json),
    compare: (vms) => withFreshHosts(session, (other) => astray(other, file, vms)),
    shutDown: (host, vms) => shutDown(hosts, host, vms, { clock, limitMs: options.shutdownTimeoutMs, interrupted }),
    startCommand: async (host, id, command) => startCommand(await shellOf(host), id, command),
    output: async (host, id, from) => outputOf(await shellOf(host), id, from),
    reboot: (host, bootId, command) => reboot(hosts, host, bootId, command),
    doctor: (host) => untilHealthy(session, file, host, interrupted),
    start: (host, vms) => start(hosts, host, vms, clock),
    clean: async (host, id) => removeCommand(await shellOf(host), id),
  };
}

function upWords({ yes, stack }: WorldOptions, refresh: boolean): string[] {
  return [
    "up",
    "--continue-on-error",
    ...(refresh ? ["--refresh"] : []),
    ...(yes ? ["--yes"] : []),
    ...(stack === undefined ? [] : ["--stack", stack]),
  ];
}

async function astray(session: Session, file: string, vms: readonly string[]): Promise<string[]> {
  const { placements, domains } = await gather(session, file, []);
  return vms.flatMap((vm) => {
    const desired = placements.vms[vm]?.host;
    const host = domains.get(vm)?.host;
    if (desired === undefined || desired === host) return [];
    return host === undefined ? `${vm} is not seen on ${desired}` : `${vm} is on ${host}, not on ${desired}`;
  });
}

async function untilHealthy(
  session: Session,
  file: string,
  host: string,
  interrupted: () => boolean,
): Promise<string[]> {
  const { clock } = session;
  const startedAt = clock.now();
  let said = "";
  for (;;) {
    const partners = await partnersOf(session, file, host);
    const wrong = await withFreshHosts(session, (other) => healthOf(other.hosts, host, partners, clock));
    if (wrong.length === 0 || interrupted() || clock.now() - startedAt >= healthMs) return wrong;
    const text = `${host}: is not healthy yet: ${wrong.join("; ")}`;
    if (text !== said) session.row({ text });
    said = text;
    await clock.sleep(pollMs);
  }
}

/** The hosts that VMs come back from. */
async function partnersOf({ settings }: Session, file: string, host: string): Promise<string[]> {
  const text = await textOf(file);
  if (text === undefined) throw new UsageError(`there is no ${file}`);
  const { placements } = parsePlacements(text, { file, hosts: Object.keys(settings.inventory) });
  const left = Object.keys(placements.evacuated[host] ?? {});
  const hosts = left.flatMap((vm) => placements.vms[vm]?.host ?? []);
  return [...new Set(hosts)].filter((name) => Object.hasOwn(settings.inventory, name));
}
