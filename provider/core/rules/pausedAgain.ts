import { versionBelow } from "../version";
import type { MoveFacts } from "./facts";
import type { Finding } from "./finding";

/**
 * QEMU leaves the disks of a VM that arrives paused inactive until the VM runs. When it is sent on before that, QEMU 7.2 aborts at the
 * switch-over (`bdrv_inactivate_recurse: Assertion … BDRV_O_INACTIVE`) and the guest is lost. Fixed by "migration/block: Rewrite disk
 * activation" (8597af7615, January 2025), which QEMU 10.0 is the first release of; 10.0.13 and 11.1.2 were played. Which releases of
 * 9.2 and older have it backported is not known.
 */
const fixedIn = "10.0";

export function pausedVmHasRunHere({ source, destination, domain, how }: MoveFacts): Finding[] {
  if (how !== "live" || domain?.state !== "paused" || domain.pausedSinceArrival === false) return [];
  const { host, qemu } = source;
  if (qemu !== undefined && !versionBelow(qemu, fixedIn)) return [];
  const { name } = domain;
  const has = qemu === undefined ? "whose version is not known" : qemu;
  return [
    {
      rule: "paused-again",
      severity: "blocker",
      code: "unsafeCombination",
      where: host,
      message:
        `${name} is paused on ${host}, ` +
        (domain.pausedSinceArrival === true
          ? "arrived there paused and has not run since"
          : "and it is not known whether it has run since it arrived there") +
        `: QEMU below ${fixedIn} (${host} has QEMU ${has}) can crash when such a VM is moved again, and its memory is lost`,
      next:
        `\`virsh resume ${name}\` on ${host}, run \`pulumi up\` again, which moves it while it runs, and \`virsh suspend ${name}\` on ${destination.host} afterwards: ` +
        `nothing is lost, but the guest runs meanwhile. Or \`virsh resume ${name}\`, a few seconds later \`virsh suspend ${name}\` on ${host}, then \`pulumi up\`. ` +
        `A VM that is started with QEMU ${fixedIn} or later on ${host} needs neither`,
    },
  ];
}
