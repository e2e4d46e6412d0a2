/** Measures what a prediction needs. Reads, but for the measuring of dirty pages, which a guest does not notice. */
import { connectionsTo, leastConnections } from "../core/linkSpeed";
import type { LastMigration } from "../core/args";
import { isPaused, isRunning } from "../core/situation";
import { lastRate } from "../core/predict/lastRate";
import { predict } from "../core/predict";
import { ratiosOf } from "../core/predict/past";
import type { MoveEstimateInput, Prediction, Range } from "../core/predict/types";
import type { Clock } from "../core/ports";
import { withTimeout } from "../core/timeout";
import { isCopied, type MoveFacts } from "../core/problems";
import { hostCapBytes } from "../core/predict/transferRate";
import { parseNumber } from "../virsh/parse";
import { command } from "../virsh/virshCommand";
import type { Hosts } from "../observe/hosts";
import { dirtyRateOf, lastDirtyRateOf } from "./probes/dirtyRate";
import { guestMemoryOf, parseUsedBytes } from "./probes/guestMemory";
import { linkTo } from "./probes/link";

/** libvirt's own. */
const defaultDowntimeMs = 300;
/** One stream of QEMU's, where the link would take more; with TLS it has to encrypt besides. */
const streamBytesPerSecond = { plain: 1200 * 2 ** 20, tls: 500 * 2 ** 20 };
/** How much of an assumed, of a measured rate, and of one that a cap sets, a move that goes badly reaches. */
const reached = { assumed: 1 / 6, measured: 0.6, capped: 0.8 };
/** The last move may have shared the way with another one, and this one may have it alone. */
const measuredMargin = 2;

export interface PredictionSettings {
  /** How long dirty pages are counted, `vm-placement:dirtyRateSeconds`; 0 = not at all. */
  dirtyRateSeconds: number;
}

export interface Predicted {
  prediction: Prediction;
  input: MoveEstimateInput;
}

/** What a prediction needs of the VM alone, as its host says it. */
export interface Measured {
  dirtyBytesPerSecond: number | undefined;
  downtime: string | undefined;
  speed: string | undefined;
  memory: string | undefined;
}

type MeasuredDomain = Parameters<typeof dirtyRateOf>[1] & { state: string };

export interface Measuring {
  /** The host counts dirty pages, or does not have to. */
  begun: Promise<void>;
  measured: Promise<Measured>;
}

/**
 * To be begun before the facts of the move are gathered, and they after it has begun: counting dirty pages takes longest, a host answers one
 * question after the other, and the rest is there when they are counted.
 */
export function measureDomain(
  hosts: Hosts,
  domain: MeasuredDomain,
  { dirtyRateSeconds }: PredictionSettings,
  clock: Clock,
): Measuring {
  let onBegun = () => {};
  const begun = new Promise<void>((resolve) => (onBegun = resolve));
  const count = () => dirtyRateOf(hosts, domain, dirtyRateSeconds, clock, onBegun);
  const measured = measure(hosts, domain, { count, begun, onBegun });
  // It is waited for last: what else fails comes first.
  measured.catch(() => {});
  return { begun, measured };
}

/** The same for `up`, which waits for no count of dirty pages: the host still has what the preview counted. */
export async function remeasureDomain(
  hosts: Hosts,
  domain: MeasuredDomain,
  { dirtyRateSeconds }: PredictionSettings,
  clock: Clock,
): Promise<Measured> {
  const count = () => (dirtyRateSeconds === 0 ? Promise.resolve(undefined) : lastDirtyRateOf(hosts, domain, clock));
  return measure(hosts, domain, { count, begun: Promise.resolve(), onBegun: () => {} });
}

async function measure(
  hosts: Hosts,
  domain: MeasuredDomain,
  { count, begun, onBegun }: { count: () => Promise<number | undefined>; begun: Promise<void>; onBegun: () => void },
): Promise<Measured> {
  const { host, uuid, name } = domain;
  const dirty = isRunning(domain) ? count().catch(() => undefined) : isPaused(domain) ? 0 : undefined;
  if (!isRunning(domain)) onBegun();
  const virsh = await hosts.on(host);
  await begun;
  const [downtime, speed, memory, dirtyBytesPerSecond] = await Promise.all([
    virsh.inquire(command`migrate-getmaxdowntime ${uuid}`),
    virsh.inquire(command`migrate-getspeed ${uuid}`),
    guestMemoryOf(virsh, name),
    dirty,
  ]);
  return { downtime, speed, memory, dirtyBytesPerSecond };
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
  const { domain, how, peer } = facts;
  if (domain === undefined || how !== "live" || measuring === undefined) return undefined;
  const options = withTimeout(facts.options, domain.memoryBytes);
  const [link, { downtime, speed, memory, dirtyBytesPerSecond }] = await Promise.all([
    linkTo(hosts, facts.source.host, peer?.dataAddress),
    measuring,
  ]);
  const usedBytes = parseUsedBytes(memory ?? "", domain.memoryBytes);
  const stream = options.tls ? streamBytesPerSecond.tls : streamBytesPerSecond.plain;
  const streams = options.parallel
    ? (connectionsTo(hosts.host(facts.destination.host), options.parallelConnections) ?? leastConnections)
    : 1;
  const cap = options.bandwidthMiBps ?? (speed === undefined ? undefined : parseNumber(speed));
  const loginMs = peer?.login?.works ? peer.login.tookMs : 700;
  const overheadMs = 400 + 1.3 * loginMs;
  const { source, destination, command } = facts;
  const measured = lastRate(last, { from: source.host, to: destination.host, command });
  const capBytes = hostCapBytes(cap);
  const linkBytes = link?.bytesPerSecond ?? Infinity;
  const input: MoveEstimateInput = {
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
    bandwidthRange: rangeOf(Math.min(stream * streams, linkBytes), measured, capBytes),
    postCopyBytesPerSecond: Math.min(stream, linkBytes, (options.postCopyBandwidthMiBps ?? Infinity) * 2 ** 20),
    downtimeLimitMs:
      options.maxDowntimeMs ?? (downtime === undefined ? undefined : parseNumber(downtime)) ?? defaultDowntimeMs,
    overheadMs,
    pastRatios: ratiosOf(last),
    options,
  };
  return { prediction: predict(input), input };
}

/** The rate of a move that goes badly, and of one that goes well. */
function rangeOf(assumed: number, measured: number | undefined, cap: number): Range {
  const worst = measured === undefined ? assumed * reached.assumed : measured * reached.measured;
  const best = measured === undefined ? assumed : Math.min(measured * measuredMargin, assumed);
  return { worst: Math.min(worst, cap * reached.capped), best: Math.min(Math.max(best, worst), cap) };
}
