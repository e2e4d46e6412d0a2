import { knownFaults } from "../knownFaults";
import { commandLine } from "../shownCommand";
import { versionBelow } from "../version";
import type { MoveFacts } from "./facts";
import type { Problem } from "../problem";

/**
 * QEMU leaves the disks of a VM that arrives paused inactive until the VM runs. When it is sent on before that, QEMU 7.2 aborts at the
 * switch-over (`bdrv_inactivate_recurse: Assertion … BDRV_O_INACTIVE`) and the guest is lost. Fixed by "migration/block: Rewrite disk
 * activation" (8597af7615, January 2025), which QEMU 10.0 is the first release of; 10.0.13 and 11.1.2 were played. Which releases of
 * 9.2 and older have it backported is not known.
 */
const { fixedIn } = knownFaults.pausedAgain;

export function pausedVmHasRunHere({ source, destination, domain, how }: MoveFacts): Problem[] {
  if (how !== "live" || domain?.state !== "paused" || domain.pausedSinceArrival === false) return [];
  const { host, qemu } = source;
  if (qemu !== undefined && !versionBelow(qemu, fixedIn)) return [];
  const { name } = domain;
  const [resume, suspend] = [commandLine`virsh resume ${domain}`, commandLine`virsh suspend ${domain}`];
  const has = qemu === undefined ? "whose version is not known" : qemu;
  return [
    {
      rule: "paused-again",
      severity: "blocker",
      code: "unsafeCombination",
      host,
      message:
        `${name} is paused on ${host}, ` +
        (domain.pausedSinceArrival === true
          ? "arrived there paused and has not run since"
          : "and it is not known whether it has run since it arrived there") +
        `: QEMU below ${fixedIn} (${host} has QEMU ${has}) can crash when such a VM is moved again, and its memory is lost`,
      remedies: [
        {
          do: "move it while it runs (nothing is lost, but the guest runs meanwhile)",
          commands: [{ host, command: resume }, { command: "pulumi up" }, { host: destination.host, command: suspend }],
        },
        {
          do: "let it run for a few seconds",
          commands: [{ host, command: resume }, { host, command: suspend }, { command: "pulumi up" }],
        },
        { do: `start it with QEMU ${fixedIn} or later on ${host}, which needs neither` },
      ],
    },
  ];
}
