/** Measures what a prediction needs. Reads, but for the measuring of dirty pages, which a guest does not notice. */
import type { LastMigration } from "../core/args";
import { isOutgoing } from "../core/situation";
import { lastRate } from "../core/predict/lastRate";
import { predict, type Prediction, type Prospect } from "../core/predict";
import type { Clock } from "../core/ports";
import { isCopied, type MoveFacts } from "../core/rules";
import { hostCapBytes } from "../core/predict/transferRate";
import type { Virsh } from "../virsh/client";
import { parseNumber } from "../virsh/parse";
import {
  linkScript,
  type LinkSpeed,
  memoryScript,
  parseDirtyRates,
  parseLinkSpeed,
  parseUsedBytes,
} from "../virsh/prospect";
import { command } from "../virsh/virshCommand";
import type { Hosts } from "../observe/hosts";

/** libvirt's own. */
const defaultDowntimeMs = 300;
/** One stream of QEMU's, where the link would take more; with TLS it has to encrypt besides. */
const streamBytesPerSecond = { plain: 1200 * 2 ** 20, tls: 500 * 2 ** 20 };
/** The last move may have shared the way with another one, and this one may have it alone. */
const measuredMargin = 2;
/** Measured again only when this old: a preview of many changes asks each host once. */
const dirtyRateMs = 60_000;
const linkMs = 60_000;
/** So many VMs of a host are measured at once, for those that are asked of next. */
const mostMeasured = 24;
const pollMs = 100;
const mostLooks = 30;

export interface PredictionSettings {
  /** How long dirty pages are counted, `vm-placement:dirtyRateSeconds`; 0 = not at all. */
  dirtyRateSeconds: number;
}

export interface Predicted {
  prediction: Prediction;
  prospect: Prospect;
}

/** What a prediction needs of the VM alone, as its host says it. */
export interface Measured {
  dirtyBytesPerSecond: number | undefined;
  downtime: string | undefined;
  speed: string | undefined;
  memory: string | undefined;
}

/** To be begun before the facts of the move are gathered: counting dirty pages takes longest, and the rest is there when they are. */
export async function measureDomain(
  hosts: Hosts,
  { host, uuid, name, state }: { host: string; uuid: string; name: string; state: string },
  settings: PredictionSettings,
  clock: Clock,
): Promise<Measured> {
  const dirty =
    state === "running"
      ? dirtyRateOf(hosts, { host, uuid, name }, settings, clock).catch(() => undefined)
      : Promise.resolve(state === "paused" ? 0 : undefined);
  const virsh = await hosts.virsh(host);
  const [downtime, speed, memory, dirtyBytesPerSecond] = await Promise.all([
    virsh.inquire(command`migrate-getmaxdowntime ${uuid}`),
    virsh.inquire(command`migrate-getspeed ${uuid}`),
    virsh.inquireShell(memoryScript(name)),
    dirty,
  ]);
  return { downtime, speed, memory: memory?.stdout, dirtyBytesPerSecond };
}

/**
 * Undefined for a VM that does not run: an offline move takes a moment.
 *
 * @param last the VM's last move, which may tell how fast this one sends.
 */
export async function estimate(
  hosts: Hosts,
  facts: MoveFacts,
  measuring: Promise<Measured> | undefined,
  last: LastMigration | undefined,
): Promise<Predicted | undefined> {
  const { domain, how, options, peer } = facts;
  if (domain === undefined || how !== "live" || measuring === undefined) return undefined;
  const [link, { downtime, speed, memory, dirtyBytesPerSecond }] = await Promise.all([
    linkOf(hosts, facts.source.host, peer?.dataAddress),
    measuring,
  ]);
  const usedBytes = parseUsedBytes(memory ?? "", domain.memoryBytes);
  const stream = options.tls ? streamBytesPerSecond.tls : streamBytesPerSecond.plain;
  const streams = options.parallel ? (options.parallelConnections ?? 2) : 1;
  const cap = options.bandwidthMiBps ?? (speed === undefined ? undefined : parseNumber(speed));
  const loginMs = peer?.login?.works ? peer.login.tookMs : 700;
  const overheadMs = 600 + 1.3 * loginMs;
  const { source, destination, command } = facts;
  const measured = lastRate(last, { from: source.host, to: destination.host, command });
  const capBytes = hostCapBytes(cap);
  const linkBytes = link?.bytesPerSecond ?? Infinity;
  const prospect: Prospect = {
    memoryBytes: Math.min(usedBytes ?? domain.memoryUsedBytes ?? domain.memoryBytes, domain.memoryBytes),
    diskBytes: domain.disks
      .filter((disk) => isCopied(disk, facts))
      .map(({ path }) => facts.sourceImages[path ?? ""])
      .reduce((sum, image) => sum + (image?.virtualSizeBytes ?? image?.sizeBytes ?? 0), 0),
    dirtyBytesPerSecond,
    bandwidthBytesPerSecond: Math.min(measured ?? stream * streams, linkBytes, capBytes),
    bandwidthAtMost: Math.min(
      measured === undefined ? Infinity : measured * measuredMargin,
      link?.isPhysical ? linkBytes : Infinity,
      capBytes,
    ),
    postCopyBytesPerSecond: Math.min(stream, linkBytes, (options.postCopyBandwidthMiBps ?? Infinity) * 2 ** 20),
    downtimeLimitMs:
      options.maxDowntimeMs ?? (downtime === undefined ? undefined : parseNumber(downtime)) ?? defaultDowntimeMs,
    overheadMs,
    options,
  };
  return { prediction: predict(prospect), prospect };
}

