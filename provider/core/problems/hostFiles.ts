/** Files, devices and sockets of the host that QEMU opens besides disks and firmware. */
import { commandLine } from "../shownCommand";
import type { Problem, Remedy } from "../problem";
import type { HostFile, MoveFacts } from "./facts";
import { isSameFile } from "./sameStorage";

export function hostFilesAreThere(facts: MoveFacts): Problem[] {
  const { domain, how, options } = facts;
  return (domain?.hostFiles ?? []).flatMap((file) => {
    if (file.kind === "content" && how === "offline") return options.unsafe ? [] : contentStays(file, facts);
    return isMissing(file, facts) ? [missing(file, facts)] : [];
  });
}

function isMissing({ path }: HostFile, { destinationImages }: MoveFacts): boolean {
  return destinationImages[path]?.exists === false;
}

function missing({ what, path, kind }: HostFile, { domain, destination: { host }, how }: MoveFacts): Problem {
  return {
    rule: "host-files",
    severity: kind === "needed" && how === "live" ? "blocker" : "warning",
    code: "migrationRefused",
    host,
    message: `${domain!.name} uses the ${what} ${path}, which ${host} does not have`,
    remedies: [
      kind === "socket"
        ? { do: `start the program behind it on ${host} before the move` }
        : { do: `create it on ${host} too, or remove it from the VM` },
    ],
  };
}

/** The file of an NVDIMM is a disk in all but name. */
function contentStays({ what, path }: HostFile, facts: MoveFacts): Problem[] {
  const { domain, source, destination } = facts;
  const [onSource, onDestination] = [facts.sourceImages[path], facts.destinationImages[path]];
  if (onSource !== undefined && onDestination !== undefined && isSameFile(onSource, onDestination)) return [];
  const remedies: Remedy[] = [
    { do: `start ${domain!.name} and move it live: libvirt then sends the content` },
    {
      do: "copy the file yourself and set migration.unsafe: true",
      commands: [{ host: source.host, command: commandLine`ls -l ${path}` }],
    },
  ];
  return [
    {
      rule: "disks",
      severity: "blocker",
      code: "unsafeStorage",
      host: destination.host,
      message: `an offline migration does not send the ${what} ${path} of ${domain!.name}, and ${destination.host} is not known to have the same one`,
      remedies,
    },
  ];
}
