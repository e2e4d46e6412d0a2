import { validity } from "../../core/times";
import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";

/** All VMs that libvirt there defines or runs. */
export function domainsOn(hosts: Hosts, virsh: Virsh): ReturnType<Virsh["inquireDomains"]> {
  const key = `${virsh.host}: domains`;
  return hosts.remember(
    key,
    validity.observation,
    () => virsh.inquireDomains(),
    (domains) => domains !== undefined,
  );
}
