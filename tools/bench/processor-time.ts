import { readdirSync, readFileSync } from "node:fs";

/** What a process has used of the processors until now, all its threads. */
export function processorMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const ns = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]),
  );
  return ns.reduce((sum, each) => sum + each, 0) / 1e6;
}

const ticksPerSecond = 100;

/** What the ended children of this process have used of the processors until now, with theirs. */
export function childrenMs(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  // After the name, which may have spaces: cutime and cstime are fields 16 and 17 of proc(5).
  const [user, system] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(13, 15)
    .map(Number);
  return ((user! + system!) * 1000) / ticksPerSecond;
}
