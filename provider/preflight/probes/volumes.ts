import type { Disk, MoveFacts, VolumeOnHost } from "../../core/problems";
import type { Virsh } from "../../virsh/client";
import type { DomainDefinition } from "../../virsh/domainXml";
import { destinationPathOf, volumeOnDestination } from "../../core/problems";
import { parsePoolFreeBytes, parsePoolTarget } from "../../virsh/hostXml";
import { parseUuids } from "../../virsh/parse";
import { command } from "../../virsh/virshCommand";

/** Disks by pool and volume, as the file, device or network image that the volume is there; one that virsh does not tell of stays as it is. */
export async function withVolumes(virsh: Virsh, domain: DomainDefinition): Promise<DomainDefinition> {
  return { ...domain, disks: await Promise.all(domain.disks.map((disk) => resolved(virsh, disk))) };
}

async function resolved(virsh: Virsh, disk: Disk): Promise<Disk> {
  const { volume } = disk;
  if (volume === undefined || volume.pool === "" || volume.name === "") return disk;
  const path = (await virsh.inquire(command`vol-path --pool=${volume.pool} --vol=${volume.name}`))?.trim();
  if (path === undefined || path === "") return disk;
  if (!path.startsWith("/")) return { ...disk, type: "network" };
  return { ...disk, type: path.startsWith("/dev/") ? "block" : "file", path };
}

/** The pools and volumes that the disks have on the destination. Asked each time. */
export async function volumesOn(
  virsh: Virsh,
  domain: DomainDefinition | undefined,
  options: MoveFacts["options"],
): Promise<Pick<MoveFacts, "destinationVolumes">> {
  const disks = (domain?.disks ?? []).flatMap((disk) => {
    const volume = volumeOnDestination(disk, { options });
    return volume === undefined ? [] : [{ target: disk.target, volume }];
  });
  if (disks.length === 0) return {};
  const known = await Promise.all(
    disks.map(async ({ target, volume }) => [target, await volumeThere(virsh, volume)] as const),
  );
  return {
    destinationVolumes: Object.fromEntries(known.flatMap(([target, it]) => (it ? [[target, it] as const] : []))),
  };
}

async function volumeThere(
  virsh: Virsh,
  { pool, name }: NonNullable<Disk["volume"]>,
): Promise<VolumeOnHost | undefined> {
  const path = (await virsh.inquire(command`vol-path --pool=${pool} --vol=${name}`))?.trim();
  if (path !== undefined && path !== "") return { pool: "active", path };
  const [all, active, uuid] = await Promise.all([
    virsh.inquire(command`pool-list --all --uuid`),
    virsh.inquire(command`pool-list --uuid`),
    virsh.inquire(command`pool-uuid --pool=${pool}`),
  ]);
  if (all === undefined || active === undefined) return undefined;
  const its = uuid?.trim();
  if (its === undefined || !parseUuids(all).has(its)) return { pool: "missing" };
  if (!parseUuids(active).has(its)) return { pool: "inactive" };
  const xml = await virsh.inquire(command`pool-dumpxml --pool=${its}`);
  const freeBytes = xml === undefined ? undefined : parsePoolFreeBytes(xml);
  const target = xml === undefined ? undefined : parsePoolTarget(xml);
  return {
    pool: "active",
    path: undefined,
    ...(target !== undefined && { newPath: `${target.replace(/\/$/, "")}/${name}` }),
    ...(freeBytes !== undefined && { freeBytes }),
  };
}

/** Where disks lie on the destination, by their paths on the source; those at the same path are left out. */
export function destinationPathsOf(
  domain: DomainDefinition | undefined,
  facts: Pick<MoveFacts, "destinationVolumes" | "options">,
): Record<string, string> {
  const paths = (domain?.disks ?? []).flatMap(({ path }) => path ?? []);
  const all = paths.map((path) => [path, destinationPathOf(path, { domain, ...facts })] as const);
  return Object.fromEntries(all.filter(([path, there]) => path !== there));
}
