import type { Disk } from "../../core/problems";
import type { Virsh } from "../../virsh/client";
import type { DomainDefinition } from "../../virsh/domainXml";
import { command } from "../../virsh/virshCommand";

/** Disks by pool and volume, as the file, device or network image that the volume is there; one that virsh does not tell of stays as it is. */
export async function withVolumes(virsh: Virsh, domain: DomainDefinition): Promise<DomainDefinition> {
  return { ...domain, disks: await Promise.all(domain.disks.map((disk) => resolved(virsh, disk))) };
}

async function resolved(virsh: Virsh, disk: Disk): Promise<Disk> {
  const { volume, ...rest } = disk;
  if (volume === undefined || volume.pool === "" || volume.name === "") return disk;
  const path = (await virsh.inquire(command`vol-path --pool=${volume.pool} --vol=${volume.name}`))?.trim();
  if (path === undefined || path === "") return disk;
  if (!path.startsWith("/")) return { ...rest, type: "network" };
  return { ...rest, type: path.startsWith("/dev/") ? "block" : "file", path };
}
