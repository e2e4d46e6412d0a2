import type { HostFacts } from "../../core/problems";
import { validity } from "../../core/times";
import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";
import { parseUuids } from "../../virsh/parse";
import { command } from "../../virsh/virshCommand";
import { ask } from "./ask";

/** libvirt's networks; one of which it does not say that it is active counts as inactive. */
export async function networksOn(hosts: Hosts, virsh: Virsh): Promise<HostFacts["networks"]> {
  const [all, active] = await Promise.all([
    ask(hosts, virsh, command`net-list --all --name`, validity.observation, parseUuids),
    ask(hosts, virsh, command`net-list --name`, validity.observation, parseUuids),
  ]);
  return all && [...all].map((name) => ({ name, active: active?.has(name) ?? false }));
}
