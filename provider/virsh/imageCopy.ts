/**
 * Scripts that copy the disk images of a VM that is shut off from one host to the other, over the ssh that libvirt itself uses between
 * them. Nothing goes through the controller. The bytes stay what they are: holes stay holes, whatever the format.
 *
 * Beside an image P in directory D stand, while a move needs them: D/.vm-placement-P.new/ (what has arrived, until it is verified) and
 * .old (what was at its place); and for good .superseded: digests of content that has moved on.
 */
import { cleanLine } from "../core/clean";
import type { CopyFacts, ImageOnHost, ImageToCopy } from "../core/imageCopy";
import { wholeNumber } from "../core/numbers";
import { beside } from "./besidePath";
import { imageFunctions } from "./imageFunctions";
import type { PeerLogin } from "./peerLogin";
import { sections } from "./sections";
import { oneLineCommand } from "./runScript";
import { sh, type ShellScript } from "./shellScript";

/** What a copy needs to know of either host. Reads only. */
export function copyFactsScript(paths: readonly string[]): ShellScript {
  return sh`${imageFunctions}
s root; [ "$(id -u)" = 0 ] && echo yes
s missing; for t in tar ssh sha256sum setsid; do command -v $t >/dev/null 2>&1 || echo $t; done
for p in ${paths}; do
  beside; s "$p"
  if [ -d "$d" ]; then
    echo directory=1; echo "free=$(df -PB1 "$d" 2>/dev/null | awk 'NR == 2 { print $4 }')"
    echo "device=$(stat -c %d "$d")"
  fi
  [ -e "$m.superseded" ] && echo superseded=1
  [ -e "$p" ] || continue
  echo exists=1; [ -b "$p" ] && echo block=1
  [ -r "$p" ] || continue
  echo "bytes=$(bytes "$p")"; echo "allocated=$(blocks "$p")"
  empty "$p" && echo empty=1
done
s end`;
}

export function parseCopyFacts(text: string): CopyFacts | undefined {
  const all = sections(text);
  if (!all.has("end")) return undefined;
  const images = [...all].flatMap(([path, section]) => {
    if (!path.startsWith("/")) return [];
    const value = (key: string) =>
      section
        .split("\n")
        .find((line) => line.startsWith(`${key}=`))
        ?.slice(key.length + 1);
    const is = (key: string) => value(key) === "1";
    const image: ImageOnHost = {
      exists: is("exists"),
      isBlock: is("block"),
      isEmpty: is("empty"),
      superseded: is("superseded"),
      directoryExists: is("directory"),
      bytes: wholeNumber(value("bytes")),
      allocatedBytes: wholeNumber(value("allocated")),
      freeBytes: wholeNumber(value("free")),
      fileSystemId: value("device"),
    };
    return [[path, image] as const];
  });
  return {
    isRoot: all.get("root")?.trim() === "yes",
    missing: (all.get("missing") ?? "").split("\n").flatMap((tool) => (tool.trim() === "" ? [] : cleanLine(tool, 40))),
    images: Object.fromEntries(images),
  };
}

/** On either host: prints the SHA-256 of an image. Reads all of it, holes too. */
export function digestScript(path: string, bytes: number): ShellScript {
  return sh`${imageFunctions}
sum ${path} ${bytes}`;
}

/** On the source: changes with every write. */
export function changedScript(path: string): ShellScript {
  return sh`export LC_ALL=C TZ=UTC; stat -L -c '%s %Y %z' ${path}`;
}

/**
 * On the destination, before the copy: makes room beside the place of the image. Prints "reused" where the very content is there.
 *
 * @param account who logs in there from the source, where that is not root.
 */
export function prepareScript(
  { destinationPath, bytes, known }: ImageToCopy,
  digest: string,
  account: string | undefined,
): ShellScript {
  return sh`${imageFunctions}
set -e; p=${destinationPath}; beside
[ -d "$d" ] || fail "$d does not exist"
rm -rf "$m.new"
if [ -e "$p" ] && ! empty "$p"; then
  g=$(sum "$p" ${bytes})
  if [ "$g" = ${digest} ]; then echo reused; exit 0; fi
  ${known ? sh`true` : sh`superseded "$g"`} || fail "$p has different content"
fi
if [ -b "$p" ]; then exit 0; fi
mkdir "$m.new"
${account === undefined ? sh`` : sh`chown ${account} "$m.new"`}
`;
}

/** On the source. Which process reads the image stands beside it meanwhile. */
export function transferScript(
  { path, destinationPath, isBlock, bytes }: ImageToCopy,
  peer: PeerLogin,
  bandwidthMiBps: number | undefined,
): ShellScript {
  const receiver = isBlock
    ? sh`exec dd of=${destinationPath} bs=4M iflag=fullblock conv=fsync,nocreat,notrunc status=none`
    : sh`exec tar --sparse -xpf - -C ${newDirectory(destinationPath)}`;
  const login = [
    ...(peer.keyfile === undefined ? [] : [sh`-i ${peer.keyfile}`]),
    ...(peer.port === undefined ? [] : [sh`-p ${peer.port}`]),
    ...(peer.user === undefined ? [] : [sh`-l ${peer.user}`]),
    peer.host,
  ];
  return sh`${imageFunctions}
p=${path}; beside; cd "$d" || exit 1
{ printf '%s\\n' ${receiver.text}; sh -c 'echo $$ >"$1"; shift; exec "$@"' sh "$m.reader" ${isBlock ? blockReader(path, bytes, bandwidthMiBps) : fileReader(path, bandwidthMiBps)}; } |
ssh -T -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=10 ${login} ${oneLineCommand} >/dev/null
c=$?; rm -f "$m.reader"; exit $c`;
}

