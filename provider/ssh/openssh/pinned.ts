import { otherKey } from "../host-key-failures";
import { shortPath } from "../expand";
import { failure } from "../failure";
import { hostKeyCheck, readPin } from "../host-key";
import { assembleAlgorithms } from "../host-key-algorithms";
import { knownHostsName, knownKeys } from "../known-hosts";
import { fingerprint } from "../public-key";
import type { Target } from "../target";
import { quoted } from "./quoted";

/** How ssh is told of the one key that the inventory names. */
interface PinnedKey {
  options: readonly string[];
  /** Signature algorithms in the order in which they are asked for. */
  algorithms: string[];
  /** A fingerprint does not tell its key's type: on a mismatch the host's keys of other types are asked for too. */
  typeUnknown: boolean;
}

/** Prints the host's key as a line of known_hosts, if ssh found it to have this fingerprint. Any other key is then unknown. */
const onlyThis = 'if test "$1" = "$2"; then echo "$3 $4 $5"; fi';

/**
 * Undefined without a pin. The pin is compared with the fingerprint that ssh itself made of the key it was shown (%f), and ssh's own files of
 * known keys are left out, so that nothing else can vouch for a key. A key that they revoke stays revoked.
 */
export function pinnedKey(target: Target): PinnedKey | undefined {
  if (target.pin === undefined) return undefined;
  const { print } = readPin(target, target.pin);
  const revoked = [target.port, 22]
    .flatMap((port) => knownKeys(target.knownHostsFiles, knownHostsName(target.address, port, target.hostKeyAlias)))
    .find(({ marker, key }) => marker === "revoked" && fingerprint(key.blob) === print);
  if (revoked) {
    throw failure(target, "hostKeyRevoked", {
      message: `its host key is revoked: hostKey of the inventory is ${print}, which ${shortPath(revoked.where, target.home)} marks @revoked`,
      remedies: [otherKey(target)],
    });
  }
  const { algorithms: written, ...rules } = target.hostKeyRules;
  // What is wrong with the rules is ssh's to say; a list that it understands is narrowed to what is used here.
  const understood = assembleAlgorithms(written) === undefined ? undefined : written;
  const check = hostKeyCheck({ ...target, hostKeyRules: { ...rules, algorithms: understood, obstacles: [] } });
  const command = ["/bin/sh", "-c", onlyThis, "sh", print].map(quoted).join(" ");
  return {
    options: [
      "UserKnownHostsFile=none",
      "GlobalKnownHostsFile=none",
      "FingerprintHash=sha256",
      `KnownHostsCommand=${command} %f %H %t %K`,
    ],
    algorithms: check.algorithms,
    typeUnknown: check.typeUnknown,
  };
}
