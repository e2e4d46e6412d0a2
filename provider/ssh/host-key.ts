import type { PlacementError } from "../core/errors";
import { shortPath } from "./expand";
import { configPath, failure } from "./failure";
import { type KnownKey, knownHostsName, knownKeys } from "./known-hosts";
import { fingerprint, hostKeyAlgorithms, keyTypes, publicKeyIn, publicKeyLine, typeOfKey } from "./public-key";
import type { Target } from "./target";

/** How one target's host key is judged. There is no way to accept a key that is neither pinned nor known. */
export interface HostKeyCheck {
  /**
   * Key types to negotiate: those known for the host first, so that a host known by one type is not refused over another.
   * Every other type follows: a key that was replaced by one of another type is then "changed", not "no common algorithm".
   */
  types: string[];
  /** A pinned fingerprint does not tell its key's type: on a mismatch the host's keys of the other types are asked for too. */
  typeUnknown: boolean;
  /** Undefined: this is the host's key. */
  refusal(offered: Buffer): PlacementError | undefined;
}

export function hostKeyCheck(target: Target): HostKeyCheck {
  const name = knownHostsName(target.address, target.port, target.hostKeyAlias);
  const lines = knownKeys(target.knownHostsFiles, name);
  const pin = target.pin === undefined ? undefined : readPin(target, target.pin);
  const known = lines.filter(({ marker }) => marker === undefined);
  // ssh also takes a key that is filed without the port, but only if it is the same: it proves nothing about a different one.
  const withoutPort = name.startsWith("[") ? knownKeys(target.knownHostsFiles, target.address.toLowerCase()) : [];
  const familiar = [...known, ...withoutPort.filter(({ marker }) => marker === undefined)];
  const expected = pin?.blob ? [typeOfKey(pin.blob)] : familiar.map(({ type }) => type);
  return {
    types: [...new Set([...expected, ...keyTypes])].filter((type) => (keyTypes as readonly string[]).includes(type)),
    typeUnknown: pin !== undefined && pin.blob === undefined,
    refusal(offered) {
      const revoked = [...lines, ...withoutPort].find(
        ({ marker, blob }) => marker === "revoked" && blob.equals(offered),
      );
      if (revoked) return revokedKey(target, offered, revoked);
      if (pin) return pin.print === fingerprint(offered) ? undefined : notThePin(target, offered, pin.print);
      if (familiar.some(({ blob }) => blob.equals(offered))) return undefined;
      return known.length > 0
        ? changedKey(target, offered, name, known)
        : unknownKey(
            target,
            offered,
            name,
            lines.find(({ marker }) => marker === "cert-authority"),
          );
    },
  };
}

export function algorithmsOf(types: readonly string[]): string[] {
  return types.flatMap(hostKeyAlgorithms);
}

function readPin(target: Target, pin: string): { print: string; blob?: Buffer } {
  const print = /^\s*(SHA256:[A-Za-z0-9+/]{43})=?(\s|$)/.exec(pin)?.[1];
  if (print !== undefined) return { print };
  const blob = publicKeyIn(pin);
  if (blob) return { print: fingerprint(blob), blob };
  throw failure(
    target,
    "invalidInput",
    `hostKey of ${target.hop ?? target.host} is neither a fingerprint nor a public key`,
    'set "SHA256:…" as `ssh-keygen -lf` prints it, or the line of the host\'s /etc/ssh/ssh_host_ed25519_key.pub',
    { phase: "configure" },
  );
}

const describe = (blob: Buffer) => `${typeOfKey(blob)} ${fingerprint(blob)}`;

/** The command that shows the real fingerprint, to be run on the host itself. */
function compare(offered: Buffer): string {
  const file = `ssh_host_${typeOfKey(offered).replace(/^(ssh-)?(ed25519|ecdsa|rsa).*/, "$2")}_key.pub`;
  return `\`ssh-keygen -lf /etc/ssh/${file}\` on the host itself`;
}

function pinCommand(target: Target, offered: Buffer): string {
  return `\`pulumi config set --path ${configPath(target, "hostKey")} ${fingerprint(offered)}\``;
}

function firstFile(target: Target): string {
  return shortPath(target.knownHostsFiles[0] ?? `${target.home}/.ssh/known_hosts`, target.home);
}

function unknownKey(target: Target, offered: Buffer, name: string, authority: KnownKey | undefined): PlacementError {
  const note = authority
    ? ` (${shortPath(authority.where, target.home)} is a @cert-authority; host certificates are not supported)`
    : "";
  return failure(
    target,
    "hostKeyUnknown",
    `the host key of ${name} is not known${note}; it offers ${describe(offered)}`,
    `compare the fingerprint with ${compare(offered)}. If it is the same, either set it in the inventory, hostKey: "${fingerprint(offered)}" ` +
      `(${pinCommand(target, offered)}), or add this line to ${firstFile(target)}:\n    ${name} ${publicKeyLine(offered)}\n `,
  );
}

function changedKey(target: Target, offered: Buffer, name: string, known: readonly KnownKey[]): PlacementError {
  const sameType = known.filter(({ type }) => type === typeOfKey(offered));
  const old = sameType.length > 0 ? sameType : known;
  const held = old.map(({ where, blob }) => `${shortPath(where, target.home)} holds ${describe(blob)}`).join(", ");
  const files = [...new Set(known.map(({ file }) => shortPath(file, target.home)))];
  return failure(
    target,
    "hostKeyChanged",
    `the host key of ${name} is another one: it offers ${describe(offered)}, but ${held}`,
    `someone may stand between, or the host was installed anew. Compare the fingerprint with ${compare(offered)}. ` +
      `If it is the same, take the old key out: ${files.map((file) => `\`ssh-keygen -R '${name}' -f ${file}\``).join(", ")}, ` +
      `and add this line to ${files[0]}:\n    ${name} ${publicKeyLine(offered)}\n `,
  );
}

function notThePin(target: Target, offered: Buffer, pinned: string): PlacementError {
  return failure(
    target,
    "hostKeyChanged",
    `its host key is not the one in the inventory: it offers ${describe(offered)}, but hostKey of ${target.hop ?? target.host} is ${pinned}`,
    `someone may stand between, or the host was installed anew. Compare the fingerprint with ${compare(offered)}. ` +
      `If it is the same: ${pinCommand(target, offered)}`,
  );
}

function revokedKey(target: Target, offered: Buffer, line: KnownKey): PlacementError {
  return failure(
    target,
    "hostKeyRevoked",
    `its host key is revoked: it offers ${describe(offered)}, which ${shortPath(line.where, target.home)} marks @revoked`,
    "give the host a new key (`ssh-keygen -A` after removing the old files in /etc/ssh, then restart sshd); do not connect before",
  );
}
