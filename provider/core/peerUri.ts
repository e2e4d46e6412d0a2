/** The address of libvirt on a host, as the other hosts reach it: made of the inventory, read wherever such a URI is found. */
import { inUri, sshDestination } from "./destination";
import type { Host, PeerTransport } from "./model";

/** Where sshd and libvirt listen unless they are told otherwise. */
export const peerPorts: Readonly<Record<PeerTransport, number>> = { ssh: 22, tls: 16_514, tcp: 16_509 };

/** Parameters of libvirt's remote driver that are fields of a host, with the transport that has them. */
export const peerParameters = {
  peerKeyfile: { parameter: "keyfile", transport: "ssh" },
  peerProxy: { parameter: "proxy", transport: "ssh" },
  peerPkipath: { parameter: "pkipath", transport: "tls" },
  peerTlsPriority: { parameter: "tls_priority", transport: "tls" },
} as const satisfies Partial<Record<keyof Host, { parameter: string; transport: PeerTransport }>>;

type ParameterField = keyof typeof peerParameters;
export const parameterFields = Object.keys(peerParameters) as ParameterField[];

/**
 * How another host reaches libvirt on `host`.
 *
 * @example qemu+ssh://migrate@[fd00::12]:2222/system?keyfile=/root/.ssh/migrate
 */
export function makePeerUri(host: Host): string {
  const named = sshDestination(host.name);
  const address = inUri(host.peerAddress ?? host.address ?? named.host);
  const user = host.peerUser ?? named.user;
  const port = host.peerPort ?? named.port;
  const account = user === undefined ? "" : `${user}@`;
  const parameters = parameterFields.flatMap((field) => {
    const value = host[field];
    return value === undefined ? [] : [`${peerParameters[field].parameter}=${escaped(value)}`];
  });
  const query = parameters.length === 0 ? "" : `?${parameters.join("&")}`;
  return `qemu+${host.peerTransport ?? "ssh"}://${account}${address}${port === undefined ? "" : `:${port}`}/system${query}`;
}

/** Paths and priorities stay readable. */
function escaped(value: string): string {
  return encodeURIComponent(value)
    .replace(/%(2F|3A)/g, (code) => decodeURIComponent(code))
    .replace(/['()*!]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

export interface Peer {
  transport: PeerTransport;
  /** undefined: as in the source's ssh configuration. */
  user: string | undefined;
  /** IPv6 without brackets. */
  address: string;
  /** undefined: the transport's own; with ssh the one of the source's ssh configuration. */
  port: string | undefined;
  /** The private key that ssh on the source uses. */
  keyfile: string | undefined;
  /** The directory of the source's certificates. */
  pkipath: string | undefined;
}

/** @returns undefined for a text that is no such URI. */
export function readPeerUri(uri: string): Peer | undefined {
  const match =
    /^[a-z]{1,20}\+(ssh|tls|tcp):\/\/(?:([^@/]{1,256})@)?(\[[^\]]{1,200}\]|[^:/?]{1,300})(?::(\d{1,5}))?(?:\/[^?]{0,100})?(?:\?(.{0,8192}))?$/s.exec(
      uri,
    );
  if (match === null) return undefined;
  const [, transport, user, host = "", port, query = ""] = match;
  const parameter = (name: string) => {
    const given = query.split("&").find((each) => each.startsWith(`${name}=`));
    return given === undefined ? undefined : unescaped(given.slice(name.length + 1));
  };
  return {
    transport: transport as PeerTransport,
    user,
    address: host.replace(/[[\]]/g, "").replace("%25", "%"),
    port,
    keyfile: parameter("keyfile"),
    pkipath: parameter("pkipath"),
  };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
