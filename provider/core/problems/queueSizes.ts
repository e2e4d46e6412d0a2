import { versionBelow } from "../version";
import type { MoveFacts } from "./facts";
import type { Problem } from "../problem";

/**
 * A VM that QEMU 10.0.13 of Debian 13 starts has virtio queues of 1024 entries, and Linux uses all of them; 7.2.22 and 11.1.2 give 256 and
 * fewer. QEMU 11.1 takes no queue that is larger than its own ("VQ 0 vring.num 1024 exceeds allocated max 256"). Measured with Linux 6.1,
 * machine types pc-q35-7.2 and pc-q35-10.0:
 *
 * - refused: a network interface, whatever `rx_queue_size` says (with 1024 it is the queue for sending), a disk, a balloon, an rng
 * - taken: a disk with `queue_size='1024'`, since the destination has queues of that size then
 * - taken: a VM that QEMU 7.2.22 or 11.1.2 started, and that came to 10.0.13 while it ran: it keeps its 256
 * - taken: a disk that only the firmware has used, which chooses a smaller queue; an interface without a driver is refused
 *
 * Other releases of 10.0 were not tried.
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
        `QEMU ${destination.qemu} on ${destination.host} refuses ${domain.name} if QEMU ${source.qemu} started it and its guest uses virtio devices, ` +
        `as Linux does: their queues have 1024 entries, more than it takes ("Failed to load element of type virtio"); ` +
        `the VM stays on ${source.host} then. One that another release of QEMU started and that came to ${source.host} while it ran moves`,
      remedies: [{ do: "move it shut off" }],
    },
  ];
}
