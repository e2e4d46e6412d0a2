/** What post-copy needs, and what breaks it. */
import { knownFaults } from "../knownFaults";
import { resumeHindrances } from "../resumable";
import type { Problem, Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import { anyOf, onOneLine } from "../textMatch";
import { versionBelow } from "../version";
import type { MoveFacts } from "./facts";
import { isFromQemu80 } from "./machineRelease";
import type { StderrCause } from "./stderr";

const { fixedIn } = knownFaults.multiFdWithPostCopy;
const withoutPostCopy: Remedy = { do: "leave out migration.postCopy" };
const oneOfTheTwo: Remedy = { do: "leave out one of the two (postCopy alone copes with any dirty rate)" };

/**
 * QEMU 7.2 accepts the pair, and its destination process aborts when post-copy starts: the guest is lost (5 of 5). QEMU 10.0 refuses it.
 * From 10.1 on it works, but not with a machine type of 7.2 or older (hw_compat_7_2 sets `migration.x-preempt-pre-7-2`): nothing is sent
 * after the first 1–3 MiB, and neither a switch nor an abort ends that (7 of 7; 8 of 8 well with 8.0 to 11.1; QEMU 11.1.2).
 */
export function multiFdWithPostCopy({ source, destination, domain, options, how }: MoveFacts): Problem[] {
  if (how !== "live" || !options.parallel || !options.postCopy) return [];
  const tooOld = [source, destination]
    .filter(({ qemu }) => qemu === undefined || versionBelow(qemu, fixedIn))
    .map(({ host, qemu }) => ({
      rule: "multi-fd-with-post-copy",
      severity: "blocker",
      code: "unsafeCombination",
      host,
      message: `migration.parallel together with migration.postCopy loses the guest below QEMU ${fixedIn}; ${host} has ${qemu ?? "an unknown version"}`,
      remedies: [oneOfTheTwo],
    })) satisfies Problem[];
  if (tooOld.length > 0 || domain === undefined) return tooOld;
  const { name, machine } = domain;
  const known = isFromQemu80(machine);
  if (known === true) return [];
  return [
    {
      rule: "multi-fd-with-post-copy",
      severity: "blocker",
      code: "unsafeCombination",
      host: source.host,
      message:
        `migration.parallel together with migration.postCopy stands still for ever with machine types of QEMU 7.2 and older; ${name} has ${machine}` +
        (known === undefined ? ", and which release that is of is not known" : ""),
      remedies: [oneOfTheTwo, { do: `start ${name} with a machine type of QEMU 8.0 or later` }],
    },
  ];
}

export const multiFdWithPostCopyRefused: StderrCause = {
  stderr: /Postcopy is not yet compatible with multifd|yet compatible with/i,
  code: "unsafeCombination",
  remedies: () => [
    { do: "leave out migration.parallel or migration.postCopy: together they need QEMU 10.1 on both hosts" },
  ],
};

export function postCopyCanBeResumed({ source, destination, options, how }: MoveFacts): Problem[] {
  if (how !== "live" || !options.postCopy) return [];
  return resumeHindrances(source, destination).map(({ host, why, upgradeTo }) => ({
    rule: "post-copy-resume",
    severity: "warning",
    code: "unsafeCombination",
    host,
    message: `a post-copy that the network interrupts could not be resumed: ${why}`,
    remedies: [{ do: `upgrade libvirt on ${host} to ${upgradeTo} or later` }, withoutPostCopy],
  }));
}

/** Post-copy needs userfaultfd on the destination, which kernels keep from unprivileged processes by default. */
export function postCopyMayUseUserfaultfd({ destination, options, how }: MoveFacts): Problem[] {
  if (how !== "live" || !options.postCopy || destination.system?.userfaultfd !== false) return [];
  const { host } = destination;
  return [
    {
      rule: "post-copy-userfaultfd",
      severity: "blocker",
      code: "unsafeCombination",
      host,
      message: `QEMU on ${host} runs unprivileged and may not use userfaultfd, which post-copy needs`,
      remedies: allowUserfaultfd(host),
    },
  ];
}

function allowUserfaultfd(host: string): Remedy[] {
  return [
    {
      do: "allow it (and with a file in /etc/sysctl.d after the next boot too)",
      commands: [{ host, command: "sysctl -w vm.unprivileged_userfaultfd=1" }],
    },
    withoutPostCopy,
  ];
}

export const userfaultfdRefused: StderrCause = {
  stderr: /Userfaultfd not available|Postcopy is not supported: (?:UFFD|ufd)/i,
  code: "unsafeCombination",
  remedies: ({ destination }) => allowUserfaultfd(destination),
};

export const postCopyOfPausedVm: StderrCause = {
  stderr: /post-copy migration is not supported with non-live or paused migration/,
  code: "domainStateUnfit",
  remedies: ({ source, domain }) => [
    { do: "a paused VM cannot be moved by post-copy: leave out migration.postCopy" },
    { do: "resume it first", commands: [{ host: source, command: commandLine`virsh resume ${domain}` }] },
  ],
};

export const postCopyStillBreaking: StderrCause = {
  stderr: /is being actively monitored by another thread/,
  code: "postCopyInterrupted",
  remedies: ({ source }) => [
    {
      do: `${source} still waits for the broken link (up to half a minute): wait, and resume it`,
      commands: [{ command: "pulumi up" }],
    },
  ],
};

export const postCopyCannotEnd: StderrCause = {
  stderr: /cannot abort migration in post-copy mode/,
  code: "migrationRunning",
  remedies: () => [{ do: "after the switch to post-copy a migration can only be waited for" }],
};

export const postCopyInterrupted: StderrCause = {
  stderr: anyOf(/failed in post-copy phase|post-copy failed/i, onOneLine(/postcopy/i, /failed|broken/i)),
  code: "postCopyInterrupted",
  remedies: ({ source, destination }) => [
    {
      do: `do not destroy or resume it on either host; bring the link between ${source} and ${destination} back and resume the migration`,
      commands: [{ command: "pulumi up" }],
    },
  ],
};

/** Of the host's kernel or the VM's memory: nothing that an administrator switches on. */
export const postCopyImpossible: StderrCause = {
  stderr: /Postcopy is not supported/i,
  code: "unsafeCombination",
  remedies: () => [{ do: "leave out migration.postCopy: this VM's memory or a host's kernel does not permit it" }],
};
