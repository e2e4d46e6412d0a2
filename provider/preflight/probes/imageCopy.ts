import type { MoveFacts } from "../../core/problems";
import type { Virsh } from "../../virsh/client";
import type { DomainDefinition } from "../../virsh/domainXml";
import { copyFactsScript, parseCopyFacts } from "../../virsh/imageCopy";
import { chainScript, parseChains } from "../../virsh/backingChain";
import { imagesAt } from "./images";

type Images = Pick<MoveFacts, "sourceImages" | "destinationImages">;

/**
 * What copying the images of a VM that is shut off needs to know, on either host; the files of their backing chains are looked at as its
 * disks are. Asked each time.
 */
export async function imageCopyOn(
  source: Virsh,
  destination: Virsh,
  domain: DomainDefinition | undefined,
  images: Images,
): Promise<Images & Pick<MoveFacts, "imageCopy">> {
  const paths = (domain?.disks ?? []).flatMap(({ path }) => path ?? []);
  if (paths.length === 0) return images;
  const chains = parseChains((await source.inquireShell(chainScript(paths)))?.stdout ?? "") ?? {};
  const files = [...new Set([...paths, ...Object.values(chains).flat()])];
  const inspect = async (virsh: Virsh) =>
    parseCopyFacts((await virsh.inquireShell(copyFactsScript(files)))?.stdout ?? "");
  const [backing, onSource, onDestination] = await Promise.all([
    imagesAt(
      source,
      destination,
      files.filter((file) => !paths.includes(file)),
    ),
    inspect(source),
    inspect(destination),
  ]);
  return {
    sourceImages: { ...images.sourceImages, ...backing.sourceImages },
    destinationImages: { ...images.destinationImages, ...backing.destinationImages },
    imageCopy: { chains, source: onSource, destination: onDestination },
  };
}
