/** Disks by pool and volume: libvirt on the destination looks both up by name there, when the VM starts. */
import type { Command, Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import { isCopied } from "./copied";
import type { Disk, MoveFacts } from "./facts";
import type { DiskProblem } from "./oneDisk";

/** The destination's pool and volume of a disk; undefined where they are there, or not known. */
export function problemOfVolume(disk: Disk, facts: MoveFacts): DiskProblem | undefined {
  const { volume, target } = disk;
  const { source, destination, destinationVolumes, how, options } = facts;
  const onDestination = destinationVolumes?.[target];
  if (volume === undefined || onDestination === undefined || disk.startupPolicy !== "mandatory") return undefined;
  const { host } = destination;
  const { pool, name } = volume;
  // A definition alone goes without; the VM does not start until they are there.
  const severity = how === "offline" && options.unsafe ? ("warning" as const) : ("blocker" as const);
  if (onDestination.pool !== "active") {
    return onDestination.pool === "missing"
      ? {
          severity,
          message: `${host} has no storage pool ${pool}`,
          remedies: [definePool(pool, source.host, host)],
        }
      : {
          severity,
          message: `the storage pool ${pool} on ${host} is not active`,
          remedies: [startPool(pool, host)],
        };
  }
  if (onDestination.path === undefined) {
    // libvirt makes it in that pool; an offline copy puts it at its path.
    if (isCopied(disk, facts) && (how === "offline" || options.copyStorage === "all")) return undefined;
    return {
      severity,
      message: `the storage pool ${pool} on ${host} has no volume ${name}`,
      remedies: [refreshPool(pool, host)],
    };
  }
  if (disk.path === undefined || onDestination.path === disk.path) return undefined;
  return {
    severity: how === "offline" && !options.unsafe ? "blocker" : "warning",
    message: `the volume ${name} of the storage pool ${pool} is ${onDestination.path} on ${host}, but ${disk.path} on ${source.host}, so it is not known to be the same`,
    remedies: [
      {
        do: `give the pool the same target path on both hosts`,
        commands: [source.host, host].map((each) => ({ host: each, command: commandLine`virsh pool-dumpxml ${pool}` })),
      },
    ],
  };
}

function definePool(pool: string, source: string, host: string): Remedy {
  return {
    do: `define it as on ${source}, and start it`,
    commands: [
      { host: source, command: commandLine`virsh pool-dumpxml ${pool}` },
      { host, command: "virsh pool-define FILE" },
      ...(startPool(pool, host).commands ?? []),
    ],
  };
}

function startPool(pool: string, host: string): Remedy {
  return {
    do: "start it",
    commands: on(host, commandLine`virsh pool-start ${pool}`, commandLine`virsh pool-autostart ${pool}`),
  };
}

/** A pool lists what was there when it was read last. */
function refreshPool(pool: string, host: string): Remedy {
  return {
    do: "let libvirt read the pool again, if the volume is there",
    commands: on(host, commandLine`virsh pool-refresh ${pool}`, commandLine`virsh vol-list ${pool}`),
  };
}

function on(host: string, ...commands: string[]): Command[] {
  return commands.map((command) => ({ host, command }));
}
