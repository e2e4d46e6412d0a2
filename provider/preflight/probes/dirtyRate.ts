/** How fast VMs dirty their memory. Reads, but for the counting itself, which a guest does not notice. */
import { wholeNumber } from "../../core/numbers";
import type { Clock } from "../../core/ports";
import { isOutgoing } from "../../core/situation";
import { validity } from "../../core/times";
import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";
import { parseDomainStats } from "../../virsh/domainStats";
import { head, sections } from "../../virsh/sections";
import { sh, type ShellScript } from "../../virsh/shellScript";
import { command } from "../../virsh/virshCommand";

/** Counted again only when this old: a preview of many changes asks each host once. */
const validMs = 60_000;
/** So many VMs of a host are measured at once, for those that are asked of next. */
const mostMeasured = 24;
/** From the preview to the `up` that was reviewed meanwhile; later, what the guest does may have changed. */
const lastValidSeconds = 3600;
/** QEMU is done a moment after the time is over, as a rule. */
const firstPollMs = 10;
const longestPollMs = 100;
const mostPolls = 30;

/**
 * Undefined where it is not to be had. The first question measures all VMs that run on the host, since a preview of many changes asks for
 * one after the other.
 *
 * @param seconds how long dirty pages are counted; 0 = not at all.
 * @param onBegun called when the host counts, or is not asked to: what else it is asked stands in line behind that.
 */
export async function dirtyRateOf(
  hosts: Hosts,
  domain: { host: string; uuid: string; name: string },
  seconds: number,
  clock: Clock,
  onBegun: () => void,
): Promise<number | undefined> {
  try {
    if (seconds === 0) return undefined;
    const { first, others } = await ratesOn(hosts, { host: domain.host, first: domain.uuid, onBegun }, seconds, clock);
    return (await first).get(domain.name) ?? (await others).get(domain.name);
  } finally {
    onBegun();
  }
}

/** Begins to measure on hosts of the inventory, without waiting for it: more questions are to come. */
export function measureAhead(hosts: Hosts, most: number, seconds: number, clock: Clock): void {
  if (seconds === 0) return;
  for (const host of hosts.names.slice(0, most)) ratesOn(hosts, { host }, seconds, clock).catch(() => {});
}

interface Counting {
  host: string;
  /** The VM that is asked of. */
  first?: string;
  onBegun?: () => void;
}

/** Bytes per second by the name of the VM. */
type Rates = ReadonlyMap<string, number>;

interface RatesOfHost {
  /** Of the VM that was asked of. It does not wait for the others: which of them run has to be asked before. */
  first: Promise<Rates>;
  others: Promise<Rates>;
}

function ratesOn(
  hosts: Hosts,
  { host, first, onBegun = () => {} }: Counting,
  seconds: number,
  clock: Clock,
): Promise<RatesOfHost> {
  let isNew = false;
  const work = async () => {
    isNew = true;
    const virsh = await hosts.on(host);
    return measure({ virsh, seconds, clock }, first, onBegun);
  };
  const rates = hosts.remember(`${host}: dirty rates`, validMs, work);
  if (!isNew) onBegun();
  return rates;
}

interface Counter {
  virsh: Virsh;
  seconds: number;
  clock: Clock;
}

function measure(counter: Counter, first: string | undefined, onBegun: () => void): RatesOfHost {
  const running = counter.virsh.inquire(command`list --state-running --uuid`);
  const ofFirst = first === undefined ? Promise.resolve(new Map()) : count(counter, [first], onBegun);
  const ofOthers = async () => {
    const uuids = new Set((await running)?.split(/\s+/).filter((uuid) => uuid !== "" && uuid !== first) ?? []);
    return count(counter, [...uuids].slice(0, mostMeasured - 1), first === undefined ? onBegun : () => {});
  };
  const rates = { first: ofFirst, others: ofOthers() };
  // A command that has its answer ends, and closes the connection while the others are counted.
  for (const each of [rates.first, rates.others]) each.catch(() => {});
  return rates;
}

