/** The source has to resolve the destination's names. */
import type { Remedy } from "../problem";
import type { StderrCause } from "./stderr";

export function resolvable(field: "peerAddress" | "migrationAddress", source: string, destination: string): Remedy[] {
  return [
    { do: `set ${field} of ${destination} in vm-placement:hosts` },
    { do: `add the name to /etc/hosts on ${source}` },
  ];
}

export const peerNameUnresolved: StderrCause = {
  stderr: /Could not resolve hostname|Name or service not known|Temporary failure in name resolution/,
  code: "peerUnreachable",
  remedies: ({ source, destination }) => [
    {
      do: `${source} cannot resolve a name of ${destination}: set peerAddress of ${destination} (and migrationAddress, where it is set) in vm-placement:hosts to what ${source} can resolve`,
    },
    { do: `add the name to /etc/hosts on ${source}` },
  ],
};
