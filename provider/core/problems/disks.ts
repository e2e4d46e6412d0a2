/** Every disk must be at hand on the destination: on storage that both hosts see, or as an image to copy into. */
import type { Problem } from "../problem";
import { isCopied, isCopiedOffline } from "./copied";
import { problemOfCopy } from "./copiedDisk";
import type { DomainFacts, MoveFacts } from "./facts";
import { problemOffline } from "./offlineDisk";
import { problemOfShared } from "./sharedDisk";
import { problemOfVolume, volumeElsewhere } from "./volumes";

export function disksAreThere(facts: MoveFacts): Problem[] {
  const { domain, destination, how } = facts;
  if (domain === undefined) return [];
  return [
    ...chosenWithoutDisk(domain, facts),
    ...domain.disks.flatMap((disk) => {
      const volume = problemOfVolume(disk, facts);
      if (volume === undefined && isCopiedOffline(disk, facts)) return [];
      const find = how === "offline" ? problemOffline : isCopied(disk, facts) ? problemOfCopy : problemOfShared;
      const found = volume ?? find(disk, facts) ?? volumeElsewhere(disk, facts);
      if (found === undefined) return [];
      return [
        {
          rule: "disks",
          severity: "blocker" as const,
          code: "unsafeStorage" as const,
          host: destination.host,
          ...found,
          message: `${disk.target} of ${domain.name}: ${found.message}`,
        },
      ];
    }),
  ];
}

function chosenWithoutDisk({ name, disks }: DomainFacts, { source, options }: MoveFacts): Problem[] {
  if (options.copyStorage === undefined) return [];
  const targets = disks.map(({ target }) => target);
  return (options.copyStorageDisks ?? [])
    .filter((target) => !targets.includes(target))
    .map((chosen) => ({
      rule: "disks",
      severity: "blocker",
      code: "unsafeStorage",
      host: source.host,
      message: `${name} has no disk ${chosen}, which migration.copyStorage.disks names`,
      remedies: [{ do: `name some of its disks, which are ${targets.join(", ") || "none"}` }],
    }));
}
