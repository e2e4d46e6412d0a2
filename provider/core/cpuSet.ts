/** Sets of CPUs and NUMA nodes, as libvirt and the kernel write them: "0-3,^2,8". */
import { wholeNumber } from "./numbers";

/** libvirt's own limit (VIR_DOMAIN_CPUMASK_LEN). */
const limit = 16_384;
const longest = 64 * 1024;

/** Sorted; undefined for anything else than such a set. */
export function parseCpuSet(text: string): number[] | undefined {
  const parts = text.trim().split(",");
  if (text.length > longest || text.trim() === "") return undefined;
  const set = new Set<number>();
  for (const part of parts) {
    const excluded = part.trim().startsWith("^");
    const [first = "", last = first, ...more] = part.trim().replace(/^\^/, "").split("-");
    const [from, to] = [wholeNumber(first, limit), wholeNumber(last, limit)];
    if (from === undefined || to === undefined || to < from || more.length > 0) return undefined;
    for (let each = from; each <= to; each++) {
      if (excluded) set.delete(each);
      else set.add(each);
    }
  }
  return [...set].sort((a, b) => a - b);
}

/** [0, 1, 2, 8] → "0-2,8". */
export function showCpuSet(set: Iterable<number>): string {
  const ranges: [number, number][] = [];
  for (const each of [...new Set(set)].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === each - 1) last[1] = each;
    else ranges.push([each, each]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}
