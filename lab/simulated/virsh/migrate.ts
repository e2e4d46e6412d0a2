import { type Answer, noDomain, notRunning } from "../answers";
import type { SimulatedDomain } from "../domain";
import type { SimulatedHost } from "../host";
import { inLanguage } from "../languages";
import type { Network, SimulatedMigration } from "../network";
import { isShutOff } from "./state";
import { wordsOf } from "./words";

/** What `--xml` and `--persistent-xml` read. */
export interface GivenXml {
  live: string;
  persistent: string;
}

interface Migration extends SimulatedMigration {
  xml: GivenXml | undefined;
  has: (option: string) => boolean;
}

/** `virsh migrate`, which ends when the migration does. */
export async function migrate(
  network: Network,
  source: SimulatedHost,
  command: string,
  xml?: GivenXml,
): Promise<Answer> {
  return inLanguage(source.options.language, await migrated(network, source, command, xml));
}

async function migrated(
  network: Network,
  source: SimulatedHost,
  command: string,
  xml: GivenXml | undefined,
): Promise<Answer> {
  source.onCommand(command);
  source.commands.push(command);
  const failing = source.failure(command);
  if (failing !== undefined) return { err: failing };
  const answer = await start(network, source, command, xml);
  return network.finalStderr === undefined ? answer : { err: network.finalStderr };
}

function start(
  network: Network,
  source: SimulatedHost,
  command: string,
  xml: GivenXml | undefined,
): Answer | Promise<Answer> {
  const words = wordsOf(command);
  const [name, uri] = words.slice(-2) as [string, string];
  const domain = source.find(name);
  if (!domain) return noDomain(name);
  const destination = network.byPeerUri(uri);
  if (!destination || destination.down) return { err: `unable to connect to server at '${uri}': Connection refused` };
  if (destination === source)
    return { err: `internal error: Attempt to migrate guest to the same host ${network.uuidOf(source)}` };
  const has = (option: string) => words.includes(option);
  const migration = { command, domain, source, destination, xml, has };
  if (has("--xml") && xml === undefined)
    return { err: "cannot read file '/dev/fd/3': Failed to open file '/dev/fd/3': No such file or directory" };
  const refusal = refused(migration);
  if (refusal !== undefined) return { err: refusal };
  return migration.has("--live") ? migrateLive(network, migration) : migrateOffline(network, migration);
}

function refused(migration: Migration): string | undefined {
  const { domain, destination, xml, has } = migration;
  if (has("--postcopy-resume")) return undefined;
  const live = has("--live");
  if (live && isShutOff(domain)) return notRunning.err;
  if (live && domain.job !== undefined)
    return `Requested operation is not valid: another migration job is already running for domain '${domain.name}'`;
  if (has("--postcopy") && domain.state === "paused")
    return "Operation not supported: post-copy migration is not supported with non-live or paused migration";
  const disks = (xml && devicesOn(migration).disks) ?? domain.disks;
  const missing = has("--copy-storage-all") ? disks?.find(({ path }) => !destination.images.get(path)) : undefined;
  if (missing)
    return `Storage pool not found: no storage pool with matching target path '${missing.path.slice(0, missing.path.lastIndexOf("/"))}'`;
  const other = destination.find(domain.uuid);
  if (other && !isShutOff(other)) return `operation failed: domain '${other.name}' is already active`;
  return undefined;
}

async function migrateLive(network: Network, migration: Migration): Promise<Answer> {
  const { domain, source, destination, has } = migration;
  const { state } = domain;
  const arrivedAtMs = network.now();
  const resumed = has("--postcopy-resume");
  const before = destination.find(domain.uuid);
  const copy = resumed && before ? before : incoming(domain);
  if (before !== copy) destination.domains = [...destination.domains.filter((other) => other !== before), copy];
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
  destination.remove(copy);
  if (has("--copy-storage-all")) copyContent(migration);
  destination.domains.push({
    ...withoutJob(domain),
    ...devicesOn(migration),
    state: resumed ? "running" : state,
    reason: staysPaused ? "user" : "migrated",
    persistent: has("--persistent"),
    autostart: false,
    maxDowntimeMs: 300,
    arrivedAtMs,
    // Of a post-copy the destination has none.
    completedStatistics: !switched,
  });
  if (domain.persistent && (network.leavesDefinition || !has("--undefinesource")))
    Object.assign(domain, { state: "shut off", reason: "migrated" });
  else source.remove(domain);
  return {};
}

