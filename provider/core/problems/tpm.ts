/** An emulated TPM is a program on its host: swtpm. */
import { type Daemons, restarting } from "../daemons";
import type { Problem, Remedy } from "../problem";
import { versionBelow } from "../version";
import type { MoveFacts } from "./facts";
import { install } from "./install";
import { commandLine } from "../shownCommand";
import { between, type StderrCause } from "./stderr";

export function tpmFits({ domain, destination, fit }: MoveFacts): Problem[] {
  if (!domain?.tpmEmulator || fit?.capabilities === undefined || "refusal" in fit.capabilities) return [];
  const { tpmBackends } = fit.capabilities;
  if (tpmBackends === undefined || tpmBackends.includes("emulator")) return [];
  return [
    {
      rule: "tpm-emulator",
      severity: "blocker",
      code: "migrationRefused",
      host: destination.host,
      message: `${domain.name} has an emulated TPM, but ${destination.host} has no emulator for it`,
      remedies: installSwtpm(destination.host, "swtpm", destination.daemons),
    },
  ];
}

/** The emulator of the TPM has to be there, and to read what the source's has written. */
export function swtpmFits({ domain, source, destination, sourceOwned, destinationOwned }: MoveFacts): Problem[] {
  if (!domain?.tpmEmulator || sourceOwned?.swtpm === undefined || destinationOwned === undefined) return [];
  const [onSource, onDestination] = [sourceOwned.swtpm, destinationOwned.swtpm];
  if (onDestination !== undefined && !versionBelow(onDestination, onSource)) return [];
  return [
    {
      rule: "tpm-emulator",
      severity: "blocker",
      code: "migrationRefused",
      host: destination.host,
      message:
        onDestination === undefined
          ? `${domain.name} has an emulated TPM, but ${destination.host} has no emulator for it`
          : `${domain.name} has an emulated TPM of swtpm ${onSource} (${source.host}), but ${destination.host} has the older ${onDestination}, which may be unable to read its state`,
      remedies: installSwtpm(
        destination.host,
        onDestination === undefined ? "swtpm" : `swtpm ${onSource} or later`,
        destination.daemons,
      ),
    },
  ];
}

/** @param what with the version where one is needed. */
function installSwtpm(host: string, what: string, daemons: Daemons | undefined): Remedy[] {
  const packages = "swtpm swtpm-tools";
  return install(host, what, { apt: packages, dnf: packages }, restarting(host, daemons));
}

export const swtpmMissing: StderrCause = {
  stderr: /Unable to find 'swtpm/i,
  code: "migrationRefused",
  namesDaemons: true,
  remedies: ({ destination, daemons }) => installSwtpm(destination, "swtpm", daemons?.[destination]),
};

export const swtpmFailed: StderrCause = {
  stderr: /Could not (?:run|start) '[^'\n]{0,255}swtpm|swtpm[^'\n]{0,64} (?:exited|died)/,
  code: "migrationRefused",
  remedies: ({ destination: host, domain }, stderr) => [
    {
      do: `see why swtpm did not start on ${host}`,
      commands: [
        {
          host,
          command: commandLine`tail -n 50 ${between(stderr, "error log '") ?? `/var/log/swtpm/libvirt/qemu/${domain}-swtpm.log`}`,
        },
      ],
    },
  ],
};
