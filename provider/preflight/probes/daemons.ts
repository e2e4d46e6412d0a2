import type { Daemons } from "../../core/daemons";
import { validity } from "../../core/times";
import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";

/** Which of libvirt's daemons serve the host, and how they are started. */
export function daemonsOn(hosts: Hosts, virsh: Virsh): Promise<Daemons | undefined> {
  return hosts.remember(`${virsh.host}: daemons`, validity.observation, () => virsh.daemons());
}
