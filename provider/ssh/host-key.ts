import type { PlacementError } from "../core/errors";
import { failure } from "./failure";
import {
  assembleAlgorithms,
  isCertificate,
  isUsable,
  keyTypeOf,
  type KnownTypes,
  proposalFor,
} from "./host-key-algorithms";
import {
  changedKey,
  notThePin,
  revokedByFile,
  revokedKey,
  shortKey,
  uncheckedCertificate,
  unknownKey,
  unreadableKey,
  unreadablePin,
} from "./host-key-failures";
import { type KnownKey, knownHostsName, knownKeys } from "./known-hosts";
import { fingerprint, type PublicKey, publicKeyIn, readPublicKey, typeOfKey } from "./public-key";
import { revocationIn } from "./revoked-keys";
import type { Target } from "./target";

/** What is known of the host besides its key, when the key is judged. */
export interface Shown {
  /** All host key algorithms of the host: ssh chooses among these. */
  algorithms: readonly string[];
  /** The address that was connected to; undefined behind a jump host. */
  address?: string | undefined;
}

/** How one target's host key is judged. There is no way to accept a key that is neither pinned nor known. */
export interface HostKeyCheck {
  /**
   * Signature algorithms to negotiate, in ssh's order: those of keys known for the host first, so that a host known by one type is not
   * refused over another. The others follow: a key that was replaced by one of another type is then "changed", not "no common algorithm".
   */
  algorithms: string[];
  /** A pinned fingerprint does not tell its key's type: on a mismatch the host's keys of the other types are asked for too. */
  typeUnknown: boolean;
  /** The type of the key that ssh would be shown, where that is another: only this one counts. */
  typeForSsh(offered: Buffer, shown: Shown): string | undefined;
  /** Undefined: this is the host's key. */
  refusal(offered: Buffer, shown: Shown): PlacementError | undefined;
}

/** Never more permissive than `ssh -o StrictHostKeyChecking=yes` with the same files; test/unit/ssh/as-strict-as-ssh.test.ts compares. */
export function hostKeyCheck(target: Target): HostKeyCheck {
  const rules = target.hostKeyRules;
  const obstacle = rules.obstacles.find(({ pinHelps }) => target.pin === undefined || !pinHelps);
  if (obstacle) throw failure(target, "invalidInput", { ...obstacle.fault, phase: "configure" });

  const name = knownHostsName(target.address, target.port, target.hostKeyAlias);
  const lines = knownKeys(target.knownHostsFiles, name);
  const nameWithoutPort = knownHostsName(target.address, 22, target.hostKeyAlias);
  const withoutPort = nameWithoutPort === name ? [] : knownKeys(target.knownHostsFiles, nameWithoutPort);
  const pin = target.pin === undefined ? undefined : readPin(target, target.pin);
  const allowed = assembleAlgorithms(rules.algorithms)!;
  const proposal = proposalFor(rules.algorithms, allowed, knownTypes(lines));

  return {
    algorithms: orderFor(pin, proposal.filter(isUsable)),
    typeUnknown: pin !== undefined && pin.blob === undefined,
    typeForSsh(offered, shown) {
      const chosen = pin ? undefined : proposal.find((algorithm) => shown.algorithms.includes(algorithm));
      return chosen === undefined || keyTypeOf(chosen) === typeOfKey(offered) ? undefined : keyTypeOf(chosen);
    },
    refusal(offered, shown) {
      const key = readPublicKey(offered);
      if (!key) return unreadableKey(target, offered);
      if (key.rsaBits !== undefined && key.rsaBits < rules.requiredRsaBits) {
        return shortKey(target, offered, key.rsaBits, rules.requiredRsaBits);
      }
      const byFile = rules.revokedKeysFile === undefined ? "notRevoked" : revocationIn(rules.revokedKeysFile, key);
      if (byFile !== "notRevoked") return revokedByFile(target, offered, rules.revokedKeysFile!, byFile);
      const revoked = [...lines, ...withoutPort].find(
        ({ marker, key: { blob } }) => marker === "revoked" && blob.equals(key.blob),
      );
      if (revoked) return revokedKey(target, offered, revoked);
      if (pin) return pin.print === fingerprint(offered) ? undefined : notThePin(target, offered, pin.print);

      const revocations = rules.revokedKeysFile ?? lines.find(({ marker }) => marker === "revoked")?.where;
      const chosen = proposal.find((algorithm) => shown.algorithms.includes(algorithm));
      if (revocations !== undefined && chosen !== undefined && isCertificate(chosen)) {
        return uncheckedCertificate(target, offered, revocations);
      }
      const named = statusIn(lines, key);
      const unnumbered = named === "new" ? statusIn(withoutPort, key) : "new";
      if (named !== "known" && unnumbered !== "known") {
        const known = lines.filter(isPlain);
        const authority = lines.find(({ marker }) => marker === "cert-authority");
        return named === "changed"
          ? changedKey(target, offered, name, known)
          : unknownKey(target, offered, name, authority);
      }
      return rules.checkHostIp ? otherKeyOfAddress(target, key, offered, shown, named === "known") : undefined;
    },
  };
}

