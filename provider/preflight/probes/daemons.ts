import type { Daemons } from "../../core/daemons";
import { validity } from "../../core/times";
import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";

/** Which of libvirt's daemons serve the host, and how they are started; to explain a failure, as they are now. */
export function daemonsOn(
  hosts: Hosts,
  virsh: Virsh,
  goodForMs: number = validity.observation,
): Promise<Daemons | undefined> {
  return hosts.remember(
    `${virsh.host}: daemons`,
    goodForMs,
    () => virsh.daemons(),
    (known) => known !== undefined,
  );
}
