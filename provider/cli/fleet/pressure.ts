/** Hosts whose tasks have to wait: for moves the reason, and for people a note. */
import type { HostUse } from "../../preflight/probes/hostUse";

/** From here on a host is called short of something: the fraction of the time in which some task waited for it. */
const levels = { cpu: 0.25, memory: 0.1 } as const;

const names = { cpu: "CPU", memory: "memory" } as const;

/** "CPU pressure (48 %)". */
export function pressuresOf(use: HostUse | undefined): string[] {
  const { pressure } = use ?? {};
  if (pressure === undefined) return [];
  return (["cpu", "memory"] as const)
    .filter((what) => pressure[what] >= levels[what])
    .map((what) => `${names[what]} pressure (${Math.round(pressure[what] * 100)} %)`);
}
