/** What the devices of a VM refer to by name or UUID, and libvirt keeps beside the VMs: secrets and network filters. */
import type { SecretOfVm, SecretOnHost } from "../core/problems";
import { all, type Element, first } from "./xml";

/** Of encryption, and of servers that ask for a password, of the disk or of its backing files. */
export function secretsOf(devices: Element): SecretOfVm[] {
  const within = (element: Element): SecretOfVm[] => [
    ...["auth", "encryption"].flatMap((name) =>
      all(element, name).flatMap((each) => all(each, "secret").flatMap((secret) => referred(secret, name))),
    ),
    ...["source", "backingStore", "mirror"].flatMap((name) => all(element, name).flatMap(within)),
  ];
  const found = [
    ...[...all(devices, "disk"), ...all(devices, "hostdev")].flatMap(within),
    ...all(devices, "tpm")
      .map((tpm) => first(tpm, "backend", "encryption").attributes.secret)
      .flatMap((uuid) => (uuid === undefined ? [] : [{ uuid: uuid.toLowerCase() }])),
  ];
  return unique(found, (each) => JSON.stringify(each));
}

/** As libvirt looks it up: what encryption calls a passphrase is a secret for a volume. */
function referred({ attributes: { uuid, usage, type = "" } }: Element, element: string): SecretOfVm[] {
  if (uuid !== undefined) return [{ uuid: uuid.toLowerCase() }];
  return usage === undefined ? [] : [{ usage: `${element === "encryption" ? "volume" : type} ${usage}` }];
}

export function filtersOf(devices: Element): string[] {
  const names = all(devices, "interface").flatMap((each) => first(each, "filterref").attributes.filter ?? []);
  return unique(names, (name) => name);
}

function unique<T>(all: readonly T[], key: (each: T) => string): T[] {
  return [...new Map(all.map((each) => [key(each), each])).values()];
}

const uuidFirst = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\s+(\S[^\n]*))?$/i;

/** Reads the rows of `virsh secret-list` and `virsh nwfilter-list`: a UUID, and a text that may have spaces. Undefined where none is a row. */
export function parseUuidTable(text: string): { uuid: string; text: string }[] | undefined {
  const lines = text.split("\n").map((line) => line.trim());
  const rows = lines.flatMap((line) => {
    const [, uuid, rest = ""] = uuidFirst.exec(line.slice(0, 4096)) ?? [];
    return uuid === undefined ? [] : [{ uuid: uuid.toLowerCase(), text: rest.trim() }];
  });
  return rows.length === 0 && lines.some((line) => line !== "") ? undefined : rows;
}

export function parseSecrets(text: string): SecretOnHost[] | undefined {
  return parseUuidTable(text)?.map(({ uuid, text: usage }) => ({ uuid, usage }));
}
