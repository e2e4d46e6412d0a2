/** Readers of virsh's output under LC_ALL=C, seen with libvirt 9.0.0 and 11.3.0. */
import type { DomainState, JobInfo } from "../core/domain";

/** "running (booted)" → { state: "running", reason: "booted" }. */
export function parseDomState(text: string): DomainState {
  const match = /^(.+?)(?: \((.+)\))?$/.exec(text.trim());
  return { state: match?.[1] ?? "", reason: match?.[2] ?? "" };
}

/** `list --uuid --name`: a UUID and a name a line; the name may have spaces. */
export function parseDomainList(text: string): { uuid: string; name: string }[] {
  return lines(text).flatMap((line) => {
    const match = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\s+(.+)$/.exec(line);
    return match ? [{ uuid: match[1]!, name: match[2]! }] : [];
  });
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
  const number = (key: string) => {
    const value = fields.get(key);
    return value === undefined || value === "" ? undefined : Number(value);
  };
  const operation = number("operation");
  return {
    type: jobTypes[number("Job type") ?? 0] ?? "none",
    operation:
      operation === 5 ? "outgoing" : operation === 4 ? "incoming" : operation === undefined ? undefined : "other",
    elapsedMs: number("time_elapsed"),
    downtimeMs: number("downtime"),
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
    throttlePercent: number("auto_converge_throttle"),
    error: fields.get("errmsg"),
  };
}

function pages(count: number | undefined, size: number | undefined): number | undefined {
  return count === undefined ? undefined : count * (size ?? 4096);
}

/** `version --daemon`: what runs there, "9.0.0" and "7.2.22". */
export function parseVersions(text: string): { libvirt: string | undefined; qemu: string | undefined } {
  return {
    libvirt: /Running against daemon: (\S+)/.exec(text)?.[1] ?? /Using library: libvirt (\S+)/.exec(text)?.[1],
    qemu: /Running hypervisor: QEMU (\S+)/.exec(text)?.[1],
  };
}

/** `help migrate`: the options this virsh has. */
export function parseHelpOptions(text: string): Set<string> {
  return new Set(text.match(/--[a-z][a-z0-9-]+/g) ?? []);
}

/** `migrate-getmaxdowntime` → milliseconds; `migrate-getspeed` → MiB/s. */
export function parseNumber(text: string): number | undefined {
  return /^\d+$/.test(text.trim()) ? Number(text.trim()) : undefined;
}

/** `capabilities`: the host's own UUID, by which libvirt tells that two names are one machine. */
export function parseHostUuid(text: string): string | undefined {
  return /<host>\s*<uuid>([^<]+)<\/uuid>/.exec(text)?.[1];
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
