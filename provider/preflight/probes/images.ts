import { cleanLine } from "../../core/clean";
import { wholeNumber } from "../../core/numbers";
import { canBeShown } from "../../core/quote";
import type { ImageFacts, MoveFacts } from "../../core/problems";
import type { Virsh } from "../../virsh/client";
import type { DomainDefinition } from "../../virsh/domainXml";
import { head, sections } from "../../virsh/sections";
import { sh, type ShellScript } from "../../virsh/shellScript";

/** The files and block devices of a VM, on either host. Asked each time. */
export async function imagesOn(
  source: Virsh,
  destination: Virsh,
  domain: DomainDefinition | undefined,
  destinationPaths: Readonly<Record<string, string>> = {},
): Promise<Pick<MoveFacts, "sourceImages" | "destinationImages">> {
  const paths = [
    ...(domain?.disks ?? []).flatMap(({ path }) => path ?? []),
    ...(domain?.bootFiles ?? []).map(({ path }) => path),
    ...(domain?.hostFiles ?? []).map(({ path }) => path),
    ...(domain?.owned ?? []).flatMap(({ template }) => template ?? []),
  ].filter((path) => path.startsWith("/"));
  return imagesAt(source, destination, paths, destinationPaths);
}

/** @param destinationPaths where an image lies on the destination, if not at the same path; what is found is told by the path on the source. */
export async function imagesAt(
  source: Virsh,
  destination: Virsh,
  paths: readonly string[],
  destinationPaths: Readonly<Record<string, string>> = {},
): Promise<Pick<MoveFacts, "sourceImages" | "destinationImages">> {
  if (paths.length === 0) return { sourceImages: {}, destinationImages: {} };
  const inspect = async (virsh: Virsh, paths: readonly string[]) =>
    parseImages((await virsh.inquireShell(imagesScript(paths)))?.stdout ?? "");
  const onDestination = askDestination(paths, destinationPaths);
  const [sourceImages, destinationImages] = await Promise.all([
    inspect(source, paths),
    inspect(destination, onDestination.paths),
  ]);
  return { sourceImages, destinationImages: onDestination.bySource(destinationImages) };
}

/** The paths to ask the destination for, and its answers by the paths on the source. */
export function askDestination(
  paths: readonly string[],
  destinationPaths: Readonly<Record<string, string>>,
): { paths: string[]; bySource: <T>(answers: Readonly<Record<string, T>>) => Record<string, T> } {
  const at = (path: string) => destinationPaths[path] ?? path;
  return {
    paths: [...new Set(paths.map(at))],
    bySource: (answers) =>
      Object.fromEntries(
        paths.flatMap((path) => (Object.hasOwn(answers, at(path)) ? [[path, answers[at(path)]!]] : [])),
      ),
  };
}

/** A path with a line break in it, say, stands in another form where a section is named by it. */
function sectionOf(path: string): string {
  return canBeShown(path) ? path : `uri ${encodeURIComponent(path)}`;
}

function pathOf(section: string): string {
  return section.startsWith("uri ") ? decodeURIComponent(section.slice(4)) : section;
}

function imagesScript(paths: readonly string[]): ShellScript {
  return sh`${head}
set -- ${paths.flatMap((path) => [sectionOf(path), path])}
while [ $# -gt 0 ]; do
  p=$2; s "$1"; shift 2
  if [ -e "$p" ]; then echo exists=1; else
    d=\${p%/*}; while [ -n "$d" ] && [ ! -e "$d" ]; do d=\${d%/*}; done
    if [ -z "$d" ] || [ -x "$d" ]; then echo exists=0; fi; continue
  fi
  TZ=UTC stat -L -c 'inode=%i
size=%s
changed=%z' "$p"
  findmnt -n -r -o FSTYPE,SOURCE -T "$p" 2>/dev/null | tail -n 1 | { read -r t m; echo "fstype=$t"; echo "mount=$m"; }
  if [ -b "$p" ]; then
    echo "size=$(blockdev --getsize64 "$p" 2>/dev/null)"
    echo "serial=$(lsblk -d -n -r -o WWN "$p" 2>/dev/null | head -n 1)"
    d=$(readlink -f "$p"); echo "dm=$(cat "/sys/class/block/\${d##*/}/dm/uuid" 2>/dev/null)"
  elif [ -f "$p" ] && [ -r "$p" ]; then
    qemu-img info -U --output=json "$p" 2>/dev/null | tr -d ' \\n' | sed 's/^/json=/'; echo
  fi
done
s end`;
}

export function parseImages(text: string): Record<string, ImageFacts> {
  const all = sections(text);
  if (!all.has("end")) return {};
  return Object.fromEntries(
    [...all].flatMap(([path, section]) => {
      const lines = section.split("\n");
      const among = (lines: string[], key: string) =>
        lines
          .find((line) => line.length > key.length + 1 && line.startsWith(`${key}=`))
          ?.slice(key.length + 1)
          .trim();
      const value = (key: string) => among(lines, key);
      const shown = (key: string) => {
        const text = value(key);
        return text === undefined ? undefined : cleanLine(text, 300);
      };
      const exists = value("exists");
      // Of a file in a directory that this account may not enter, nothing is known.
      if (path === "end" || exists === undefined) return [];
      const image: ImageFacts = {
        exists: exists === "1",
        inode: shown("inode"),
        // A block device's comes behind that of its node.
        sizeBytes: wholeNumber(among(lines.toReversed(), "size")),
        fileSystem: shown("fstype"),
        mountSource: shown("mount"),
        ...qemuImgInfo(value("json")),
        serial: shown("serial") ?? mapped(shown("dm")),
        changed: value("changed"),
      };
      return [[pathOf(path), image] as const];
    }),
  );
}

/** The same on all hosts that see a logical volume or a multipath device; of other mapped devices the name or a local number is in it. */
function mapped(uuid: string | undefined): string | undefined {
  return uuid !== undefined && /^(?:LVM-|(?:part\d{1,3}-)?mpath-)/.test(uuid) ? uuid : undefined;
}

function qemuImgInfo(json: string | undefined): Pick<ImageFacts, "format" | "virtualSizeBytes" | "encrypted"> {
  let info: unknown;
  try {
    info = JSON.parse(json ?? "{}");
  } catch {
    info = {};
  }
  const { format, "virtual-size": size, encrypted } = (info ?? {}) as Record<string, unknown>;
  return {
    format: typeof format === "string" ? cleanLine(format, 64) : undefined,
    virtualSizeBytes: typeof size === "number" && Number.isSafeInteger(size) && size >= 0 ? size : undefined,
    ...((encrypted === true || format === "luks") && { encrypted: true as const }),
  };
}
