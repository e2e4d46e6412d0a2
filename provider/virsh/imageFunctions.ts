import { beside } from "./besidePath";
import { sh } from "./shellScript";

/** An image that was made to be copied into, and never written by a guest, has some metadata at most. */
const emptyBytes = 1024 * 1024;

/** Functions of the shell, for scripts about disk images. */
export const imageFunctions = sh`export LC_ALL=C TZ=UTC; umask 077
s() { printf '\\n@@ %s\\n' "$1"; }
fail() { echo "$*" >&2; exit 1; }
${beside}
# A device may be larger than what was copied there.
sum() { if [ -b "$1" ]; then head -c "$2" "$1"; else cat "$1"; fi | sha256sum | cut -c1-64; }
blocks() { n=0; if [ -b "$1" ]; then n=$(blockdev --getsize64 "$1"); else n=$(stat -L -c '%b * %B' "$1"); n=$(($n)); fi; echo "$n"; }
bytes() { if [ -b "$1" ]; then blockdev --getsize64 "$1"; else stat -L -c %s "$1"; fi; }
# Nobody's content: an image that was made for this and never used, or a device of zeros.
empty() { if [ -b "$1" ]; then cmp -s -n "$(bytes "$1")" "$1" /dev/zero; else [ "$(blocks "$1")" -le ${emptyBytes} ]; fi; }
`;
