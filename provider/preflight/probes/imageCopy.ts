import { isCopied, type MoveFacts } from "../../core/problems";
import type { Migration } from "../../core/migration";
import type { Virsh } from "../../virsh/client";
import type { DomainDefinition } from "../../virsh/domainXml";
import { copyFactsScript, parseCopyFacts } from "../../virsh/imageCopy";
import { chainScript, parseChains } from "../../virsh/backingChain";
import { askDestination, imagesAt } from "./images";

type Images = Pick<MoveFacts, "sourceImages" | "destinationImages">;

/**
 * What copying images needs to know, on either host; the files of their backing chains are looked at as the VM's disks are. Of a VM that
 * runs only the files that libvirt copies: a device has its room, and reading all of one takes long. Asked each time.
 */
export async function imageCopyOn(
  source: Virsh,
  destination: Virsh,
  domain: DomainDefinition | undefined,
  images: Images,
  destinationPaths: Readonly<Record<string, string>>,
  { how, options }: Pick<Migration, "how" | "options">,
): Promise<Images & Pick<MoveFacts, "imageCopy">> {
  const paths = (domain?.disks ?? [])
    .filter((disk) => how === "offline" || (disk.type === "file" && isCopied(disk, { options })))
    .flatMap(({ path }) => path ?? []);
  if (paths.length === 0) return images;
  const known = parseChains((await source.inquireShell(chainScript(paths)))?.stdout ?? "");
  const { chains, relative, backing: backingFiles } = known ?? { chains: {}, relative: [], backing: {} };
  const files = [...new Set([...paths, ...Object.values(chains).flat()])];
  const inspect = async (virsh: Virsh, paths: readonly string[]) =>
    parseCopyFacts((await virsh.inquireShell(copyFactsScript(paths)))?.stdout ?? "");
  const [backing, onSource, onDestination] = await Promise.all([
    imagesAt(
      source,
      destination,
      files.filter((file) => !paths.includes(file)),
    ),
    inspect(source, files),
    inspect(destination, askDestination(files, destinationPaths).paths),
  ]);
  return {
    sourceImages: { ...images.sourceImages, ...backing.sourceImages },
    destinationImages: { ...images.destinationImages, ...backing.destinationImages },
    imageCopy: {
      chains,
      relative,
      backing: backingFiles,
      source: onSource,
      destination: onDestination && {
        ...onDestination,
        images: askDestination(files, destinationPaths).bySource(onDestination.images),
      },
    },
  };
}
