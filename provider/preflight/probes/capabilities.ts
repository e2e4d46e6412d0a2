import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";
import { parseCapabilities } from "../../virsh/hostXml";
import { command } from "../../virsh/virshCommand";
import { ask } from "./ask";
import type { UnreadableAnswers } from "./unreadable";

/** They change with an upgrade only. */
const validMs = Infinity;

/** The host's UUID, CPU, security drivers and machine types. */
export function capabilitiesOn(hosts: Hosts, virsh: Virsh, unreadable: UnreadableAnswers) {
  const asked = { host: virsh.host, what: "capabilities", command: "virsh capabilities" } as const;
  return ask(hosts, virsh, command`capabilities`, validMs, (xml) => unreadable.unless(asked, xml, parseCapabilities));
}
