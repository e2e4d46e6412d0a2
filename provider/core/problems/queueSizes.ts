import { versionBelow } from "../version";
import type { MoveFacts } from "./facts";
import type { Problem } from "../problem";

/**
 * QEMU 10.0.13 of Debian 13 gives the queues of every virtio device 1024 entries, whatever `rx_queue_size` says; 7.2.22 and 11.1.2 give them
 * 256 and fewer. QEMU 11.1 takes no queue that is larger than its own: a VM with a network interface whose driver was never loaded failed
 * ("VQ 0 vring.num 1024 exceeds allocated max 256"), one that only its firmware had used a disk of moved. Other releases of 10.0 were not tried.
 */
const large = { from: "10.0.13", below: "10.1" };
const refusedFrom = "11.1";

export function queuesFit({ source, destination, domain, how }: MoveFacts): Problem[] {
  if (how !== "live" || !domain?.virtio || source.qemu === undefined || destination.qemu === undefined) return [];
  const isLarge = !versionBelow(source.qemu, large.from) && versionBelow(source.qemu, large.below);
  if (!isLarge || versionBelow(destination.qemu, refusedFrom)) return [];
  return [
    {
      rule: "queue-sizes",
      severity: "warning",
      code: "migrationRefused",
      host: destination.host,
      message:
        `QEMU ${destination.qemu} on ${destination.host} may refuse ${domain.name}: QEMU ${source.qemu} on ${source.host} gives virtio devices ` +
        `larger queues than it takes ("Failed to load element of type virtio"), unless the drivers in the guest chose smaller ones; ` +
        `the VM stays on ${source.host} then`,
      remedies: [{ do: "move it shut off" }],
    },
  ];
}
