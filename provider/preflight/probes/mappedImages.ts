import { placeOfDisk } from "../../core/mapping";
import { destinationPathOf, isCopied, type MoveFacts } from "../../core/problems";
import type { Virsh } from "../../virsh/client";
import { parseBrokenChains, wholeChainScript } from "../../virsh/backingChain";
import type { DomainDefinition } from "../../virsh/domainXml";

/** Images that the destination opens at another path, and cannot open as a whole: their names for backing files lead nowhere there. Asked each time. */
export async function mappedImagesOn(
  destination: Virsh,
  domain: DomainDefinition | undefined,
  facts: Pick<MoveFacts, "destinationVolumes" | "options">,
): Promise<Pick<MoveFacts, "brokenChains">> {
  const paths = (domain?.disks ?? [])
    .filter((disk) => placeOfDisk(facts.options, disk.target) !== undefined && !isCopied(disk, facts))
    .flatMap(({ path }) => (path === undefined ? [] : destinationPathOf(path, { domain, ...facts })));
  if (paths.length === 0) return {};
  return { brokenChains: parseBrokenChains((await destination.inquireShell(wholeChainScript(paths)))?.stdout ?? "") };
}
