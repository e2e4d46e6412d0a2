/** Shell functions for what stands beside a path while it is being copied, and for digests of content that has moved on. */
import { sh } from "./shellScript";

export const beside = sh`beside() { d=\${p%/*}; b=\${p##*/}; m="$d/.vm-placement-$b"; }
superseded() { [ -f "$m.superseded" ] && grep -qx "$1" "$m.superseded"; }
remember() { superseded "$1" || printf '%s\\n' "$1" >>"$m.superseded"; }
forget() { [ ! -f "$m.superseded" ] || { grep -vx "$1" "$m.superseded" >"$m.superseded.new" || true; [ -s "$m.superseded.new" ] && mv "$m.superseded.new" "$m.superseded" || rm -f "$m.superseded" "$m.superseded.new"; }; }
selinux() { command -v selinuxenabled >/dev/null 2>&1 && selinuxenabled; }`;
