import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";
import { parseHostname } from "../../virsh/parse";
import { command } from "../../virsh/virshCommand";
import { ask } from "./ask";

/** It changes with an installation only. */
const validMs = Infinity;

/** What libvirt there calls its host: where nothing else is set, the source sends the data to that name. */
export function hostnameOf(hosts: Hosts, virsh: Virsh): Promise<string | undefined> {
  return ask(hosts, virsh, command`hostname`, validMs, parseHostname);
}
