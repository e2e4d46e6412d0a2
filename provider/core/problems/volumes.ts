/** Disks by pool and volume: libvirt on the destination looks both up by name there, when the VM starts. */
import type { Command, Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import { isCopied, isCopiedOffline, isShared, volumeOnDestination } from "./copied";
import { isCreated } from "./createdImages";
import type { Disk, MoveFacts } from "./facts";
import type { DiskProblem } from "./oneDisk";

/** The destination's pool and volume of a disk; undefined where they are there, or not known. */
export function problemOfVolume(disk: Disk, facts: MoveFacts): DiskProblem | undefined {
  const { target } = disk;
  const volume = volumeOnDestination(disk, facts);
  const { source, destination, destinationVolumes, how, options } = facts;
  const onDestination = destinationVolumes?.[target];
  if (volume === undefined || disk.startupPolicy !== "mandatory") return undefined;
  const { host } = destination;
  const { pool, name } = volume;
  if (onDestination === undefined) return isCopiedOffline(disk, facts) ? unknownPlace(pool, host) : undefined;
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
    // libvirt makes it in that pool; an offline copy puts it at the path that it has in it.
    if (isCopiedOffline(disk, facts)) return onDestination.newPath === undefined ? unknownPlace(pool, host) : undefined;
    if (how === "live" && isCopied(disk, facts) && (options.copyStorage === "all" || isCreated(disk, facts)))
      return undefined;
    return {
      severity,
      message: `the storage pool ${pool} on ${host} has no volume ${name}`,
      remedies: [refreshPool(pool, host)],
    };
  }
  return undefined;
}

/** A volume of another path that nothing else was found about: not copied, and not proved to be the same. */
export function volumeElsewhere(disk: Disk, facts: MoveFacts): DiskProblem | undefined {
  const { target, path } = disk;
  const volume = volumeOnDestination(disk, facts);
  const { source, destination, destinationVolumes, how, options } = facts;
  const onDestination = destinationVolumes?.[target];
  if (volume === undefined || path === undefined || disk.startupPolicy !== "mandatory") return undefined;
  if (onDestination?.pool !== "active" || onDestination.path === undefined || onDestination.path === path)
    return undefined;
  if (isShared(disk, path, facts) || isCopied(disk, facts)) return undefined;
  const { host } = destination;
  const { pool, name } = volume;
  return {
    severity: how === "offline" && !options.unsafe ? "blocker" : "warning",
    message: `the volume ${name} of the storage pool ${pool} is ${onDestination.path} on ${host}, but ${path} on ${source.host}, so it is not known to be the same`,
    remedies: [
      {
        do: `give the pool the same target path on both hosts`,
        commands: [source.host, host].map((each) => ({ host: each, command: commandLine`virsh pool-dumpxml ${pool}` })),
      },
    ],
  };
}

/** Its images are behind a server, or libvirt does not tell. */
function unknownPlace(pool: string, host: string): DiskProblem {
  return {
    message: `the disk is copied into the storage pool ${pool} on ${host}, but where its volumes lie there is not known`,
    remedies: [
      {
        do: "give it a target path of files or of devices, as on the source",
        commands: on(host, commandLine`virsh pool-dumpxml ${pool}`),
      },
      { do: "copy the image yourself and set migration.unsafe: true, which moves the definition and checks no disk" },
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
