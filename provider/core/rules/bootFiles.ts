import type { MoveFacts } from "./facts";
import type { Finding } from "./finding";

/** QEMU opens firmware and kernel by their paths wherever it runs. */
export function bootFilesAreThere({ domain, destination, destinationImages, how }: MoveFacts): Finding[] {
  return (domain?.bootFiles ?? [])
    .filter(({ path }) => destinationImages[path]?.exists === false)
    .map(({ what, path }) => ({
      rule: "boot-files",
      severity: how === "live" ? "blocker" : "warning",
      code: "migrationRefused",
      where: destination.host,
      message: `${domain!.name} boots with the ${what} ${path}, which ${destination.host} does not have`,
      next: `install it at the same path on ${destination.host}`,
    }));
}