async function linkOf(hosts: Hosts, source: string, dataAddress: string | undefined): Promise<LinkSpeed | undefined> {
  if (dataAddress === undefined) return undefined;
  const answer = await hosts.remember(
    `${source}: link to ${dataAddress}`,
    linkMs,
    async () => (await hosts.virsh(source)).inquireShell(linkScript(dataAddress)),
    (said) => said !== undefined,
  );
  return parseLinkSpeed(answer?.stdout ?? "");
}

/**
 * How fast a VM dirties its memory; undefined where that is not to be had. The first question measures all that run on the host,
 * since a preview of many changes asks for one after the other.
 */
async function dirtyRateOf(
  hosts: Hosts,
  domain: { host: string; uuid: string; name: string },
  { dirtyRateSeconds: seconds }: PredictionSettings,
  clock: Clock,
): Promise<number | undefined> {
  if (seconds === 0) return undefined;
  const rates = await hosts.remember(`${domain.host}: dirty rates`, dirtyRateMs, async () =>
    measure(await hosts.virsh(domain.host), domain.uuid, seconds, clock),
  );
  return rates.get(domain.name);
}

/** Begins to measure on every host of the inventory, without waiting for it: more questions are to come. */
export function measureAhead(hosts: Hosts, settings: PredictionSettings, clock: Clock): void {
  if (settings.dirtyRateSeconds === 0 || hosts.names.length > 16) return;
  for (const host of hosts.names) {
    hosts
      .remember(`${host}: dirty rates`, dirtyRateMs, async () =>
        measure(await hosts.virsh(host), undefined, settings.dirtyRateSeconds, clock),
      )
      .catch(() => {});
  }
}

async function measure(
  virsh: Virsh,
  first: string | undefined,
  seconds: number,
  clock: Clock,
): Promise<Map<string, number>> {
  const running = [...new Set((await virsh.inquire(command`list --state-running --uuid`))?.split(/\s+/) ?? [])].filter(
    (uuid) => uuid !== "",
  );
  const chosen = running.sort((a, b) => Number(b === first) - Number(a === first)).slice(0, mostMeasured);
  // Counting dirty pages takes the very bitmap that a migration works with.
  const idle = await Promise.all(chosen.map(async (uuid) => ({ uuid, job: await virsh.job(uuid) })));
  const measured = idle
    .filter(({ job }) => job !== undefined && job.type !== "held" && !isOutgoing(job))
    .map(({ uuid }) => uuid);
  const started = await Promise.all(
    measured.map(async (uuid) => ({
      uuid,
      answer: await virsh.inquire(command`domdirtyrate-calc ${uuid} --seconds ${seconds}`),
    })),
  );
  const counted = started.filter(({ answer }) => answer !== undefined).map(({ uuid }) => uuid);
  if (counted.length === 0) return new Map();
  await clock.sleep(seconds * 1000);
  let rates = new Map<string, number>();
  for (let looks = 0; looks < mostLooks; looks++) {
    rates = parseDirtyRates((await virsh.inquire(command`domstats --dirtyrate ${counted}`)) ?? "");
    if (rates.size >= counted.length) break;
    await clock.sleep(pollMs);
  }
  return rates;
}
