import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";
import { parseHelpOptions } from "../../virsh/parse";
import { command } from "../../virsh/virshCommand";
import { ask } from "./ask";

/** They change with an upgrade only. */
const validMs = Infinity;

/** The options of `virsh migrate` there. */
export function migrateOptionsOn(hosts: Hosts, virsh: Virsh): Promise<Set<string> | undefined> {
  return ask(hosts, virsh, command`help migrate`, validMs, parseHelpOptions);
}
