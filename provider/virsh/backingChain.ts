import { cleanLine } from "../core/clean";
import type { BackingFile } from "../core/imageCopy";
import { imageFunctions } from "./imageFunctions";
import { sections } from "./sections";
import { sh, type ShellScript } from "./shellScript";

/** The backing chain of each image, itself first, as qemu-img reports it. Reads only. */
export function chainScript(paths: readonly string[]): ShellScript {
  return sh`${imageFunctions}
for p in ${paths}; do
  s "$p"; [ -r "$p" ] && qemu-img info -U --backing-chain --output=json "$p" 2>/dev/null | base64 -w 0; echo
done
s end`;
}

/** Of images that this host opens: whether all of the backing files are there. Only root sees that surely. Reads only. */
export function wholeChainScript(paths: readonly string[]): ShellScript {
  return sh`${imageFunctions}
[ "$(id -u)" = 0 ] && command -v qemu-img >/dev/null || exit 0
for p in ${paths}; do
  [ -f "$p" ] && [ -r "$p" ] || continue
  s "$p"; qemu-img info -U --backing-chain "$p" >/dev/null 2>&1 && echo whole || echo broken
done
s end`;
}

/** Those that lack one. */
export function parseBrokenChains(text: string): string[] {
  const all = sections(text);
  return all.has("end") ? [...all].flatMap(([path, answer]) => (answer.trim() === "broken" ? [path] : [])) : [];
}

export interface Chains {
  /** By image; one whose chain is not to be had is not in it. */
  chains: Record<string, string[]>;
  /** Images with a backing file that one of the chain names relative to its own directory. */
  relative: string[];
  /** By image: its backing file as it names it, and the format of that. */
  backing: Record<string, BackingFile>;
}

export function parseChains(text: string): Chains | undefined {
  const all = sections(text);
  if (!all.has("end")) return undefined;
  const known = [...all].flatMap(([path, section]) => {
    const images = path === "end" ? undefined : chainOf(section);
    return images === undefined ? [] : [{ path, images }];
  });
  return {
    chains: Object.fromEntries(known.map(({ path, images }) => [path, images.map(({ filename }) => filename)])),
    relative: known.filter(({ images }) => images.some(isRelative)).map(({ path }) => path),
    backing: Object.fromEntries(
      known.flatMap(({ path, images: [image, next] }) =>
        typeof image?.["backing-filename"] === "string" && typeof next?.format === "string"
          ? [[path, { path: image["backing-filename"], format: cleanLine(next.format, 64) }] as const]
          : [],
      ),
    ),
  };
}

interface ChainImage {
  filename: string;
  /** As it stands in the image. */
  "backing-filename"?: unknown;
  format?: unknown;
}

function chainOf(base64: string): ChainImage[] | undefined {
  try {
    const chain: unknown = JSON.parse(Buffer.from(base64.trim(), "base64").toString("utf8"));
    if (!Array.isArray(chain)) return undefined;
    const isFile = (image: { filename?: unknown }): image is ChainImage =>
      typeof image.filename === "string" && image.filename.startsWith("/");
    return chain.every(isFile) ? chain : undefined;
  } catch {
    return undefined;
  }
}

function isRelative({ "backing-filename": name }: ChainImage): boolean {
  return typeof name === "string" && !name.startsWith("/") && !/^(json|[a-z0-9+.-]+):/.test(name);
}
