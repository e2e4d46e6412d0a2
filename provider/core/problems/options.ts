/** Whether both hosts' software knows what the options ask for. */
import { optionNames, optionTable } from "../options";
import { versionBelow } from "../version";
import type { MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";
import type { StderrCause } from "./stderr";

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

/** libvirt sends it on as a parameter, which an older destination refuses; other options are the source's alone. */
export function zeroDetectionIsKnown({ destination, options, how }: MoveFacts): Problem[] {
  const { host, libvirt } = destination;
  const since = optionTable.copyStorageDetectZeroes.since!;
  if (how !== "live" || !options.copyStorageDetectZeroes || libvirt === undefined || !versionBelow(libvirt, since))
    return [];
  return [
    {
      rule: "zero-detection-known",
      severity: "blocker",
      code: "optionUnsupported",
      host,
      message: `${host} has libvirt ${libvirt}, which does not take migration.copyStorage.detectZeroes`,
      remedies: [
        { do: "leave out migration.copyStorage.detectZeroes" },
        { do: `upgrade libvirt on ${host} to ${since} or later` },
      ],
    },
  ];
}

/** libvirt 9.0.0 checks the disks' certificate against an empty name in this case; migration.tls.destination avoids that. 11.3.0 is not affected. */
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
      remedies: [
        { do: "try it first with a VM that you can afford to lose" },
        { do: `upgrade QEMU on ${destination.host}` },
      ],
    },
  ];
}

export const compressionUnknown: StderrCause = {
  stderr: /Unsupported compression method/,
  code: "optionUnsupported",
  remedies: ({ source, destination }) => [
    { do: "take that method out of migration.compression.methods" },
    { do: `upgrade libvirt on ${source} and ${destination} (zlib and zstd need 9.4.0)` },
  ],
};

export const optionsConflict: StderrCause = {
  stderr:
    /only (available for|supported with) parallel migration|isn't supported with parallel migration|not compatible with compress|not supported with tunnelled migration|Turn parallel migration on|Zero copy only available for/,
  code: "conflictingOptions",
  remedies: () => [{ do: "leave one of the two options out: libvirt on these hosts does not accept them together" }],
};

export const optionUnsupported: StderrCause = {
  stderr:
    /doesn't support option|unsupported flags|Unsupported (compression|migration)|is not supported by QEMU binary|TLS migration is not supported|'migrate-set-(?:capabilities|parameters)': (?:Invalid parameter '|Parameter '|capability ')|unknown command/i,
  code: "optionUnsupported",
  remedies: ({ source }) => [{ do: "leave the option out" }, { do: `upgrade libvirt on ${source}` }],
};
