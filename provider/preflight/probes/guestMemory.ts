import { wholeNumber } from "../../core/numbers";
import type { Virsh } from "../../virsh/client";
import { head, sections } from "../../virsh/sections";
import { sh, type ShellScript } from "../../virsh/shellScript";

/** What QEMU holds of guest memory, by the size of the mapping. Asked each time. */
export async function guestMemoryOf(source: Virsh, name: string): Promise<string | undefined> {
  return (await source.inquireShell(memoryScript(name)))?.stdout;
}

/** What QEMU holds of each size of mapping: guest memory is the one of its own size, which is not known yet when this is asked. */
function memoryScript(name: string): ShellScript {
  const pidFile = `/run/libvirt/qemu/${name}.pid`;
  return sh`${head}
s used; [ -r ${pidFile} ] && { read -r p <${pidFile}; [ -n "$p" ]; } && awk '/^Size:/ { size = $2 } /^Rss:/ { used[size] += $2 } END { for (size in used) if (size + 0 >= 1024) print size, used[size] }' /proc/$p/smaps 2>/dev/null
s end`;
}

/** Guest memory in use. */
export function parseUsedBytes(text: string, memoryBytes: number): number | undefined {
  const want = Math.round(memoryBytes / 1024);
  const sizes = (sections(text).get("used") ?? "")
    .split("\n")
    .map((line) => line.split(" ", 2).map((word) => wholeNumber(word, maxKiB)));
  const [, used = 0] = sizes.find(([size]) => size === want) ?? [];
  return used > 0 ? used * 1024 : undefined;
}

/** 2^53 bytes, which is far more than any host has. */
const maxKiB = 2 ** 43;
