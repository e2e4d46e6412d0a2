import type { Virsh } from "../../virsh/client";
import { parseResidentBytes } from "../../virsh/parse";
import { command } from "../../virsh/virshCommand";

/** The memory of a VM that its host holds for it, at most what the definition gives it. Asked each time. */
export async function memoryUsedBy(source: Virsh, uuid: string, memoryBytes: number): Promise<number | undefined> {
  const resident = parseResidentBytes((await source.inquire(command`domstats --balloon ${uuid}`)) ?? "");
  return resident === undefined ? undefined : Math.min(resident, memoryBytes);
}
