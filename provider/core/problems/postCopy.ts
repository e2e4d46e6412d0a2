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
const oneOfTheTwo: Remedy = { do: "leave out one of the two options (postCopy alone copes with any dirty rate)" };

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
        `migration.parallel together with migration.postCopy hangs with machine types of QEMU 7.2 and older; ${name} has ${machine}` +
        (known === undefined ? ", whose QEMU release is not known" : ""),
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

export const multiFdMixed: StderrCause = {
  stderr: /received packet magic [0-9a-f]{1,8} expected 11223344/,
  code: "migrationFailed",
  remedies: ({ destination }) => [
    {
      do: `try again: QEMU below ${knownFaults.multiFdMixed.fixedIn} on ${destination} took the connections of migration.parallel for each other`,
      commands: [{ command: "pulumi up" }],
    },
    {
      do: `set migration.tls, leave out migration.parallel, or upgrade QEMU on ${destination} to ${knownFaults.multiFdMixed.fixedIn} or later`,
    },
  ],
};

export function postCopyCanBeResumed({ source, destination, options, how }: MoveFacts): Problem[] {
  if (how !== "live" || !options.postCopy) return [];
  return resumeHindrances(source, destination).map(({ host, why, upgradeTo }) => ({
    rule: "post-copy-resume",
    severity: "warning",
    code: "unsafeCombination",
    host,
    message: `a post-copy migration that the network interrupts could not be resumed: ${why}`,
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
      message: `QEMU on ${host} runs unprivileged and is not allowed to use userfaultfd, which post-copy needs`,
      remedies: allowUserfaultfd(host),
    },
  ];
}

function allowUserfaultfd(host: string): Remedy[] {
  return [
    {
      do: "allow it (a file in /etc/sysctl.d keeps that after a reboot)",
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
    { do: "leave out migration.postCopy: post-copy cannot move a paused VM" },
    { do: "resume the VM first", commands: [{ host: source, command: commandLine`virsh resume ${domain}` }] },
  ],
};

export const postCopyStillBreaking: StderrCause = {
  stderr: /is being actively monitored by another thread/,
  code: "postCopyInterrupted",
  remedies: ({ source }) => [
    {
      do: `wait up to 30 s until ${source} has noticed that the connection is lost, then resume the migration`,
      commands: [{ command: "pulumi up" }],
    },
  ],
};

export const postCopyCannotEnd: StderrCause = {
  stderr: /cannot abort migration in post-copy mode/,
  code: "migrationRunning",
  remedies: () => [{ do: "wait until the migration ends: nothing can abort it after the switch to post-copy" }],
};

export const postCopyInterrupted: StderrCause = {
  stderr: anyOf(/failed in post-copy phase|post-copy failed/i, onOneLine(/postcopy/i, /failed|broken/i)),
  code: "postCopyInterrupted",
  remedies: ({ source, destination }) => [
    {
      do: `do not destroy or resume the VM on either host; bring the network between ${source} and ${destination} back, then resume the migration`,
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
