/** What the VMs that run on a host were given. */
import { wholeNumber } from "../../core/numbers";
import type { GivenToVm } from "../../core/problems";
import type { Virsh } from "../../virsh/client";
import { parseDomainStats } from "../../virsh/domainStats";
import { command } from "../../virsh/virshCommand";

/** Not remembered: another move may have ended meanwhile. */
export async function givenOn(virsh: Virsh): Promise<Readonly<Record<string, GivenToVm>> | undefined> {
  // Without --nowait one VM with a job of another keeps the answer for all of them back; what they were given is known without QEMU.
  const text = await virsh.inquire(command`domstats --raw --nowait --list-active --balloon --vcpu`);
  return text === undefined ? undefined : readGiven(text);
}

export function readGiven(text: string): Readonly<Record<string, GivenToVm>> {
  const given = new Map<string, GivenToVm>();
  for (const [name, fields] of parseDomainStats(text)) {
    const kib = wholeNumber(fields.get("balloon.maximum"), Number.MAX_SAFE_INTEGER / 1024);
    const vcpus = wholeNumber(fields.get("vcpu.current"), Number.MAX_SAFE_INTEGER);
    if (kib !== undefined && vcpus !== undefined) given.set(name, { memoryBytes: kib * 1024, vcpus });
  }
  return Object.fromEntries(given);
}
