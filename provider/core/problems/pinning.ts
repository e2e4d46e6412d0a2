/** CPUs and NUMA nodes that a VM is bound to, by their numbers. */
import { commandLine } from "../shownCommand";
import { anyOf, onOneLine } from "../textMatch";
import type { StderrCause } from "./stderr";

export const pinningUnfit: StderrCause = {
  stderr: anyOf(
    /NUMA node \d{1,9} is unavailable|Cannot set CPU affinity on process/,
    onOneLine(/cpuset\.(cpus|mems)/, /Invalid argument|Numerical result out of range/),
  ),
  code: "migrationRefused",
  remedies: ({ source, destination, domain }) => [
    {
      do: `bind ${domain} to CPUs and NUMA nodes that ${destination} has too (<vcpupin>, <emulatorpin>, <numatune>), or to none`,
      commands: [
        { host: destination, command: "virsh nodeinfo" },
        { host: source, command: commandLine`virsh vcpupin ${domain}` },
        { host: source, command: commandLine`virsh numatune ${domain}` },
      ],
    },
  ],
};
