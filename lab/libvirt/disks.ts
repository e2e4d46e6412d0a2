import { closeSync, mkdirSync, openSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "./commands";
import type { LabHost } from "./host";
import { hostDir } from "./host-files";
import { switchAddress } from "./network";
import type { LabRecord } from "./registry";

/** Small, so that copying it with a guest is quick. */
const diskBytes = 16 * 1024 * 1024;
const firstPort = 10809;

export interface Disk {
  xml: string;
}

/** A disk that boots this sector: shared by all hosts over the network, a file of one host, or none. */
export async function makeDisk(
  record: LabRecord,
  hosts: readonly LabHost[],
  host: LabHost,
  switchPid: number,
  kind: "nbd" | "file" | "none",
  guest: string,
  boot: Buffer,
): Promise<Disk | undefined> {
  if (kind === "none") return undefined;
  if (kind === "file") {
    const path = `/var/lib/libvirt/images/${guest}.img`;
    for (const each of hosts) {
      writeImage(join(hostDir(record, each.name), path), each === host ? boot : Buffer.alloc(0));
    }
    return {
      xml: `<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/><source file='${path}'/><target dev='vda' bus='virtio'/></disk>`,
    };
  }
  const image = join(record.dir, "images", `${guest}.img`);
  mkdirSync(join(record.dir, "images"), { recursive: true });
  writeImage(image, boot);
  const port = allocatePort(record);
  const address = switchAddress(record);
  // On the switch: its first process waits for the server when it ends, and it ends with the lab.
  await must("nsenter", [
    ...["-t", String(switchPid), "--mount", "--net", `--pid=/proc/${switchPid}/ns/pid_for_children`, "--"],
    ...["qemu-nbd", "--fork", "--persistent", "--shared=8", "--format=raw", "--export-name", guest],
    ...["--bind", address, "--port", String(port), image],
  ]);
  return {
    xml: `<disk type='network' device='disk'><driver name='qemu' type='raw' cache='none'/><source protocol='nbd' name='${guest}'><host name='${address}' port='${port}'/></source><target dev='vda' bus='virtio'/></disk>`,
  };
}

function writeImage(path: string, boot: Buffer): void {
  writeFileSync(path, boot);
  truncateSync(path, diskBytes);
}

/** Guests are started by several processes at once: the one that creates the file has the port. */
function allocatePort(record: LabRecord): number {
  for (let port = firstPort; ; port++) {
    try {
      closeSync(openSync(join(record.dir, "images", `port-${port}`), "wx"));
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
