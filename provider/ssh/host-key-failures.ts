/** Why a host's key is not taken. A key is offered by anybody on the way: each remedy that trusts it first compares it on the host. */
import { commandLine } from "../core/shownCommand";
import type { PlacementError } from "../core/errors";
import type { Remedy } from "../core/problem";
import { shellPath, shortPath } from "./expand";
import { failure, nameOf, setField } from "./failure";
import type { KnownKey } from "./known-hosts";
import { fingerprint, minRsaBits, publicKeyLine, typeOfKey } from "./public-key";
import type { Revocation } from "./revoked-keys";
import type { Target } from "./target";

const describe = (blob: Buffer) => `${typeOfKey(blob)} ${fingerprint(blob)}`;

/** Shows the real fingerprint. */
function compare(target: Target, offered: Buffer) {
  return { host: nameOf(target), command: `ssh-keygen -lf ${hostKeyFile(offered)}.pub` };
}

function hostKeyFile(offered: Buffer): string {
  return `/etc/ssh/ssh_host_${typeOfKey(offered).replace(/^(ssh-)?(ed25519|ecdsa|rsa).*/, "$2")}_key`;
}

const ifSame = (target: Target) => `if the console of ${nameOf(target)} shows the same fingerprint`;

function pinIt(target: Target, offered: Buffer): Remedy {
  return {
    do: `${ifSame(target)}, set hostKey in the inventory`,
    commands: [compare(target, offered), setField(target, "hostKey", fingerprint(offered))],
  };
}

/** A device keeps no line: /dev/null is the usual way to have no known_hosts. */
function fileToKeepIt({ knownHostsFiles, home }: Target): string | undefined {
  const file = knownHostsFiles.find((path) => !path.startsWith("/dev/"));
  return file === undefined ? undefined : shellPath(shortPath(file, home));
}

function addLine(name: string, offered: Buffer, file: string) {
  return { command: `${commandLine`echo ${`${name} ${publicKeyLine(offered)}`}`} >> ${file}` };
}

export function unknownKey(
  target: Target,
  offered: Buffer,
  name: string,
  authority: KnownKey | undefined,
): PlacementError {
  const note = authority
    ? ` (${shortPath(authority.where, target.home)} is a @cert-authority; host certificates are not supported)`
    : "";
  const file = fileToKeepIt(target);
  const fileIt: Remedy = {
    do: `${ifSame(target)}, add the key to ${file}`,
    commands: [compare(target, offered), addLine(name, offered, file ?? "")],
  };
  return failure(target, "hostKeyUnknown", {
    message: `the host key of ${name} is not known${note}; it offers ${describe(offered)}`,
    remedies: [pinIt(target, offered), ...(file === undefined ? [] : [fileIt])],
  });
}

const attackOrNew = "this may be a man-in-the-middle attack, or the host was reinstalled";

export function changedKey(target: Target, offered: Buffer, name: string, known: readonly KnownKey[]): PlacementError {
  const sameType = known.filter(({ key }) => key.type === typeOfKey(offered));
  const old = sameType.length > 0 ? sameType : known;
  const held = old.map(({ where, key }) => `${shortPath(where, target.home)} holds ${describe(key.blob)}`).join(", ");
  const files = [...new Set(known.map(({ file }) => shellPath(shortPath(file, target.home))))];
  return failure(target, "hostKeyChanged", {
    message: `the host key of ${name} is another one: it offers ${describe(offered)}, but ${held}; ${attackOrNew}`,
    remedies: [
      {
        do: `${ifSame(target)}, replace the known key`,
        commands: [
          compare(target, offered),
          ...files.map((file) => ({ command: `${commandLine`ssh-keygen -R ${name}`} -f ${file}` })),
          addLine(name, offered, files[0]!),
        ],
        loses: "the known key",
      },
    ],
  });
}

export function notThePin(target: Target, offered: Buffer, pinned: string): PlacementError {
  return failure(target, "hostKeyChanged", {
    message: `its host key is not the one in the inventory: it offers ${describe(offered)}, but hostKey of ${nameOf(target)} is ${pinned}; ${attackOrNew}`,
    remedies: [{ ...pinIt(target, offered), loses: "the pinned fingerprint" }],
  });
}

const restart = (target: Target) => ({ host: nameOf(target), command: "systemctl restart sshd" });

