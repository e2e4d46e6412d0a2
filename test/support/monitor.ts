/** What libvirt was asked and what it told QEMU, from libvirt's own log: an option that did not get through is not in it. */
import type { LabHost } from "../../lab/libvirt";

const log = "/var/log/libvirt/libvirtd.log";

/** From now on the log has every command to QEMU and every request to migrate. Until libvirtd is started again. */
export async function openLog(hosts: readonly LabHost[]): Promise<void> {
  const settings = [
    `daemon-log-outputs 1:file:${log}`,
    `daemon-log-filters "1:qemu.qemu_migration 2:qemu.qemu_monitor 3:*"`,
  ];
  await Promise.all(hosts.map((host) => host.must(settings.map((setting) => `virt-admin ${setting}`).join(" && "))));
}

/** What QEMU was told of one migration. */
export interface QemuMigration {
  /** "source" began with `migrate`, "destination" with `migrate-incoming`. */
  side: "source" | "destination";
  /** Those that were switched on. */
  capabilities: ReadonlySet<string>;
  /** As they were when it began: bytes a second, milliseconds, percent. */
  parameters: Readonly<Record<string, unknown>>;
  uri: string;
  /** Parameters that were set after it had begun, in order. */
  later: Record<string, unknown>[];
}

interface Message {
  execute: string;
  arguments?: { uri?: string; capabilities?: { capability: string; state: boolean }[]; [name: string]: unknown };
}

/** Every migration that QEMU processes of this host were told to make, in order. */
export async function migrationsIn(host: LabHost): Promise<QemuMigration[]> {
  const text = await host.must(`grep -o 'QEMU_MONITOR_SEND_MSG: .*"execute":"migrate.*' ${log} || true`);
  const found: QemuMigration[] = [];
  const monitors = new Map<
    string,
    { capabilities: Set<string>; parameters: Record<string, unknown>; last?: QemuMigration }
  >();
  for (const line of text.split("\n")) {
    const [, address, json] = /mon=(\S+) msg=(\{.*\})/.exec(line) ?? [];
    if (address === undefined || json === undefined) continue;
    const { execute, arguments: given = {} } = JSON.parse(json) as Message;
    const monitor = monitors.get(address) ?? { capabilities: new Set<string>(), parameters: {} };
    monitors.set(address, monitor);
    if (execute === "migrate-set-capabilities") {
      for (const { capability, state } of given.capabilities ?? []) {
        if (state) monitor.capabilities.add(capability);
        else monitor.capabilities.delete(capability);
      }
    } else if (execute === "migrate-set-parameters") {
      Object.assign(monitor.parameters, given);
      monitor.last?.later.push(given);
    } else if (execute === "migrate" || execute === "migrate-incoming") {
      monitor.last = {
        side: execute === "migrate" ? "source" : "destination",
        capabilities: new Set(monitor.capabilities),
        parameters: { ...monitor.parameters },
        uri: given.uri ?? "",
        later: [],
      };
      found.push(monitor.last);
    }
  }
  return found;
}

/** What libvirt on the source was asked: `qemuMigrationSrcPerform`. */
export interface MigrationRequest {
  /** virDomainMigrateFlags. */
  flags: number;
  capMiBps: number;
  /** `--migrateuri`. */
  uri: string | undefined;
  listenAddress: string | undefined;
  /** How many disks were named. */
  disks: number;
  disksPort: number;
}

/** The bits of `flags`, as libvirt-domain.h has them. */
export const migrateFlags = {
  tunnelled: 1 << 2,
  changeProtection: 1 << 8,
  unsafe: 1 << 9,
  abortOnError: 1 << 12,
} as const;

async function requestsTo(host: LabHost): Promise<MigrationRequest[]> {
  const text = await host.must(`grep -E ' qemuMigrationSrcPerform:' ${log} || true`);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const field = (name: string) => {
        const value = new RegExp(`[ ,]${name}=([^,]*)`).exec(line)?.[1];
        return value === "<null>" || value === "(null)" ? undefined : value;
      };
      return {
        flags: Number(field("flags")),
        capMiBps: Number(field("resource")),
        uri: field("uri"),
        listenAddress: field("listenAddress"),
        disks: Number(field("nmigrate_disks")),
        disksPort: Number(field("nbdPort")),
      };
    });
}

/** VMs that move at once are told apart by caps of their own, MiB/s. */
export async function requestWithCap(host: LabHost, capMiBps: number): Promise<MigrationRequest> {
  return only(await requestsTo(host), (request) => request.capMiBps === capMiBps, capMiBps, host);
}

export async function migrationWithCap(host: LabHost, capMiBps: number): Promise<QemuMigration> {
  const hasCap = ({ parameters }: QemuMigration) => parameters["max-bandwidth"] === capMiBps * 2 ** 20;
  return only(await migrationsIn(host), hasCap, capMiBps, host);
}

function only<T>(all: readonly T[], matches: (one: T) => boolean, capMiBps: number, host: LabHost): T {
  const [one, ...more] = all.filter(matches);
  if (one && more.length === 0) return one;
  throw new Error(`not one migration with a cap of ${capMiBps} MiB/s on ${host.name}: ${JSON.stringify(all)}`);
}
