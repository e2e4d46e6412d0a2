/**
 * Scripts that look at what a VM owns beside its disks, and take it to another host. Content travels in the script itself, never by a
 * command line.
 *
 * Beside a path P in directory D stand, while a move needs them: D/.vm-placement-P.new, .kept (the source's copy, until the destination
 * is verified), .old (superseded content that was set aside), and for good .superseded: digests of content that has moved on.
 */
import type { OwnedFacts, OwnedOnHost } from "../core/owned";
import { cleanLine } from "../core/clean";
import { wholeNumber } from "../core/numbers";
import { beside } from "./besidePath";
import { sections } from "./sections";
import { sh, type ShellScript } from "./shellScript";

const functions = sh`export LC_ALL=C TZ=UTC; umask 077
s() { printf '\\n@@ %s\\n' "$1"; }
fail() { echo "$*" >&2; exit 1; }
# A lock file is not content, and a directory without files is what libvirt makes before there is any.
digest() {
  if [ -d "$1" ]; then ( cd "$1" && find . -type f ! -name .lock -exec sha256sum -- {} + | sort )
  elif [ -e "$1" ]; then sha256sum <"$1"
  fi | { l=$(cat); [ -n "$l" ] && printf '%s\\n' "$l" | sha256sum | cut -c1-64 || echo nothing; }
}
${beside}
`;

/** Reads only. */
export function inspectScript(paths: readonly string[]): ShellScript {
  return sh`${functions}
s root; [ "$(id -u)" = 0 ] && echo yes
s account; id -un
s swtpm; swtpm --version 2>/dev/null | sed -n 's/.* version \\([0-9.]*\\).*/\\1/p' | head -n 1
for p in ${paths}; do
  beside; s "$p"
  while [ ! -e "$d" ] && [ -n "$d" ]; do d=\${d%/*}; done
  echo "free=$(df -Pk "\${d:-/}" 2>/dev/null | awk 'NR == 2 { print $4 }')"
  [ -e "$m.kept" ] && echo "kept=$m.kept"
  if [ ! -e "$p" ] && [ ! -L "$p" ]; then
    [ -x "\${d:-/}" ] && echo digest=nothing
    continue
  fi
  [ -z "$(find "$p" ! -type f ! -type d -print 2>/dev/null | head -n 1)" ] || echo irregular=1
  [ -z "$(find "$p" \\( ! -readable -o -type d ! -executable \\) -print 2>&1 | head -n 1)" ] || continue
  g=$(digest "$p"); echo "digest=$g"
  superseded "$g" && echo superseded=1
  find "$p" -type f -printf '%s %TY-%Tm-%Td %TH:%TM:%.2TS\\n' | awk '{ n += $1; if ($2 " " $3 > t) t = $2 " " $3 } END { printf "bytes=%d\\nmodified=%s\\n", n, t }'
  stat -L -c 'inode=%i
changed=%z' "$p"
  findmnt -n -r -o FSTYPE,SOURCE -T "$p" 2>/dev/null | tail -n 1 | { read -r t v; echo "fstype=$t"; echo "mount=$v"; }
done
s end
`;
}

export function parseInspected(text: string): OwnedOnHost | undefined {
  const parts = sections(text);
  if (!parts.has("end")) return undefined;
  const known = new Set(["root", "account", "swtpm", "end"]);
  const byPath = [...parts].flatMap(([path, section]) => {
    const lines = section.split("\n");
    const value = (key: string) => {
      const line = lines
        .find((each) => each.startsWith(`${key}=`))
        ?.slice(key.length + 1)
        .trim();
      return line === undefined || line === "" ? undefined : cleanLine(line);
    };
    const number = (key: string) => wholeNumber(value(key));
    if (known.has(path)) return [];
    const free = number("free");
    const facts: OwnedFacts = {
      digest: value("digest"),
      bytes: number("bytes"),
      modified: value("modified"),
      irregular: value("irregular") === "1",
      superseded: value("superseded") === "1",
      keptCopy: value("kept"),
      freeBytes: free === undefined ? undefined : free * 1024,
      fileSystem: value("fstype"),
      mountSource: value("mount"),
      inode: value("inode"),
      changed: value("changed"),
    };
    return [[path, facts] as const];
  });
  return {
    isRoot: parts.get("root") === "yes",
    account: cleanLine(parts.get("account") ?? ""),
    swtpm: cleanLine(parts.get("swtpm") ?? "") || undefined,
    byPath: Object.fromEntries(byPath),
  };
}

/** What the source gives out: who owns each part, and an archive of it as text. */
export interface Packed {
  owners: string;
  archive: string;
}

/**
 * On the source: keeps a copy beside it, since libvirt deletes vTPM state together with the definition, and gives the content out. From
 * now on the content counts as superseded wherever the VM is not defined.
 */
