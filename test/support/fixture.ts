import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The libvirt versions whose outputs are recorded. */
export const libvirtVersions = ["9.0.0", "11.3.0", "12.8.0"] as const;

/** An output of virsh as it was recorded under LC_ALL=C with that version of libvirt. */
export function fixture(libvirt: (typeof libvirtVersions)[number], name: string): string {
  return readFileSync(join(__dirname, "../fixtures/virsh", libvirt, `${name}.txt`), "utf8");
}