function copyContent(migration: Migration): void {
  const { domain, source, destination } = migration;
  const { disks = [] } = { ...domain, ...devicesOn(migration) };
  for (const [at, { path }] of disks.entries())
    destination.images.get(path)!.content = source.images.get(domain.disks![at]!.path)?.content ?? "";
}

/** Neither host can continue the post-copy without the other. */
function interrupt(source: SimulatedDomain, copy: SimulatedDomain): void {
  Object.assign(source, { state: "paused", reason: "post-copy failed" });
  Object.assign(copy, { state: "running", reason: "post-copy failed" });
  delete copy.job;
}

interface Copies {
  copy: SimulatedDomain;
  before: SimulatedDomain | undefined;
}

function rollBack({ domain, destination }: Migration, state: string, { copy, before }: Copies): void {
  // libvirt lets it run again where it had come to a stop.
  if (domain.state !== state) Object.assign(domain, { state, reason: "migration canceled" });
  destination.remove(copy);
  if (before) destination.domains.push(before);
}

function incoming(domain: SimulatedDomain): SimulatedDomain {
  return { ...domain, state: "paused", reason: "migrating", job: "incoming", persistent: false, autostart: false };
}

async function migrateOffline(network: Network, migration: Migration): Promise<Answer> {
  const { domain, source, destination, has } = migration;
  const error = await ended(network, migration);
  if (error !== undefined) return { err: error };
  destination.domains = destination.domains.filter(({ uuid }) => uuid !== domain.uuid);
  destination.domains.push({
    ...withoutJob(domain),
    ...devicesOn(migration),
    state: "shut off",
    reason: "unknown",
    persistent: true,
    autostart: false,
  });
  // Of one that runs libvirt copies the definition and says it is done.
  if (isShutOff(domain) && has("--undefinesource") && !network.leavesDefinition) source.remove(domain);
  return {};
}

/** The error with which it ended; undefined when it came through. */
async function ended(network: Network, migration: Migration): Promise<string | undefined> {
  const { domain, source, has } = migration;
  const postCopy = has("--postcopy");
  const { maxDowntimeMs, maxSpeedMiBps } = domain;
  const cancelled = new Promise<string>((cancel) => source.outgoing.set(domain.uuid, { cancel, postCopy }));
  try {
    return await Promise.race([cancelled, network.onMigrate(migration)]);
  } finally {
    source.outgoing.delete(domain.uuid);
    // What is set while a migration runs, libvirt takes back at its end.
    Object.assign(domain, { maxDowntimeMs, maxSpeedMiBps });
  }
}

/** Offline `--xml` decides alone. */
function devicesOn({ domain, xml, has }: Migration): Pick<SimulatedDomain, "devices" | "disks"> {
  if (xml === undefined) return {};
  const isListed = (disk: string) => domain.disks?.some(({ target }) => disk.includes(`dev='${target}'`));
  const inside = (text: string) =>
    (/<devices>([^]*)<\/devices>/.exec(text)?.[1] ?? "").replaceAll(/<disk .*?<\/disk>/g, (disk) => isListed(disk) ? "" : disk); // prettier-ignore
  return {
    devices: { live: inside(xml.live), persistent: inside(has("--live") ? xml.persistent : xml.live) },
    ...(domain.disks && { disks: domain.disks.map((disk) => ({ ...disk, path: pathIn(xml.live, disk) })) }),
  };
}

function pathIn(xml: string, { target, path }: NonNullable<SimulatedDomain["disks"]>[number]): string {
  const disk = (xml.match(/<disk .*?<\/disk>/g) ?? []).find((each) => each.includes(`dev='${target}'`));
  return /<source file='([^']+)'/.exec(disk ?? "")?.[1] ?? path;
}

function withoutJob({ job: _, ...domain }: SimulatedDomain): SimulatedDomain {
  return domain;
}
