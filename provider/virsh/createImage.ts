/**
 * Scripts that create an empty image on a host, and take it away again. Neither touches a file that was there before.
 *
 * Beside an image P in directory D stands D/.vm-placement-P.created until its move has ended: the inode of the image and the VM it was made for. A
 * run that was interrupted is told by it. The paths of a VM's images stand in a file of the host too: the next run may look for them at other ones.
 */
import { wholeNumber } from "../core/numbers";
import type { ImageToCreate } from "../core/imageCopy";
import { imageFunctions } from "./imageFunctions";
import { sections } from "./sections";
import { sh, type ShellScript } from "./shellScript";
import { escaped } from "./xml";

/** Where a host keeps the paths of what was created there for a VM; of an account that may write there. */
const createdListOf = (uuid: string) => `/var/lib/vm-placement/${uuid}.created`;

/** Of the path in $p. */
const listFunctions = (list: string) => sh`l=${list}
enlist() { { mkdir -p "\${l%/*}" && { grep -sqxF -e "$p" "$l" || printf '%s\\n' "$p" >>"$l"; }; } 2>/dev/null || true; }
delist() { [ ! -f "$l" ] || { grep -vxF -e "$p" "$l" >"$l.new" || true; if [ -s "$l.new" ]; then mv "$l.new" "$l"; else rm -f "$l" "$l.new"; rmdir "\${l%/*}"; fi; } 2>/dev/null || true; }`;

/**
 * Prints "created INODE". Made beside its place first, so that an interrupted run leaves none that is not whole.
 *
 * @param uuid of the VM.
 * @param pool UUID of an active storage pool that has the directory.
 */
export function createImageScript(
  image: ImageToCreate,
  uuid: string,
  pool: string | undefined,
  list = createdListOf(uuid),
): ShellScript {
  const { path, format, virtualSizeBytes, backing } = image;
  const backed = backing === undefined ? [] : [sh`-F ${backing.format} -b ${backing.path}`];
  const make =
    pool === undefined
      ? sh`rm -f "$m.new"
qemu-img create -q -f ${format} ${backed} "$m.new" ${virtualSizeBytes} >&2 || { rm -f "$m.new"; exit 1; }
n=$(stat -c %i "$m.new"); echo "$n $u" >"$m.created"; enlist; mv -nT -- "$m.new" "$p"
[ "$(stat -c %i "$p")" = "$n" ] || { rm -f "$m.new" "$m.created"; delist; fail "$p is there already"; }
! selinux || restorecon -F "$p" 2>/dev/null || true`
      : sh`printf '%s\\n' ${volumeXml(image)} | virsh -q vol-create --pool ${pool} --file /dev/stdin >&2
# Only an account that may write there can leave it.
{ echo "$(stat -c %i "$p") $u" >"$m.created" && enlist; } 2>/dev/null || true`;
  return sh`${imageFunctions}
${listFunctions(list)}
set -e; p=${path}; u=${uuid}; beside
[ -d "$d" ] || fail "$d does not exist"
[ ! -e "$p" ] && [ ! -L "$p" ] || fail "$p is there already"
${make}
echo "created $(stat -c %i "$p")"`;
}

function volumeXml({ path, format, virtualSizeBytes, backing }: ImageToCreate): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const base =
    backing === undefined
      ? ""
      : `<backingStore><path>${escaped(backing.path)}</path><format type='${escaped(backing.format)}'/></backingStore>`;
  return `<volume><name>${escaped(name)}</name><capacity unit='bytes'>${virtualSizeBytes}</capacity><allocation unit='bytes'>0</allocation><target><format type='${format}'/><permissions><mode>0600</mode></permissions></target>${base}</volume>`;
}

