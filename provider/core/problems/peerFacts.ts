/** What the source finds of its way to the destination. */
import type { ErrorCode } from "../errorCodes";
import type { Remedy } from "../problem";
import type { PairOfSides } from "./certificates";

export type PortAnswer =
  | "open"
  | "refused" /** Nothing listens there, and no firewall blocks it. */
  | "silent" /** No answer: a firewall swallows it, or the host is off. */
  | "rejected" /** A firewall, or a router without a way there, says so. */
  | "unresolved";

/** The way from the source to the destination, tried on the source. */
export interface PeerFacts {
  /** How the source reaches libvirt on the destination. */
  uri: string;
  transport: "ssh" | "tls" | "tcp";
  address: string;
  controlPort: number;
  control: PortAnswer | undefined;
  /** "no": it did not answer; undefined: no ping there, or not asked. */
  ping: "yes" | "no" | undefined;
  certificates?: PairOfSides | undefined;
  /** Of the libvirt that answers there, where that was asked: by TLS and TCP. */
  hostUuid?: string;
  /** What the source resolves `address` to (by TLS and TCP), and `dataAddress`, in the order in which it tries them; absent: not known. */
  resolved?: { control?: readonly string[]; data?: readonly string[] };
  /** Of these addresses, those of other hosts of the inventory, with their names. */
  addressOwners?: Readonly<Record<string, string>>;
  /** Where the source sends the data to, and whose word that is. */
  dataAddress: string | undefined;
  dataAddressFrom: "migrationAddress" | "qemu.conf" | "hostname" | undefined;
  /** The ports that libvirt there may take, of which `dataPorts` were tried. */
  dataRange: { low: number; high: number } | undefined;
  dataPorts: readonly { port: number; answer: PortAnswer }[];
  /** Of the source's link to that address; asked only where it decides something. */
  linkBitsPerSecond?: number;
  /** libvirtd's own, as root, by TLS and TCP its connection; undefined where it was not tried. `noise` is what start-up files there print. */
  login:
    | { works: true; tookMs: number; noise?: { text: string; user: string } }
    | { works: false; code: ErrorCode; why: string; remedies: Remedy[] }
    | undefined;
}
