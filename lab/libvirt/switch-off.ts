/** Makes a guest switch itself off: a word in its memory is set, as if something inside had asked for it. */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { offAt } from "./guest/boot-sector";

/** @param pid of its QEMU. */
export function switchOff(pid: number): void {
  const bytes = Number(/"qom-type":"memory-backend-ram"[^}]*"size":(\d+)/.exec(contentOf(pid, "cmdline"))?.[1]);
  // Guest memory is the mapping of exactly its size.
  const start = contentOf(pid, "maps")
    .split("\n")
    .map((line) =>
      /^([0-9a-f]+)-([0-9a-f]+) /
        .exec(line)
        ?.slice(1)
        .map((hex) => parseInt(hex, 16)),
    )
    .find((range) => range !== undefined && range[1]! - range[0]! === bytes)?.[0];
  if (start === undefined) throw new Error(`the memory of the guest of process ${pid} was not found`);
  const memory = openSync(`/proc/${pid}/mem`, "r+");
  writeSync(memory, Buffer.from([1, 0, 0, 0]), 0, 4, start + offAt);
  closeSync(memory);
}

const contentOf = (pid: number, name: string) => readFileSync(`/proc/${pid}/${name}`, "latin1");
