/** What the VMs of a host and the host as a whole use, measured over a while. Reads only. */
import type { Clock } from "../../core/ports";
import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";
import { command } from "../../virsh/virshCommand";
import { type HostUse, hostUse, hostUseScript } from "./hostUse";
import { type StatsSample, type VmLoads, vmLoads } from "./vmLoad";

export interface HostLoad {
  vms: VmLoads;
  /** Undefined: its shell does not tell. */
  use: HostUse | undefined;
}

/** What was measured this long ago, or longer, is measured again. */
const validMs = 60_000;

/** Undefined where `domstats` does not answer. Takes as long as is measured, and two answers. */
export function loadOn(hosts: Hosts, virsh: Virsh, windowMs: number, clock: Clock): Promise<HostLoad | undefined> {
  const work = () => measure(virsh, windowMs, clock);
  return hosts.remember(`${virsh.host}: load over ${windowMs}`, validMs, work, (load) => load !== undefined);
}

async function measure(virsh: Virsh, windowMs: number, clock: Clock): Promise<HostLoad | undefined> {
  const first = await sample(virsh, clock);
  if (first === undefined) return undefined;
  await clock.sleep(windowMs);
  const second = await sample(virsh, clock);
  if (second === undefined) return undefined;
  const isUseKnown = first.use !== undefined && second.use !== undefined;
  return {
    vms: vmLoads(first.stats, second.stats),
    use: isUseKnown ? hostUse(first.use!, second.use!) : undefined,
  };
}

async function sample(
  virsh: Virsh,
  clock: Clock,
): Promise<{ stats: StatsSample; use: string | undefined } | undefined> {
  const [stats, use] = await Promise.all([statsOf(virsh, clock), virsh.inquireShell(hostUseScript)]);
  return stats && { stats, use: use?.stdout };
}

/** The time in the middle of an answer: on a busy host it takes as long both times. */
async function statsOf(virsh: Virsh, clock: Clock): Promise<StatsSample | undefined> {
  const askedAt = clock.now();
  // Without --nowait one VM with a job of another keeps the answer for all of them back.
  const text = await virsh.inquire(command`domstats --raw --nowait --list-active --state --cpu-total --balloon --vcpu`);
  return text === undefined ? undefined : { atMs: (askedAt + clock.now()) / 2, text };
}
