import { type Answer, noDomain, notRunning } from "../answers";
import type { SimulatedDomain } from "../domain";
import type { SimulatedHost } from "../host";
import { inLanguage } from "../languages";
import type { Network, SimulatedMigration } from "../network";
import { isShutOff } from "./state";
import { wordsOf } from "./words";

interface Migration extends SimulatedMigration {
  has: (option: string) => boolean;
}

/** `virsh migrate`, which ends when the migration does. */
export async function migrate(network: Network, from: SimulatedHost, command: string): Promise<Answer> {
  return inLanguage(from.options.language, await migrated(network, from, command));
}

async function migrated(network: Network, from: SimulatedHost, command: string): Promise<Answer> {
  from.hears(command);
  from.commands.push(command);
  const failing = from.failure(command);
  if (failing !== undefined) return { err: failing };
  const answer = await start(network, from, command);
  return network.lastWord === undefined ? answer : { err: network.lastWord };
}

function start(network: Network, from: SimulatedHost, command: string): Answer | Promise<Answer> {
  const words = wordsOf(command);
  const [name, uri] = words.slice(-2) as [string, string];
  const domain = from.find(name);
  if (!domain) return noDomain(name);
  const to = network.byPeerUri(uri);
  if (!to || to.down) return { err: `unable to connect to server at '${uri}': Connection refused` };
  if (to === from) return { err: `internal error: Attempt to migrate guest to the same host ${network.uuidOf(from)}` };
  const migration = { command, domain, from, to, has: (option: string) => words.includes(option) };
  const refusal = refused(migration);
  if (refusal !== undefined) return { err: refusal };
  return migration.has("--live") ? migrateLive(network, migration) : migrateOffline(network, migration);
}

function refused({ domain, to, has }: Migration): string | undefined {
  if (has("--postcopy-resume")) return undefined;
  const live = has("--live");
  if (live && isShutOff(domain)) return notRunning.err;
  if (live && domain.job !== undefined)
    return `Requested operation is not valid: another migration job is already running for domain '${domain.name}'`;
  if (has("--postcopy") && domain.state === "paused")
    return "Operation not supported: post-copy migration is not supported with non-live or paused migration";
  const other = to.find(domain.uuid);
  if (other && !isShutOff(other)) return `operation failed: domain '${other.name}' is already active`;
  return undefined;
}

async function migrateLive(network: Network, migration: Migration): Promise<Answer> {
  const { domain, from, to, has } = migration;
  const { state } = domain;
  const resumed = has("--postcopy-resume");
  const before = to.find(domain.uuid);
  const copy = resumed && before ? before : incoming(domain);
  if (before !== copy) to.domains = [...to.domains.filter((other) => other !== before), copy];
  domain.job = "outgoing";
  const error = await ended(network, migration);
  const switched = domain.reason === "post-copy";
  delete domain.job;
  if (error !== undefined) {
    if (switched) interrupt(domain, copy);
    else rollBack(migration, state, { copy, before });
    return { err: error };
  }
  const staysPaused = state === "paused" && !resumed;
  to.remove(copy);
  to.domains.push({
    ...withoutJob(domain),
    state: resumed ? "running" : state,
    reason: staysPaused ? "user" : "migrated",
    persistent: has("--persistent"),
    autostart: false,
    maxDowntimeMs: 300,
    // Of a post-copy the destination has none.
    completedStatistics: !switched,
  });
  if (domain.persistent && (network.leavesDefinition || !has("--undefinesource")))
    Object.assign(domain, { state: "shut off", reason: "migrated" });
  else from.remove(domain);
  return {};
}

/** Neither half can go on without the other. */
function interrupt(source: SimulatedDomain, copy: SimulatedDomain): void {
  Object.assign(source, { state: "paused", reason: "post-copy failed" });
  Object.assign(copy, { state: "running", reason: "post-copy failed" });
  delete copy.job;
}

interface Copies {
  copy: SimulatedDomain;
  before: SimulatedDomain | undefined;
}

function rollBack({ domain, to }: Migration, state: string, { copy, before }: Copies): void {
  // libvirt lets it run again where it had come to a stop.
  if (domain.state !== state) Object.assign(domain, { state, reason: "migration canceled" });
  to.remove(copy);
  if (before) to.domains.push(before);
}

function incoming(domain: SimulatedDomain): SimulatedDomain {
  return { ...domain, state: "paused", reason: "migrating", job: "incoming", persistent: false, autostart: false };
}

async function migrateOffline(network: Network, migration: Migration): Promise<Answer> {
  const { domain, from, to, has } = migration;
  const error = await ended(network, migration);
  if (error !== undefined) return { err: error };
  to.domains = to.domains.filter(({ uuid }) => uuid !== domain.uuid);
  to.domains.push({ ...withoutJob(domain), state: "shut off", reason: "unknown", persistent: true, autostart: false });
  // Of one that runs libvirt copies the definition and says it is done.
  if (isShutOff(domain) && has("--undefinesource") && !network.leavesDefinition) from.remove(domain);
  return {};
}

/** The error with which it ended; undefined when it came through. */
async function ended(network: Network, migration: Migration): Promise<string | undefined> {
  const { domain, from, has } = migration;
  const postCopy = has("--postcopy");
  const cancelled = new Promise<string>((cancel) => from.outgoing.set(domain.uuid, { cancel, postCopy }));
  try {
    return await Promise.race([cancelled, network.onMigrate(migration)]);
  } finally {
    from.outgoing.delete(domain.uuid);
  }
}

function withoutJob({ job: _, ...domain }: SimulatedDomain): SimulatedDomain {
  return domain;
}
