import { anyOf, onOneLine } from "../textMatch";
import type { MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";
import type { StderrCause } from "./stderr";

/** QEMU opens firmware and kernel by their paths wherever it runs. */
export function bootFilesAreThere({ domain, destination, destinationImages, how }: MoveFacts): Problem[] {
  return (domain?.bootFiles ?? [])
    .filter(({ path }) => destinationImages[path]?.exists === false)
    .map(({ what, path }) => ({
      rule: "boot-files",
      severity: how === "live" ? "blocker" : "warning",
      code: "migrationRefused",
      host: destination.host,
      message: `${domain!.name} boots with the ${what} ${path}, which ${destination.host} does not have`,
      remedies: [{ do: `install it at the same path on ${destination.host}` }],
    }));
}

/** libvirt makes the file for UEFI variables from a template, and finds firmware by descriptions in /usr/share/qemu/firmware. */
export const firmwareMissing: StderrCause = {
  stderr: anyOf(
    /unable to find any master var store for loader|Unable to find .{1,40}firmware that is compatible|Unable to find any firmware to satisfy/i,
    onOneLine(
      /(Failed to open file|Could not open|cannot open file) '/i,
      /(OVMF|AAVMF|edk2|seabios|qemu\/firmware)/,
      /No such file/,
    ),
  ),
  code: "migrationRefused",
  remedies: ({ destination }) => [sameFirmware(destination)],
};

export function sameFirmware(host: string): Remedy {
  return { do: `install the same firmware package on ${host}` };
}
