/** What a VM owns beside its disks has to go with it: libvirt sends it with a running VM only. */
import type { OwnedFacts, OwnedState } from "../owned";
import { commandLine } from "../shownCommand";
import { showBytes } from "../units";
import { versionBelow } from "../version";
import type { MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";
import { sameFirmware } from "./bootFiles";
import { isSameFile } from "./sameStorage";
import { freeSpace } from "./space";

/** Copied as text through the controller's memory; vTPM state has kilobytes, UEFI variables 64 MiB at most. */
const mostBytes = 128 * 2 ** 20;

export interface OwnedToCopy extends OwnedState {
  path: string;
  digest: string;
}

/** What an offline move copies; nothing where both hosts see it, or where there is none. */
export function ownedToCopy({ domain, how, sourceOwned, destinationOwned }: MoveFacts): OwnedToCopy[] {
  if (how !== "offline") return [];
  return (domain?.owned ?? []).flatMap((owned) => {
    const { path } = owned;
    const onSource = path === undefined ? undefined : sourceOwned?.byPath[path];
    const onDestination = path === undefined ? undefined : destinationOwned?.byPath[path];
    if (path === undefined || onSource?.digest === undefined || onSource.digest === "nothing") return [];
    return onDestination !== undefined && isSameFile(onSource, onDestination)
      ? []
      : [{ ...owned, path, digest: onSource.digest }];
  });
}

export function ownedStateGoesAlong(facts: MoveFacts): Problem[] {
  const { domain, how } = facts;
  if (domain === undefined) return how === "offline" ? [definitionUnknown(facts)] : [];
  if (how === "live") return templatesAreThere(facts);
  return domain.owned.flatMap((owned) => {
    const found = hindrance(facts, owned);
    if (found === undefined) return [];
    return [
      {
        rule: "owned-state",
        severity: "blocker" as const,
        code: "unsafeStorage" as const,
        ...found,
        message: `an offline migration does not send the ${owned.what} of ${domain.name}: ${found.message}`,
      },
    ];
  });
}

type Hindrance = Pick<Problem, "message" | "remedies"> & { host: string };

/** One of the things it owns, as the two hosts have it. */
interface Copy extends MoveFacts {
  name: string;
  owned: OwnedState & { path: string };
  onSource: OwnedFacts;
  onDestination: OwnedFacts;
}

function hindrance(facts: MoveFacts, owned: OwnedState): Hindrance | undefined {
  const { source, destination } = facts;
  const { name } = facts.domain!;
  const { path } = owned;
  if (path === undefined) {
    return {
      host: source.host,
      message: "this provider does not know the path",
      remedies: [moveLive(name, owned.what)],
    };
  }
  const onSource = facts.sourceOwned?.byPath[path];
  const onDestination = facts.destinationOwned?.byPath[path];
  if (onSource === undefined || onDestination === undefined) {
    const host = onSource === undefined ? source.host : destination.host;
    return {
      host,
      message: `${host} does not report what is at ${path}`,
      remedies: [{ do: "check that sh, find, sha256sum and stat work there" }],
    };
  }
  const copy: Copy = { ...facts, name, owned: { ...owned, path }, onSource, onDestination };
  if (onSource.digest === "nothing" && onSource.keptCopy !== undefined) return onlyKeptCopy(copy, onSource.keptCopy);
  if (isSameFile(onSource, onDestination)) return deletedForBoth(copy);
  if (onSource.digest === "nothing" && onDestination.digest === "nothing") return undefined;
  return notRoot(copy) ?? notReadable(copy) ?? otherContent(copy) ?? tooLarge(copy) ?? noRoom(copy);
}

function moveLive(name: string, what: string): Remedy {
  return { do: `start ${name} and move it live: libvirt then sends the ${what}` };
}

function onlyKeptCopy({ source: { host }, owned: { what, path } }: Copy, keptCopy: string): Hindrance {
  return {
    host,
    message: `${path} on ${host} is missing, but an interrupted move kept a copy: ${keptCopy}`,
    remedies: [
      {
        do: "restore the copy",
        commands: [{ host, command: commandLine`mv -T ${keptCopy} ${path}` }, { command: "pulumi up" }],
      },
      { do: "remove the copy, if it is not needed, and run `pulumi up` again", loses: `the ${what}` },
    ],
  };
}

/** libvirt 9.0.0 leaves alone what lies on a file system that it knows as shared; older ones delete it for both hosts. */
function deletedForBoth({ domain, name, source, owned }: Copy): Hindrance | undefined {
  const { host, libvirt } = source;
  if (owned.what !== "vTPM state" || owned.keptByLibvirt) return undefined;
  if (libvirt === undefined || !versionBelow(libvirt, "9.0.0")) return undefined;
  return {
    host,
    message: `both hosts see ${owned.path}, and libvirt ${libvirt} on ${host} deletes it with the definition`,
    remedies: [
      {
        do: "add persistent_state='yes' to the <backend> of its <tpm>",
        commands: [{ host, command: commandLine`virsh edit ${domain!}` }],
      },
      moveLive(name, owned.what),
    ],
  };
}

function notRoot({ name, source, destination, sourceOwned, destinationOwned, owned: { what, path } }: Copy) {
  const ends = [
    [source, sourceOwned],
    [destination, destinationOwned],
  ] as const;
  const other = ends.find(([, owned]) => !owned?.isRoot);
  if (other === undefined) return undefined;
  const [{ host }, owned] = other;
  return {
    host,
    message: `${path} must be copied, but the account ${owned?.account ?? "used"} on ${host} can neither read nor write it`,
    remedies: [{ do: `deploy as root on ${host} (\`user: root\` in vm-placement:hosts)` }, moveLive(name, what)],
  };
}

function notReadable({ source, destination, owned: { path }, onSource, onDestination }: Copy): Hindrance | undefined {
  const irregular = onSource.irregular || onDestination.irregular;
  if (onSource.digest !== undefined && onDestination.digest !== undefined && !irregular) return undefined;
  const { host } = onSource.digest === undefined || onSource.irregular ? source : destination;
  return {
    host,
    message: `${path} on ${host} ${irregular ? "holds symbolic links or special files" : "cannot be read"}`,
    remedies: [{ do: "check it", commands: [{ host, command: commandLine`find ${path} -ls` }] }],
  };
}

function otherContent({
  name,
  source,
  destination,
  owned: { path },
  onSource,
  onDestination,
}: Copy): Hindrance | undefined {
  if (onDestination.digest === "nothing" || onDestination.digest === onSource.digest || onDestination.superseded)
    return undefined;
  const { host } = destination;
  const ours =
    onSource.digest === "nothing" ? `none (${name} was never started there)` : `of ${onSource.modified ?? "?"}`;
  return {
    host,
    message: `${path} on ${host} has different content (of ${onDestination.modified ?? "?"}; on ${source.host}: ${ours}), and ${name} would start with it`,
    remedies: [
      {
        do: "if it is not needed, for example because an earlier move by hand left it, rename it",
        commands: [{ host, command: commandLine`mv -T ${path} ${`${path}.old`}` }, { command: "pulumi up" }],
      },
    ],
  };
}

function tooLarge({ name, source: { host }, owned: { what, path }, onSource }: Copy): Hindrance | undefined {
  const { bytes = 0 } = onSource;
  if (onSource.digest === "nothing" || bytes <= mostBytes) return undefined;
  const message = `${path} is ${showBytes(bytes)}, and the provider copies at most ${showBytes(mostBytes)}`;
  return { host, message, remedies: [moveLive(name, what)] };
}

/** Each host keeps the old one beside the new one until the move has ended. */
function noRoom({ source, destination, owned: { path }, onSource, onDestination }: Copy): Hindrance | undefined {
  if (onSource.digest === "nothing") return undefined;
  const needed = 2 * (onSource.bytes ?? 0) + 2 ** 20;
  const ends = [
    [source.host, onSource.freeBytes],
    [destination.host, onDestination.freeBytes],
  ] as const;
  for (const [host, free] of ends) {
    if (free === undefined || free > needed) continue;
    return {
      host,
      message: `${host} has ${showBytes(free)} free for ${path}, but ${showBytes(needed)} are needed`,
      remedies: [freeSpace(host)],
    };
  }
  return undefined;
}

function definitionUnknown({ source, command }: MoveFacts): Problem {
  return {
    rule: "owned-state",
    severity: "blocker",
    code: "unsafeStorage",
    host: source.host,
    message: `${source.host} does not report the definition that \`${command}\` moves, so the VM's files besides its disks are not known`,
    remedies: [{ do: "check what it prints", commands: [{ host: source.host, command: "virsh dumpxml NAME" }] }],
  };
}

/** The destination's libvirt makes the file for UEFI variables from its template before QEMU fills it. */
function templatesAreThere({ domain, destination, destinationImages, destinationOwned }: MoveFacts): Problem[] {
  return domain!.owned
    .filter(
      ({ path, template }) =>
        template !== undefined &&
        destinationImages[template]?.exists === false &&
        destinationOwned?.byPath[path ?? ""]?.digest === "nothing",
    )
    .map(({ what, template }) => ({
      rule: "boot-files",
      severity: "blocker",
      code: "migrationRefused",
      host: destination.host,
      message: `${destination.host} does not have ${template!}, from which libvirt makes the file for the ${what} of ${domain!.name}`,
      remedies: [sameFirmware(destination.host)],
    }));
}
