/** Where a host is: its name or address, and what ssh is told besides. */
export interface Destination {
  host: string;
  user?: string;
  port?: number;
}

/** As ssh reads the jump hosts of a list: `[user@]host[:port]`, IPv6 in brackets, or `ssh://[user@]host[:port]`. Undefined: none of these. */
export function parseDestination(text: string): Destination | undefined {
  const rest = text
    .trim()
    .replace(/^ssh:\/\//, "")
    .replace(/\/$/, "");
  const at = rest.lastIndexOf("@");
  const match = /^(?:\[([^\]]+)\]|([^:[\]/]+))(?::(\d*))?$/.exec(rest.slice(at + 1));
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || /\s/.test(rest) || at === 0) return undefined;
  const port = portIn(match?.[3] || undefined);
  if (port === "none") return undefined;
  return { host, ...(at > 0 && { user: rest.slice(0, at) }), ...(port !== undefined && { port }) };
}

/** What of a text keeps it from being a host. */
export type NotADestination = { wrong: "scheme" | "user" | "address" | "port" | "name" };

/**
 * `host` of a placement where no inventory says more: `[user@]host[:port]` or `[user@]IPv6`. Only what ssh here, ssh on the source and a
 * libvirt URI all read in the same way is taken.
 *
 * @example destinationOf("root@[fd00::12]:2222") = { user: "root", host: "fd00::12", port: 2222 }
 */
export function destinationOf(text: string): Destination | NotADestination {
  if (/^[a-z+]+:\/\//i.test(text)) return { wrong: "scheme" };
  const at = text.lastIndexOf("@");
  const user = at < 0 ? undefined : text.slice(0, at);
  if (user !== undefined && !isAccount(user)) return { wrong: "user" };
  const rest = text.slice(at + 1);
  if (isIpv6(rest)) return { host: rest, ...(user !== undefined && { user }) };
  if (!rest.startsWith("[") && rest.indexOf(":") !== rest.lastIndexOf(":")) return { wrong: "address" };
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*))(?::(.*))?$/s.exec(rest);
  if (match === null) return { wrong: rest.startsWith("[") ? "address" : "name" };
  const [, bracketed, name = ""] = match;
  if (bracketed === undefined ? !isHostName(name) : !isIpv6(bracketed)) {
    return { wrong: bracketed === undefined ? "name" : "address" };
  }
  const port = portIn(match[3]);
  if (port === "none") return { wrong: "port" };
  return { host: bracketed ?? name, ...(user !== undefined && { user }), ...(port !== undefined && { port }) };
}

/** The name of a host as ssh takes it: by itself where it says no more than a name. */
export function sshDestination(name: string): Destination {
  const read = destinationOf(name);
  return "wrong" in read ? { host: name } : read;
}

/** Names of one host in different letters, or with the dot of DNS at the end, have one key: ssh connects to them in lower case. */
export function destinationKey(name: string): string {
  const { user } = sshDestination(name);
  return user === undefined ? serverKey(name) : `${user}@${serverKey(name)}`;
}

/** The same, whichever account logs in. */
export function serverKey(name: string): string {
  const { host, port } = sshDestination(name);
  return hostAndPort(host.toLowerCase().replace(/\.$/, ""), port ?? 22);
}

function portIn(text: string | undefined): number | "none" | undefined {
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : "none";
}

/** An account that stands in a URI and on a command line as it is. */
export const isAccount = (text: string): boolean => /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,255}$/.test(text);

/** A host name or an IPv4 address; a dot at the end is DNS's own. */
export const isHostName = (text: string): boolean =>
  text.length <= 255 && /^[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*\.?$/.test(text);

/** An IPv6 address, perhaps with a zone: `fe80::1%eth0`, and not as a URI writes it (`%25eth0`). */
export function isIpv6(text: string): boolean {
  if (!text.includes(":")) return false;
  const [, address = "", zone] = /^([\da-f:.]{2,45})(?:%([A-Za-z0-9_.-]{1,64}))?$/i.exec(text) ?? [];
  if (zone !== undefined && /^25./.test(zone)) return false;
  const [, groups = "", dotted] = /^(.*?)(\d{1,3}(?:\.\d{1,3}){3})?$/.exec(address) ?? [];
  if (dotted?.split(".").some((byte) => Number(byte) > 255)) return false;
  // An IPv4 address at the end stands for two groups.
  const plain = dotted === undefined ? address : `${groups}0:0`;
  const halves = plain.split("::");
  const parts = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  if (halves.length > 2 || !parts.every((part) => /^[\da-f]{1,4}$/i.test(part))) return false;
  return halves.length === 2 ? parts.length <= 7 : parts.length === 8;
}

/** A host name or an address without a port; IPv6 with or without brackets. */
export const isAddressOfHost = (text: string): boolean => isHostName(text) || isIpv6(withoutBrackets(text));

/** ssh and the tools of a host take an IPv6 address as it is. */
export const withoutBrackets = (address: string): string =>
  address.startsWith("[") && address.endsWith("]") ? address.slice(1, -1) : address;

/** As a URI writes an address: IPv6 in brackets, the sign before its zone as a code. */
export function inUri(address: string): string {
  const bare = withoutBrackets(address);
  return bare.includes(":") ? `[${bare.replace("%", "%25")}]` : bare;
}

/** `host:port` for people; IPv6 in brackets. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
