import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";
import { parseVersions } from "../../virsh/parse";
import { command } from "../../virsh/virshCommand";
import { ask } from "./ask";

/** They change with an upgrade only. */
const validMs = Infinity;

/** Of the daemon and its QEMU. */
export async function versionsOn(hosts: Hosts, virsh: Virsh): Promise<ReturnType<typeof parseVersions>> {
  const versions = await ask(hosts, virsh, command`version --daemon`, validMs, parseVersions);
  return versions ?? { libvirt: undefined, qemu: undefined };
}
