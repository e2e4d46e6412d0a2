import type { MoveFacts } from "../../core/problems";
import type { Virsh } from "../../virsh/client";
import type { DomainDefinition } from "../../virsh/domainXml";
import { inspectScript, parseInspected } from "../../virsh/ownedFiles";

/** What the VM owns beside its disks (vTPM state, UEFI variables …), on either host. Asked each time. */
export async function ownedOn(
  source: Virsh,
  destination: Virsh,
  domain: DomainDefinition | undefined,
): Promise<Pick<MoveFacts, "sourceOwned" | "destinationOwned">> {
  const paths = (domain?.owned ?? []).flatMap(({ path }) => path ?? []);
  if (paths.length === 0) return { sourceOwned: undefined, destinationOwned: undefined };
  const inspect = async (virsh: Virsh) =>
    parseInspected((await virsh.inquireShell(inspectScript(paths)))?.stdout ?? "");
  const [sourceOwned, destinationOwned] = await Promise.all([inspect(source), inspect(destination)]);
  return { sourceOwned, destinationOwned };
}