function replaceKey(target: Target, offered: Buffer): Remedy {
  const host = nameOf(target);
  const file = hostKeyFile(offered);
  return {
    do: "give the host a new key before anybody connects to it",
    commands: [{ host, command: `rm ${file} ${file}.pub` }, { host, command: "ssh-keygen -A" }, restart(target)],
    loses: "the revoked key",
  };
}

export function otherKey(target: Target): Remedy {
  const command = "ssh-keygen -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key";
  return { do: "give the host a key that can be used", commands: [{ host: nameOf(target), command }, restart(target)] };
}

export function revokedKey(target: Target, offered: Buffer, line: KnownKey): PlacementError {
  return failure(target, "hostKeyRevoked", {
    message: `its host key is revoked: it offers ${describe(offered)}, which ${shortPath(line.where, target.home)} marks @revoked`,
    remedies: [replaceKey(target, offered)],
  });
}

export function revokedByFile(
  target: Target,
  offered: Buffer,
  file: string,
  revocation: Exclude<Revocation, "notRevoked">,
): PlacementError {
  const path = shortPath(file, target.home);
  if (revocation === "revoked") {
    return failure(target, "hostKeyRevoked", {
      message: `its host key is revoked: it offers ${describe(offered)}, which ${path} (RevokedHostKeys of ssh_config) lists`,
      remedies: [replaceKey(target, offered)],
    });
  }
  return failure(target, "hostKeyRevoked", {
    message: `no host key can be trusted: ${path} (RevokedHostKeys of ssh_config) ${revocation.unusable}`,
    remedies: [
      {
        do: "fix the file: it is a list of public keys, or a KRL, which this command shows",
        commands: [{ command: `ssh-keygen -Q -l -f ${shellPath(path)}` }],
      },
      { do: "name another file as RevokedHostKeys in ssh_config" },
    ],
  });
}

export function shortKey(target: Target, offered: Buffer, bits: number, required: number): PlacementError {
  return failure(target, "hostKeyRevoked", {
    message: `its host key is too short: it offers ${describe(offered)} of ${bits} bits, and RequiredRSASize of ssh_config is ${required}`,
    remedies: [otherKey(target)],
  });
}

export function unreadableKey(target: Target, offered: Buffer): PlacementError {
  return failure(target, "hostKeyRevoked", {
    message: `its host key cannot be used (${describe(offered)}): it is malformed, or an RSA key below ${minRsaBits} bits`,
    remedies: [otherKey(target)],
  });
}

export function uncheckedCertificate(target: Target, offered: Buffer, revocations: string): PlacementError {
  return failure(target, "hostKeyUnknown", {
    message: `the host has a host certificate, which is not supported, and ${shortPath(revocations, target.home)} revokes keys: whether it revokes the certificate is not known`,
    remedies: [pinIt(target, offered)],
  });
}

export function unreadablePin(target: Target): PlacementError {
  const host = nameOf(target);
  return failure(target, "invalidInput", {
    phase: "configure",
    message: `hostKey of ${host} is neither a fingerprint nor a public key`,
    remedies: [
      {
        do: 'set the fingerprint that the host shows ("SHA256:…"), or its public key line',
        commands: [
          { host, command: "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" },
          setField(target, "hostKey", "SHA256:…"),
        ],
      },
    ],
  });
}

export function noHostKeyAlgorithm(target: Target): PlacementError {
  return failure(target, "invalidInput", {
    phase: "configure",
    message: `HostKeyAlgorithms of ssh_config leaves none of those that are used here: ${target.hostKeyRules.algorithms}`,
    remedies: [
      {
        do: "allow one of ssh-ed25519, ecdsa-sha2-nistp256, -nistp384, -nistp521, rsa-sha2-512, rsa-sha2-256; certificates, security keys, ssh-rsa (SHA-1) and ssh-dss are not used",
      },
    ],
  });
}

export function otherTypeForSsh(target: Target, type: string): PlacementError {
  return failure(target, "hostKeyUnknown", {
    message: `ssh would be shown its ${type} key or a certificate of this key, which is not supported here or not in HostKeyAlgorithms of ssh_config`,
    remedies: [
      { do: "put the type of a plain key of the host first in HostKeyAlgorithms" },
      { do: `set hostKey of ${nameOf(target)} in the inventory` },
    ],
  });
}
