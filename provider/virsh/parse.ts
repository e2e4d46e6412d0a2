/** Readers of virsh's output under LC_ALL=C, seen with libvirt 9.0.0 and 11.3.0. Each reads its text once, however long it is. */
import { cleanLine } from "../core/clean";
import type { DomainState, JobInfo } from "../core/domain";
import { wholeNumber } from "../core/numbers";

/** libvirt's longest state or reason has some 20 letters. */
const maxStateLength = 64;

/** "running (booted)" → { state: "running", reason: "booted" }. */
export function parseDomState(text: string): DomainState {
  const line = cleanLine(text.trim(), maxStateLength);
  const at = line.indexOf(" (", 1);
  if (at < 0 || !line.endsWith(")") || line.length - at < 4) return { state: line, reason: "" };
  return { state: line.slice(0, at), reason: line.slice(at + 2, -1) };
}

/**
 * `list --uuid --name`: a UUID and a name a line, the name as it is (blanks at its ends, CR, U+2028). A name with a line break in it
 * shows as several lines: domainList.ts.
 */
export function parseDomainList(text: string): { uuid: string; name: string }[] {
  const found = text.split("\n").flatMap((line) => {
    const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?= )/.exec(line)?.[0];
    return uuid === undefined ? [] : [{ uuid, name: line.slice(uuid.length + 1) }];
  });
  // Where libvirt pads each name to 30 characters the name's own blanks at the end are lost.
  const padded = found.every(({ name }) => Buffer.byteLength(name) >= 30);
  return padded ? found.map(({ uuid, name }) => ({ uuid, name: name.trimEnd() })) : found;
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/** `list --uuid`, `list --autostart --uuid`: a UUID a line. */
export function parseUuids(text: string): Set<string> {
  return new Set(lines(text));
}

const jobTypes = ["none", "bounded", "unbounded", "completed", "failed", "cancelled"] as const;

/** `domjobinfo --rawstats`: "Job type: N", then `key: value` lines; only a job has them. */
export function parseJobInfo(text: string): JobInfo {
  const fields = new Map(
    lines(text).map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const number = (key: string, most?: number) => wholeNumber(fields.get(key), most);
  const operation = number("operation");
  const error = fields.get("errmsg");
  return {
    type: jobTypes[number("Job type") ?? 0] ?? "none",
    operation:
      operation === 5 ? "outgoing" : operation === 4 ? "incoming" : operation === undefined ? undefined : "other",
    elapsedMs: number("time_elapsed", maxMs),
    downtimeMs: number("downtime", maxMs),
    memoryTotalBytes: number("memory_total"),
    memoryRemainingBytes: number("memory_remaining"),
    memoryProcessedBytes: number("memory_processed"),
    memoryBytesPerSecond: number("memory_bps"),
    memoryNormalBytes: number("memory_normal_bytes"),
    memoryConstantBytes: pages(number("memory_constant"), number("memory_page_size")),
    dirtyBytesPerSecond: pages(number("memory_dirty_rate"), number("memory_page_size")),
    passes: number("memory_iteration"),
    postCopyRequests: number("memory_postcopy_requests"),
    diskTotalBytes: number("disk_total"),
    diskRemainingBytes: number("disk_remaining"),
    diskProcessedBytes: number("disk_processed"),
    throttlePercent: number("auto_converge_throttle", 100),
    error: error === undefined ? undefined : cleanLine(error),
  };
}

/** A hundred years: no migration takes longer. */
const maxMs = 100 * 365 * 86_400_000;

function pages(count: number | undefined, size = 4096): number | undefined {
  return count !== undefined && Number.isSafeInteger(count * size) ? count * size : undefined;
}

/** `version --daemon`: what runs there, "9.0.0" and "7.2.22". */
export function parseVersions(text: string): { libvirt: string | undefined; qemu: string | undefined } {
  const version = (before: RegExp) => {
    const found = before.exec(text);
    const word = found === null ? "" : text.slice(found.index + found[0].length).split(/\s/, 1)[0]!;
    return /^\d{1,4}(?:\.\d{1,4}){1,3}$/.test(word) ? word : undefined;
  };
  return {
    libvirt: version(/Running against daemon: /) ?? version(/Using library: libvirt /),
    qemu: version(/Running hypervisor: QEMU /),
  };
}

/** `help migrate`: the options this virsh has. */
export function parseHelpOptions(text: string): Set<string> {
  return new Set(text.match(/--[a-z][a-z0-9-]+/g) ?? []);
}

/** `migrate-getmaxdowntime` → milliseconds; `migrate-getspeed` → MiB/s. */
export function parseNumber(text: string): number | undefined {
  return wholeNumber(text.trim());
}

/** `hostname`: undefined for what cannot be one, since it is connected to. */
export function parseHostname(text: string): string | undefined {
  const name = text.trim();
  return /^[A-Za-z0-9][\w.:-]{0,252}$/.test(name) ? name : undefined;
}

/** `capabilities`: the host's own UUID, by which libvirt recognises that two names are one host. */
export function parseHostUuid(text: string): string | undefined {
  const uuid = /<host>\s*<uuid>([^<]{1,64})<\/uuid>/.exec(text)?.[1];
  return uuid !== undefined && isUuid(uuid) ? uuid : undefined;
}

/** `domblklist --details`: the paths of the disks that are files. A device's name has no space, a path may. */
export function parseDiskFiles(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const words = line.trim().split(/ +/, 3);
    const path = line.indexOf("/");
    return words[0] === "file" && words[1] === "disk" && path > 0 ? [line.slice(path).trimEnd()] : [];
  });
}

/** `domstats --balloon`: bytes that QEMU holds. */
export function parseResidentBytes(text: string): number | undefined {
  const kib = wholeNumber(/balloon\.rss=(\d{1,20})/.exec(text)?.[1]);
  return kib === undefined || !Number.isSafeInteger(kib * 1024) ? undefined : kib * 1024;
}

/** `blockjob --raw`: whether the disk has a job. */
export function hasBlockJob(text: string): boolean {
  return lines(text).some((line) => line.startsWith("type="));
}

/** `blockjob --raw`: how much of the disk is copied; undefined where it has no job, or no size is known yet. */
export function parseBlockJob(text: string): { doneBytes: number; allBytes: number } | undefined {
  const value = (key: string) => wholeNumber(lines(text).find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1)); // prettier-ignore
  const [doneBytes, allBytes] = [value("cur"), value("end")];
  return doneBytes === undefined || !allBytes ? undefined : { doneBytes: Math.min(doneBytes, allBytes), allBytes };
}

/** `list --all --uuid`: lines that name no domain. Where there is one, a domain may be missing from the list. */
export function unreadableDomains(text: string): string[] {
  return lines(text).filter((line) => !isUuid(line));
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
