/**
 * The XML of a VM with other disks and networks, for the destination. The text is changed in these places alone: comments, CDATA, elements
 * of other namespaces and whatever a newer libvirt writes stay as they are.
 */
import { SaxesParser } from "saxes";
import { type Connection, connectionOnDestination, type DiskPlace, type Mapping, placeOfDisk } from "../core/mapping";
import { escaped, parseXml } from "./xml";

/** What the disks and interfaces are on: "vda" → "/srv/db.qcow2", "52:54:00:…" → "bridge br0". */
export type Places = Readonly<Record<string, string>>;

export type MappedXml =
  | {
      text: string;
      /** Of those that were changed. */
      places: Places;
    }
  | { unable: string };

/** @param isRunning what libvirt has found out is in it, too: the backing files of the images, which are others elsewhere. */
export function mapXml(xml: string, mapping: Mapping, isRunning: boolean): MappedXml {
  const text = xml.trim();
  if (parseXml(text, "domain") === undefined) return { unable: "it cannot be read" };
  const edits: Edit[] = [];
  const places: Record<string, string> = {};
  for (const device of devicesIn(text)) {
    const made = device.name === "disk" ? ofDisk(device, mapping, isRunning) : ofInterface(device, mapping);
    if (made === undefined) continue;
    if ("unable" in made) return made;
    edits.push(...made.edits);
    places[nameOf(device)] = made.place;
  }
  const last = edits.sort((a, b) => b.start - a.start);
  return {
    text: last.reduce((done, { start, end, text }) => `${done.slice(0, start)}${text}${done.slice(end)}`, text),
    places,
  };
}

/** Undefined where it cannot be read. */
export function placesIn(xml: string): Places | undefined {
  const text = xml.trim();
  if (parseXml(text, "domain") === undefined) return undefined;
  const all = devicesIn(text).map((device): [string, string] => {
    const source = childOf(device, "source") ?? {};
    const connection = connectionIn(device.attributes["type"], source);
    const { file, dev, pool, volume } = source;
    const image = pool === undefined ? (file ?? dev ?? "") : showPlace({ pool, volume: volume ?? "" });
    return [nameOf(device), device.name === "disk" ? image : connection ? `${connection.kind} ${connection.name}` : ""];
  });
  return Object.fromEntries(all);
}

/** An element below <devices>, or below one of these, as it lies in the text. */
interface Place {
  name: string;
  attributes: Record<string, string>;
  start: number;
  /** Behind its opening tag. */
  inner: number;
  end: number;
  isSelfClosing: boolean;
  children: Place[];
}

interface Edit {
  start: number;
  end: number;
  text: string;
}

type Made = { edits: Edit[]; place: string } | { unable: string } | undefined;

function ofDisk(disk: Place, mapping: Mapping, isRunning: boolean): Made {
  const [source, target] = [disk.children.find(({ name }) => name === "source"), nameOf(disk)];
  const place = placeOfDisk(mapping, target);
  if (place === undefined || source === undefined || isAt(source.attributes, place)) return undefined;
  const was = disk.attributes["type"] ?? "file";
  if (!["file", "block", "volume"].includes(was)) return { unable: `the disk ${target} is of the type ${was}` };
  const backing = disk.children.find((each) => each.name === "backingStore" && !each.isSelfClosing);
  if (backing !== undefined && !isRunning)
    return { unable: `it names the backing files of ${target} itself (<backingStore>)` };
  const { type, attributes } = sourceOf(place);
  const others = without(source.attributes, ["file", "dev", "dir", "pool", "volume", "mode"]);
  return {
    edits: [
      retagged(disk, { ...disk.attributes, type }),
      retagged(source, { ...attributes, ...others }),
      // libvirt on the destination finds out what the image there names.
      ...(backing === undefined ? [] : [{ start: backing.start, end: backing.end, text: "" }]),
    ],
    place: showPlace(place),
  };
}

function isAt(source: Record<string, string>, place: DiskPlace): boolean {
  if ("path" in place) return (source["file"] ?? source["dev"]) === place.path;
  return source["pool"] === place.pool && source["volume"] === place.volume;
}

function sourceOf(place: DiskPlace): { type: string; attributes: Record<string, string> } {
  if (!("path" in place)) return { type: "volume", attributes: { pool: place.pool, volume: place.volume } };
  return place.path.startsWith("/dev/")
    ? { type: "block", attributes: { dev: place.path } }
    : { type: "file", attributes: { file: place.path } };
}

function showPlace(place: DiskPlace): string {
  return "path" in place ? place.path : `${place.volume} of ${place.pool}`;
}

function ofInterface(device: Place, mapping: Mapping): Made {
  const source = device.children.find(({ name }) => name === "source");
  const now = source && connectionIn(device.attributes["type"], source.attributes);
  if (now === undefined) return undefined;
  const next = connectionOnDestination(mapping, now);
  if (next.kind === now.kind && next.name === now.name) return undefined;
  // Of a network that is in use, the bridge or device and the port behind it are shown too.
  const gone = ["network", "bridge", "portid", "dev", "mode", ...(next.kind === "bridge" ? ["portgroup"] : [])];
  return {
    edits: [
      retagged(device, { ...device.attributes, type: next.kind }),
      retagged(source!, { [next.kind]: next.name, ...without(source!.attributes, gone) }),
    ],
    place: `${next.kind} ${next.name}`,
  };
}

function connectionIn(type: string | undefined, { network, bridge }: Record<string, string>): Connection | undefined {
  if (network !== undefined) return { kind: "network", name: network };
  return type === "bridge" && bridge !== undefined ? { kind: "bridge", name: bridge } : undefined;
}

/** A disk by its target, an interface by its MAC address. */
function nameOf(device: Place): string {
  const named = device.name === "disk" ? childOf(device, "target")?.["dev"] : childOf(device, "mac")?.["address"];
  return named ?? "?";
}

function childOf({ children }: Place, name: string): Record<string, string> | undefined {
  return children.find((each) => each.name === name)?.attributes;
}

function without(attributes: Record<string, string>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
}

/** Another opening tag. */
function retagged({ name, start, inner, isSelfClosing }: Place, attributes: Record<string, string>): Edit {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}='${escaped(value)}'`);
  return { start, end: inner, text: `<${name}${words.join("")}${isSelfClosing ? "/>" : ">"}` };
}

/** The disks and interfaces of a text that is well-formed. */
function devicesIn(text: string): Place[] {
  const found: Place[] = [];
  const open: Place[] = [];
  const parser = new SaxesParser();
  parser.on("opentag", ({ name, attributes, isSelfClosing }) => {
    const inner = parser.position;
    // In a value "<" would be written as an entity.
    const start = text.lastIndexOf("<", inner - 1);
    const place = { name, attributes: { ...attributes }, start, inner, end: inner, isSelfClosing, children: [] };
    if (open.length === 3) open[2]!.children.push(place);
    open.push(place);
  });
  parser.on("closetag", () => {
    const closed = open.pop()!;
    closed.end = parser.position;
    const isDevice = open.length === 2 && open[0]!.name === "domain" && open[1]!.name === "devices";
    if (isDevice && ["disk", "interface"].includes(closed.name)) found.push(closed);
  });
  parser.write(text).close();
  return found;
}
