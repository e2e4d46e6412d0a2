/** Network filters of libvirt, which it looks up by name when it makes the interfaces of a VM. */
import type { Problem, Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import type { MoveFacts } from "./facts";
import { between, type StderrCause } from "./stderr";

/** An offline migration makes no interface. */
export function filtersAreDefined({ domain, source, destination, destinationFilters, how }: MoveFacts): Problem[] {
  if (domain === undefined || destinationFilters === undefined) return [];
  const { host } = destination;
  return domain.filters
    .filter((filter) => !destinationFilters.includes(filter))
    .map((filter) => ({
      rule: "network-filters",
      severity: how === "live" ? "blocker" : "warning",
      code: "migrationRefused",
      host,
      message: `an interface of ${domain.name} has the network filter ${filter}, which libvirt on ${host} does not have${how === "live" ? "" : ", so the VM would not start"}`,
      remedies: [defineFilter(source.host, host, filter)],
    }));
}

function defineFilter(source: string, host: string, filter: string): Remedy {
  return {
    do: `define the filter on ${host} as on ${source}, after those that it refers to`,
    commands: [
      { host: source, command: commandLine`virsh nwfilter-dumpxml ${filter}` },
      { host, command: "virsh nwfilter-define FILE" },
    ],
  };
}

export const filterMissing: StderrCause = {
  stderr: /referenced filter '|no nwfilter with matching (?:name|uuid) '|Network filter not found/,
  code: "migrationRefused",
  remedies: ({ source, destination }, stderr) => [
    defineFilter(
      source,
      destination,
      between(stderr, "referenced filter '") ?? between(stderr, "nwfilter with matching name '") ?? "NAME",
    ),
  ],
};