const isPlain = ({ marker }: KnownKey) => marker === undefined;

const isKey = (line: KnownKey, key: PublicKey) => !line.key.certificate && line.key.blob.equals(key.blob);

/** What the lines of one name say of a key that is not revoked; OpenSSH's HOST_OK, HOST_CHANGED and HOST_NEW. */
function statusIn(lines: readonly KnownKey[], key: PublicKey): "known" | "changed" | "new" {
  const plain = lines.filter(isPlain);
  return plain.some((line) => isKey(line, key)) ? "known" : plain.length > 0 ? "changed" : "new";
}

/** As OpenSSH orders its proposal: only lines with the port count, and a type whose first key is revoked does not. */
function knownTypes(lines: readonly KnownKey[]): KnownTypes {
  const first = new Map<string, KnownKey>();
  for (const line of lines.filter((each) => isPlain(each) && !each.key.certificate)) {
    if (!first.has(line.key.type)) first.set(line.key.type, line);
  }
  const isRevoked = ({ key }: KnownKey) =>
    lines.some((line) => line.marker === "revoked" && line.key.blob.equals(key.blob));
  return {
    types: new Set([...first].filter(([, line]) => !isRevoked(line)).map(([type]) => type)),
    authority: lines.some(({ marker }) => marker === "cert-authority"),
  };
}

/** A pinned key's type first. */
function orderFor(pin: Pin | undefined, algorithms: string[]): string[] {
  const pinned = pin?.blob && typeOfKey(pin.blob);
  return pinned === undefined
    ? algorithms
    : [
        ...algorithms.filter((each) => keyTypeOf(each) === pinned),
        ...algorithms.filter((each) => keyTypeOf(each) !== pinned),
      ];
}

/** CheckHostIP: OpenSSH compares with what is filed for the address, unless that is a loopback address or the name itself. */
function otherKeyOfAddress(
  target: Target,
  key: PublicKey,
  offered: Buffer,
  { address }: Shown,
  withPort: boolean,
): PlacementError | undefined {
  if (address === undefined || /^127\.|^::1$/.test(address)) return undefined;
  const names = [target.port, ...(withPort ? [] : [22])].map((port) => knownHostsName(address, port));
  if (names.includes(target.address)) return undefined;
  for (const name of names) {
    const lines = knownKeys(target.knownHostsFiles, name);
    if (statusIn(lines, key) === "changed") return changedKey(target, offered, name, lines.filter(isPlain));
  }
  return undefined;
}

interface Pin {
  print: string;
  blob?: Buffer;
}

export function readPin(target: Target, pin: string): Pin {
  const print = /^\s*(SHA256:[A-Za-z0-9+/]{43})=?(\s|$)/.exec(pin)?.[1];
  if (print !== undefined) return { print };
  const blob = publicKeyIn(pin);
  if (blob) return { print: fingerprint(blob), blob };
  throw unreadablePin(target);
}