/** GNU tar sleeps a whole second after each so many records of 10 KiB: on average the limit is never passed. */
function fileReader(path: string, bandwidthMiBps: number | undefined): ShellScript {
  const records = Math.max(1, Math.floor(((bandwidthMiBps ?? 0) * 1024) / 10));
  const limit = bandwidthMiBps === undefined ? sh`` : sh`--checkpoint=${records} --checkpoint-action=sleep=1`;
  return sh`tar --sparse --dereference ${limit} -cf - -- ${`./${nameOf(path)}`}`;
}

function blockReader(path: string, bytes: number, bandwidthMiBps: number | undefined): ShellScript {
  if (bandwidthMiBps === undefined) return sh`dd ${`if=${path}`} bs=4M iflag=fullblock status=none`;
  const last = Math.ceil(bytes / (1024 * 1024));
  const loop = sh`i=0; while [ $i -lt ${last} ]; do dd ${`if=${path}`} bs=1M skip=$i count=${bandwidthMiBps} iflag=fullblock status=none || exit 1; i=$((i + ${bandwidthMiBps})); sleep 1; done`;
  return sh`sh -c ${loop.text}`;
}

const reader = sh`reader() { r=$(cat "$m.reader" 2>/dev/null) && tr '\\0' ' ' <"/proc/$r/cmdline" 2>/dev/null | grep -qF -- "$b"; }`;

/** On the source: what has been read of it so far, in bytes; nothing where no process reads it. */
export function readBytesScript(path: string): ShellScript {
  return sh`${beside}
${reader}
p=${path}; beside; reader && sed -n 's/^rchar: //p' "/proc/$r/io"; true`;
}

/** On the source: ends a copy, that of an earlier run too. */
export function stopReaderScript(path: string): ShellScript {
  return sh`${beside}
${reader}
p=${path}; beside; reader && kill "$r"; rm -f "$m.reader"; true`;
}

/** On the destination, after the copy: verifies it and puts it in its place. Prints "placed INODE". */
export function placeImageScript({ path, destinationPath, bytes, isBlock }: ImageToCopy, digest: string): ShellScript {
  if (isBlock) {
    return sh`${imageFunctions}
set -e; p=${destinationPath}; beside
[ "$(sum "$p" ${bytes})" = ${digest} ] || fail "the copy of $p differs from its original"
echo "placed $(stat -L -c %i "$p")"`;
  }
  return sh`${imageFunctions}
set -e; p=${destinationPath}; beside; n="$m.new/"${nameOf(path)}
[ "$(sum "$n" ${bytes})" = ${digest} ] || { rm -rf "$m.new"; fail "the copy of $p differs from its original"; }
remember ${digest}
if [ -e "$p" ]; then rm -rf "$m.old"; mv -T -- "$p" "$m.old"; fi
mv -T -- "$n" "$p"; rmdir "$m.new"
! selinux || restorecon -F "$p" 2>/dev/null || true
sync
echo "placed $(stat -L -c %i "$p")"`;
}

/**
 * On the destination, after a move that did not happen: as it was before. A device cannot be: what a copy has written there is remembered,
 * so that the next run may go on from it, and no content of anybody else's.
 *
 * @param inode of the copy in its place; undefined: none was put there.
 */
export function removeImageScript(
  { destinationPath, bytes, isBlock }: ImageToCopy,
  digest: string,
  inode: string | undefined,
) {
  if (isBlock) {
    return sh`${imageFunctions}
p=${destinationPath}; beside; remember "$(sum "$p" ${bytes})"; sync`;
  }
  return sh`${imageFunctions}
set -e; p=${destinationPath}; beside
rm -rf "$m.new"
${inode === undefined ? sh`` : sh`[ "$(stat -L -c %i "$p" 2>/dev/null)" != ${inode} ] || rm -f "$p"`}
if [ -e "$m.old" ] && [ ! -e "$p" ]; then mv -T -- "$m.old" "$p"; fi
forget ${digest}; sync`;
}

/** On the destination, after the move: what stood there before goes. */
export function settleImageScript(path: string): ShellScript {
  return sh`${imageFunctions}
set -e; p=${path}; beside
[ -e "$p" ] || fail "$p is gone"
rm -rf "$m.old" "$m.new"; rm -f "$m.superseded"; sync`;
}

/** On the source, after the move: its image is old from now on, so that a later move back may replace it. */
export function leaveImageScript(path: string, digest: string): ShellScript {
  return sh`${imageFunctions}
p=${path}; beside; remember ${digest}`;
}

function newDirectory(path: string): string {
  return `${path.slice(0, path.lastIndexOf("/"))}/.vm-placement-${nameOf(path)}.new`;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
