/** Whether both hosts' software knows what the options ask for, and survives it. */
import { optionNames, optionTable } from "../options";
import { resumeHindrances } from "../resumable";
import { versionBelow } from "../version";
import type { MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";
import { isFromQemu80 } from "./machineRelease";

export function virshKnowsTheOptions({ source, command }: MoveFacts): Problem[] {
  // What is quoted is a value: a domain may well be called "db --old".
  const used = command.replace(/'[^']*'/g, "''").match(/(?<= )--[a-z][a-z0-9-]+/g) ?? [];
  return used
    .filter((flag) => source.migrateOptions?.has(flag) === false)
    .map((flag) => {
      const name = optionNames.find((option) => optionTable[option].virsh?.split(" | ").includes(flag));
      const since = name && optionTable[name].since;
      return {
        rule: "virsh-options",
        severity: "blocker",
        code: "optionUnsupported",
        host: source.host,
        message: `virsh on ${source.host} (libvirt ${source.libvirt ?? "of unknown version"}) does not know ${flag}`,
        remedies: [
          ...(name ? [{ do: `leave out migration.${optionTable[name].input}` }] : []),
          { do: `upgrade libvirt on ${source.host}${since ? ` to ${since} or later` : ""}` },
        ],
      } satisfies Problem;
    });
}

const oneOfTheTwo: Remedy = { do: "leave out one of the two (postCopy alone copes with any dirty rate)" };

/**
 * QEMU 7.2 accepts the pair, and its destination process aborts when post-copy starts: the guest is lost (5 of 5). QEMU 10.0 refuses it.
 * From 10.1 on it works, but not with a machine type of 7.2 or older (hw_compat_7_2 sets `migration.x-preempt-pre-7-2`): nothing is sent
 * after the first 1–3 MiB, and neither a switch nor an abort ends that (7 of 7; 8 of 8 well with 8.0 to 11.1; QEMU 11.1.2).
 */
export function multiFdWithPostCopy({ source, destination, domain, options, how }: MoveFacts): Problem[] {
  if (how !== "live" || !options.parallel || !options.postCopy) return [];
  const tooOld = [source, destination]
    .filter(({ qemu }) => qemu === undefined || versionBelow(qemu, "10.1"))
    .map(({ host, qemu }) => ({
      rule: "multi-fd-with-post-copy",
      severity: "blocker",
      code: "unsafeCombination",
      host,
      message: `migration.parallel together with migration.postCopy loses the guest below QEMU 10.1; ${host} has ${qemu ?? "an unknown version"}`,
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

/** libvirt 9.0.0 checks the disks' certificate against an empty name here; the destination's name given by hand cures it, 11.3.0 needs no cure. */
export function tlsDiskCopyOverMultiFd({ source, options, how }: MoveFacts): Problem[] {
  const { tls, parallel, copyStorage, tlsDestination } = options;
  if (how !== "live" || !tls || !parallel || !copyStorage || tlsDestination !== undefined) return [];
  if (source.libvirt === undefined || !versionBelow(source.libvirt, "9.1")) return [];
  return [
    {
      rule: "tls-disk-copy-over-multi-fd",
      severity: "blocker",
      code: "unsafeCombination",
      host: source.host,
      message: `libvirt ${source.libvirt} on ${source.host} always fails with tls, parallel and copyStorage together`,
      remedies: [
        { do: 'name the destination as in its certificate: migration.tls: { destination: "kvm-b.example.net" }' },
      ],
    },
  ];
}

/** zlib and zstd came with libvirt 9.4; "mt" left QEMU in 9.1. */
export function compressionIsKnown({ source, destination, options, how }: MoveFacts): Problem[] {
  if (how !== "live") return [];
  const methods = options.compressionMethods ?? [];
  const problem = (host: string, method: string, has: string, remedies: Remedy[]): Problem => ({
    rule: "compression-known",
    severity: "blocker",
    code: "optionUnsupported",
    host,
    message: `${host} cannot compress a migration with "${method}": it has ${has}`,
    remedies,
  });
  return [source, destination].flatMap(({ host, libvirt, qemu }) => [
    ...methods
      .filter(
        (method) => (method === "zlib" || method === "zstd") && libvirt !== undefined && versionBelow(libvirt, "9.4"),
      )
      .map((method) =>
        problem(host, method, `libvirt ${libvirt!}`, [
          { do: 'use "xbzrle"' },
          { do: `upgrade libvirt on ${host} to 9.4 or later` },
        ]),
      ),
    ...methods
      .filter((method) => method === "mt" && qemu !== undefined && !versionBelow(qemu, "9.1"))
      .map((method) => problem(host, method, `QEMU ${qemu!}`, [{ do: 'use "zstd" with migration.parallel instead' }])),
  ]);
}

export function postCopyCanBeResumed({ source, destination, options, how }: MoveFacts): Problem[] {
  if (how !== "live" || !options.postCopy) return [];
  return resumeHindrances(source, destination).map(({ host, why, upgradeTo }) => ({
    rule: "post-copy-resume",
    severity: "warning",
    code: "unsafeCombination",
    host,
    message: `a post-copy that the network interrupts could not be resumed: ${why}`,
    remedies: [{ do: `upgrade libvirt on ${host} to ${upgradeTo} or later` }, { do: "leave out migration.postCopy" }],
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
      remedies: [
        {
          do: "allow it (and with a file in /etc/sysctl.d after the next boot too)",
          commands: [{ host, command: "sysctl -w vm.unprivileged_userfaultfd=1" }],
        },
        { do: "leave out migration.postCopy" },
      ],
    },
  ];
}

/** QEMU promises that a versioned machine type moves to a newer release, not back to an older one. */
export function qemuIsNotOlder({ source, destination, how }: MoveFacts): Problem[] {
  if (how !== "live" || source.qemu === undefined || destination.qemu === undefined) return [];
  const major = (version: string) => version.split(".")[0]!;
  if (!versionBelow(major(destination.qemu), major(source.qemu))) return [];
  return [
    {
      rule: "qemu-not-older",
      severity: "warning",
      code: "migrationRefused",
      host: destination.host,
      message: `${destination.host} has an older QEMU (${destination.qemu}) than ${source.host} (${source.qemu}); QEMU promises migration to newer releases only`,
      remedies: [{ do: "try it with a VM that may fail" }, { do: `upgrade QEMU on ${destination.host}` }],
    },
  ];
}
