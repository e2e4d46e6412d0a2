/** What `migration.disks` and `migration.networks` name: the VM must have it, and the destination gets one of the same kind. */
import { connectionOf, type Connection, type NetworkPlace, showConnection } from "../mapping";
import { listed, nearMatches } from "../near";
import type { Problem, Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import { destinationPathOf } from "./copied";
import type { Disk, Interface, MoveFacts } from "./facts";

export function mappingFits(facts: MoveFacts): Problem[] {
  if (facts.domain === undefined) return [];
  return [...disksFit(facts), ...chainsAreWhole(facts), ...notTwice(facts), ...networksFit(facts)];
}

/** Of a bridge or a libvirt network; others are not mapped. */
export function connectionOfInterface({ type, source }: Interface): Connection | undefined {
  if (source === undefined || (type !== "bridge" && type !== "network")) return undefined;
  return { kind: type, name: source };
}

function disksFit(facts: MoveFacts): Problem[] {
  const { source, destination, options } = facts;
  const { name, disks } = facts.domain!;
  const targets = disks.map(({ target }) => target);
  return Object.keys(options.disks ?? {}).flatMap((target) => {
    const disk = disks.find((each) => each.target === target);
    if (disk === undefined) {
      const message = `${name} has no disk ${target}, which migration.disks names`;
      return blocker("unsafeStorage", source.host, message, [oneOf("disks", target, targets)]);
    }
    const why = whyNotMapped(disk, facts);
    if (why === undefined) return [];
    const message = `${target} of ${name} cannot be mapped by migration.disks: ${why}`;
    return blocker("unsafeStorage", destination.host, message, [{ do: `leave ${target} out of migration.disks` }]);
  });
}

function whyNotMapped({ type, path }: Disk, facts: MoveFacts): string | undefined {
  if (!["file", "block", "volume"].includes(type))
    return `it is of the type ${type}, and only files, block devices and volumes are mapped`;
  if (path === undefined) return undefined;
  const destinationPath = destinationPathOf(path, facts);
  if (destinationPath === path || destinationPath.startsWith("/dev/") === (type === "block")) return undefined;
  const [is, becomes] = type === "block" ? ["block device", "file"] : ["file", "block device"];
  return `${path} is a ${is}, and ${destinationPath} would be a ${becomes}`;
}

/** An image names its backing file by a full path, or relative to its directory: both may be others on the destination. */
function chainsAreWhole({ domain, destination, brokenChains = [] }: MoveFacts): Problem[] {
  return brokenChains.flatMap((path) => {
    const message = `the backing files of ${path} for ${domain!.name} are not all on ${destination.host}`;
    const command = commandLine`qemu-img info -U --backing-chain ${path}`;
    return blocker("unsafeStorage", destination.host, message, [
      { do: "put them where the image names them", commands: [{ host: destination.host, command }] },
      { do: 'set migration.copyStorage: "all", which copies all content into one image' },
    ]);
  });
}

/** Two disks on one image destroy each other. */
function notTwice(facts: MoveFacts): Problem[] {
  const { destination, options, domain } = facts;
  const isMapped = ({ target }: Disk) => Object.hasOwn(options.disks ?? {}, target);
  const placed = domain!.disks.flatMap((disk) =>
    disk.path === undefined ? [] : [{ disk, path: destinationPathOf(disk.path, facts) }],
  );
  return placed.flatMap(({ disk, path }, index) => {
    const other = placed.slice(0, index).find((each) => each.path === path)?.disk;
    if (other === undefined || (!isMapped(disk) && !isMapped(other))) return [];
    const message = `${other.target} and ${disk.target} of ${domain!.name} would both be ${path} on ${destination.host}`;
    return blocker("unsafeStorage", destination.host, message, [{ do: "give each a path of its own" }]);
  });
}

/** One that the VM is on already, as after an earlier move, is right too. */
function networksFit({ domain, source, options }: MoveFacts): Problem[] {
  const has = domain!.interfaces.flatMap((each) => connectionOfInterface(each) ?? []);
  const names = has.map(({ name }) => name);
  return Object.entries(options.networks ?? {}).flatMap(([name, place]) => {
    if (names.includes(name) || isOn(has, place)) return [];
    const message = `${domain!.name} has no interface on ${name}, which migration.networks names, and none on ${shown(place)}`;
    return blocker("migrationRefused", source.host, message, [oneOf("networks", name, names)]);
  });
}

function isOn(has: readonly Connection[], place: NetworkPlace): boolean {
  return has.some(({ kind, name }) => {
    const next = connectionOf(place, kind);
    return next.kind === kind && next.name === name;
  });
}

function shown(place: NetworkPlace): string {
  return typeof place === "string" ? place : showConnection(connectionOf(place, "bridge"));
}

function oneOf(what: "disks" | "networks", word: string, known: readonly string[]): Remedy {
  const near = nearMatches(word, known);
  const meant = near.length > 0 ? `did you mean ${listed(near)}? ` : "";
  return { do: `${meant}name one of its ${what}, which are ${[...new Set(known)].join(", ") || "none"}` };
}

function blocker(code: Problem["code"], host: string, message: string, remedies: Remedy[]): Problem[] {
  return [{ rule: "mapping", severity: "blocker", code, host, message, remedies }];
}