/** Removes an image that a run has created, unless another file stands there now, or a process has it open. */
export function removeCreatedScript(
  { path, inode, pool }: { path: string; inode: string; pool: string | undefined },
  uuid: string,
  list = createdListOf(uuid),
): ShellScript {
  const forget =
    pool === undefined
      ? sh`rm -f -- "$p"`
      : sh`virsh -q vol-delete --pool ${pool} --vol "$b" >/dev/null 2>&1 || rm -f -- "$p"`;
  return sh`${imageFunctions}
${listFunctions(list)}
set -e; p=${path}; beside
[ -e "$p" ] || { rm -f "$m.created"; delist; exit 0; }
[ "$(stat -c %i "$p")" = ${inode} ] || fail "another file is at $p now"
for f in /proc/[0-9]*/fd/*; do [ ! "$f" -ef "$p" ] || fail "a process has $p open"; done
${forget}
rm -f "$m.created"; delist`;
}

/** Images that an interrupted run has created for this VM and that are still the same files. Reads only. */
export function leftImagesScript(paths: readonly string[], uuid: string): ShellScript {
  return sh`${imageFunctions}
u=${uuid}; for p in ${paths}; do
  beside; [ -f "$m.created" ] && read -r n v <"$m.created" && [ "$v" = "$u" ] && [ "$(stat -c %i "$p" 2>/dev/null)" = "$n" ] || continue
  s "$p"; echo "$n"
done
s end`;
}

export function parseLeftImages(text: string): { path: string; inode: string }[] {
  return [...sections(text)].flatMap(([path, inode]) =>
    path.startsWith("/") && wholeNumber(inode) !== undefined ? [{ path, inode }] : [],
  );
}

/**
 * As `leftImagesScript`, with those that were created at other paths, for another mapping, and "unused" for those that nothing there uses and
 * the VM never ran with: no domain has a disk of that name, and nothing was ever written, or QEMU's log has only migrations that failed since it
 * was created. Reads only.
 */
export function leftElsewhereScript(
  paths: readonly string[],
  uuid: string,
  log: string,
  list = createdListOf(uuid),
): ShellScript {
  return sh`${imageFunctions}
${listFunctions(list)}
u=${uuid}; log=${log}
# Each start since then is to have ended as a migration that failed, and nothing else is to have ended.
failed() { awk -v t="$(date -r "$m.created" '+%F %T')" '/^[0-9-]+ [0-9:.]+[+]0000: (starting up|shutting down)/ && substr($0, 1, 19) >= t { if (/: starting up/) up++; else if (/reason=failed$/) failed++; else other++ } END { exit !(up > 0 && up == failed && !other) }' "$log" 2>/dev/null; }
# Fails where one of them cannot be asked: what is not known is not unused.
disks() { all=$(virsh -q list --all --uuid) || return 1; for i in $all; do virsh -q domblklist "$i" && virsh -q domblklist "$i" --inactive || return 1; done; }
each() {
  beside; [ -f "$m.created" ] && read -r n v <"$m.created" && [ "$v" = "$u" ] && [ "$(stat -c %i "$p" 2>/dev/null)" = "$n" ] || return 0
  s "$p"; w=unsure; if named=$(disks 2>/dev/null </dev/null) && ! printf '%s\\n' "$named" | grep -qF -e "$b" && { empty "$p" || failed; }; then w=unused; fi
  echo "$n $w"
}
for p in ${paths}; do each; done
[ ! -f "$l" ] || while IFS= read -r p; do each; done <"$l"
s end`;
}

export function parseLeftElsewhere(text: string): { path: string; inode: string; isUnused: boolean }[] {
  return [...sections(text)].flatMap(([path, line]) => {
    const [inode, word] = line.split(" ", 2);
    return path.startsWith("/") && wholeNumber(inode) !== undefined
      ? [{ path, inode: inode!, isUnused: word === "unused" }]
      : [];
  });
}

/** One inode for each path that is there. */
export function inodesScript(paths: readonly string[]): ShellScript {
  return sh`stat -L -c %i -- ${paths} 2>/dev/null; true`;
}

/** They are the VM's own from now on. */
export function settleCreatedScript(paths: readonly string[], uuid: string, list = createdListOf(uuid)): ShellScript {
  return sh`${imageFunctions}
${listFunctions(list)}
u=${uuid}; for p in ${paths}; do
  beside; [ -f "$m.created" ] && read -r n v <"$m.created" && [ "$v" = "$u" ] && { rm -f "$m.created"; delist; }
done; true`;
}