async function count(
  { virsh, seconds, clock }: Counter,
  uuids: readonly string[],
  onBegun: () => void,
): Promise<Rates> {
  // Counting dirty pages takes the very bitmap that a migration works with.
  const idle = await Promise.all(uuids.map(async (uuid) => ({ uuid, job: await virsh.job(uuid) })));
  const measured = idle
    .filter(({ job }) => job !== undefined && job.type !== "held" && !isOutgoing(job))
    .map(({ uuid }) => uuid);
  const askedAt = clock.now();
  const starting = measured.map(async (uuid) => ({
    uuid,
    answer: await virsh.inquire(command`domdirtyrate-calc ${uuid} --seconds ${seconds}`),
  }));
  onBegun();
  const started = await Promise.all(starting);
  const counted = started.filter(({ answer }) => answer !== undefined).map(({ uuid }) => uuid);
  if (counted.length === 0) return new Map();
  await clock.sleep(Math.max(0, askedAt + seconds * 1000 - clock.now()));
  let rates: Rates = new Map();
  for (let polls = 0; polls < mostPolls; polls++) {
    rates = parseDirtyRates((await virsh.inquire(command`domstats --dirtyrate ${counted}`)) ?? "");
    if (rates.size >= counted.length) break;
    await clock.sleep(Math.min(firstPollMs * 2 ** polls, longestPollMs));
  }
  return rates;
}

/**
 * What was last counted, by a preview as a rule: QEMU keeps it until the VM ends there. Counts nothing. Undefined where that is too long
 * ago, or never was.
 */
export async function lastDirtyRateOf(
  hosts: Hosts,
  { host, uuid, name }: { host: string; uuid: string; name: string },
  clock: Clock,
): Promise<number | undefined> {
  const virsh = await hosts.on(host);
  const [stats, clocks] = await Promise.all([
    virsh.inquire(command`domstats --dirtyrate ${uuid}`),
    clocksOf(hosts, virsh, clock),
  ]);
  const startedAt = [...(stats ?? "").matchAll(/^\s*dirtyrate\.calc_start_time=(\d+)\s*$/gm)];
  const started = wholeNumber(startedAt[0]?.[1] ?? "", maxSeconds);
  if (started === undefined || clocks === undefined) return undefined;
  const { now, uptime } = clocks;
  // QEMU counts from the host's boot before 8.2, and from 1970 since then.
  const ageSeconds = (started > uptime ? now : uptime) - started;
  return ageSeconds >= 0 && ageSeconds <= lastValidSeconds ? parseDirtyRates(stats ?? "").get(name) : undefined;
}

/** The host's, in seconds; asked once for many VMs, since they go as this computer's does. */
async function clocksOf(
  hosts: Hosts,
  virsh: Virsh,
  clock: Clock,
): Promise<{ now: number; uptime: number } | undefined> {
  const ask = async () => {
    const answer = await virsh.inquireShell(clocksScript());
    return answer && { text: answer.stdout, at: clock.now() };
  };
  const read = await hosts.remember(`${virsh.host}: clocks`, validity.settings, ask, (answer) => answer !== undefined);
  const [now, uptime] = (sections(read?.text ?? "").get("clocks") ?? "")
    .split("\n")
    .map((line) => wholeNumber(line, maxSeconds));
  if (read === undefined || now === undefined || uptime === undefined) return undefined;
  const since = (clock.now() - read.at) / 1000;
  return { now: now + since, uptime: uptime + since };
}

function clocksScript(): ShellScript {
  return sh`${head}
s clocks; date +%s; cut -d. -f1 /proc/uptime
s end`;
}

/** `domstats --dirtyrate`: bytes per second by domain name; those whose measurement is not done are left out. */
export function parseDirtyRates(text: string): Map<string, number> {
  const rates = new Map<string, number>();
  for (const [name, fields] of parseDomainStats(text)) {
    const mebibytes = wholeNumber(fields.get("dirtyrate.megabytes_per_second"), maxMiBps);
    if (mebibytes === undefined || fields.get("dirtyrate.calc_status") !== "2") continue;
    rates.set(name, mebibytes * 2 ** 20);
  }
  return rates;
}

/** In the year 5138, and as an uptime longer than any host's. */
const maxSeconds = 1e11;

/** Far more than any memory can be written at. */
const maxMiBps = 2 ** 30;