export function keepAndPackScript(path: string, digest: string): ShellScript {
  return sh`${functions}
set -e; p=${path}; beside
rm -rf "$m.kept.new"; cp -a -- "$p" "$m.kept.new"
[ "$(digest "$m.kept.new")" = ${digest} ] || { rm -rf "$m.kept.new"; fail "$p has changed"; }
sync; rm -rf "$m.kept"; mv -T -- "$m.kept.new" "$m.kept"
remember ${digest}; sync
x=; ! selinux || x=--selinux
cd "$d"
s owners; find "./$b" -printf '%u %g %p\\n'
s archive; tar $x --exclude=.lock -czf - "./$b" | base64 -w 76
s end
`;
}

export function parsePacked(text: string): Packed | undefined {
  const parts = sections(text);
  if (!parts.has("end")) return undefined;
  return { owners: parts.get("owners") ?? "", archive: parts.get("archive") ?? "" };
}

/**
 * On the destination: unpacks it beside its place, checks and syncs it, and puts it there in one step. Accounts are found by name; the
 * one that QEMU runs as has different names on Debian and RHEL, and whom this host does not know gives way to root, until libvirt hands
 * it to the right one at the VM's next start. Prints "placed", or "reused" where the same content was there.
 */
export function placeScript(path: string, digest: string, { owners, archive }: Packed): ShellScript {
  return sh`${functions}
set -e; p=${path}; beside
( umask 066; mkdir -p "$d" )
rm -rf "$m.new"; mkdir "$m.new"
x=; ! selinux || x=--selinux
printf '%s\\n' ${archive} | base64 -d | tar -C "$m.new" $x -xzpf - || { rm -rf "$m.new"; fail "cannot unpack $p"; }
[ "$(digest "$m.new/$b")" = ${digest} ] || { rm -rf "$m.new"; fail "the copy of $p differs from its original"; }
user() { for n in "$1" $(case $1 in libvirt-qemu) echo qemu;; qemu) echo libvirt-qemu;; esac) root; do getent passwd "$n" >/dev/null && { echo "$n"; return; }; done; }
group() { for n in "$1" $(case $1 in libvirt-qemu|kvm) echo qemu;; qemu) echo libvirt-qemu kvm;; esac) root; do getent group "$n" >/dev/null && { echo "$n"; return; }; done; }
printf '%s\\n' ${owners} | while read -r u g f; do
  [ ! -e "$m.new/$f" ] || chown -h "$(user "$u"):$(group "$g")" "$m.new/$f"
done
now=$(digest "$p")
if [ "$now" = ${digest} ]; then rm -rf "$m.new"; echo reused; exit 0; fi
if [ "$now" = nothing ]; then rm -rf "$p"
elif superseded "$now"; then rm -rf "$m.old"; mv -T -- "$p" "$m.old"
else rm -rf "$m.new"; fail "$p has different content"
fi
remember ${digest}; sync
mv -T -- "$m.new/$b" "$p"; rmdir "$m.new"
! selinux || restorecon -RF "$p" 2>/dev/null || true
sync
[ "$(digest "$p")" = ${digest} ] || fail "the copy of $p differs from its original"
echo placed
`;
}

/** On the destination, after a move that did not happen: as it was before. */
export function removePlacedScript(path: string, digest: string): ShellScript {
  return sh`${functions}
set -e; p=${path}; beside
rm -rf "$m.new"
[ "$(digest "$p")" != ${digest} ] || rm -rf "$p"
if [ -e "$m.old" ] && [ ! -e "$p" ]; then mv -T -- "$m.old" "$p"; fi
forget ${digest}; sync
`;
}

/** On the source, after a move that did not happen: as it was before. */
export function putBackScript(path: string, digest: string): ShellScript {
  return sh`${functions}
set -e; p=${path}; beside
if [ "$(digest "$p")" = nothing ] && [ "$(digest "$m.kept")" = ${digest} ]; then rm -rf "$p"; mv -T -- "$m.kept" "$p"; fi
[ "$(digest "$p")" != nothing ] || fail "$p is gone; its copy is $m.kept"
rm -rf "$m.kept"; forget ${digest}; sync
`;
}

/** On the destination, after the move: what it has is what counts. */
export function settleScript(path: string, digest: string): ShellScript {
  return sh`${functions}
set -e; p=${path}; beside
[ "$(digest "$p")" = ${digest} ] || fail "$p is not what was copied there"
rm -rf "$m.old" "$m.new" "$m.kept"; rm -f "$m.superseded"; sync
`;
}

/** On the source, after the move: the kept copy goes; what libvirt left in its place is known to be superseded. */
export function leaveScript(path: string): ShellScript {
  return sh`${functions}
set -e; p=${path}; beside
rm -rf "$m.kept"
[ "$(digest "$p")" != nothing ] || rm -f "$m.superseded"
`;
}

/** On the source, after a live move: what libvirt left there has been superseded by what runs on the destination. */
export function supersedeScript(paths: readonly string[]): ShellScript {
  return sh`${functions}
for p in ${paths}; do beside; g=$(digest "$p"); [ "$g" = nothing ] || remember "$g"; done
`;
}
