import type { MoveFacts } from "./facts";
import type { Problem } from "../problem";

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
