import { assemble } from "./algorithms";

/**
 * OpenSSH's names of host key algorithms (9.2), in the order in which its patterns find them. What is made for certificates and security keys
 * is listed too: ssh proposes it to a host, which then shows its certificate.
 */
const everyAlgorithm = [
  "ssh-ed25519",
  "ssh-ed25519-cert-v01@openssh.com",
  "sk-ssh-ed25519@openssh.com",
  "sk-ssh-ed25519-cert-v01@openssh.com",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp256-cert-v01@openssh.com",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp384-cert-v01@openssh.com",
  "ecdsa-sha2-nistp521",
  "ecdsa-sha2-nistp521-cert-v01@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
  "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
  "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
  "ssh-dss",
  "ssh-dss-cert-v01@openssh.com",
  "ssh-rsa",
  "ssh-rsa-cert-v01@openssh.com",
  "rsa-sha2-256",
  "rsa-sha2-256-cert-v01@openssh.com",
  "rsa-sha2-512",
  "rsa-sha2-512-cert-v01@openssh.com",
];

/** OpenSSH's default. */
const defaultAlgorithms = [
  "ssh-ed25519-cert-v01@openssh.com",
  "ecdsa-sha2-nistp256-cert-v01@openssh.com",
  "ecdsa-sha2-nistp384-cert-v01@openssh.com",
  "ecdsa-sha2-nistp521-cert-v01@openssh.com",
  "sk-ssh-ed25519-cert-v01@openssh.com",
  "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
  "rsa-sha2-512-cert-v01@openssh.com",
  "rsa-sha2-256-cert-v01@openssh.com",
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

/** What ssh2 can verify and this layer takes. Not ssh-rsa (SHA-1) and not ssh-dss, even where HostKeyAlgorithms adds them. */
const usableAlgorithms: readonly string[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

export const isUsable = (algorithm: string): boolean => usableAlgorithms.includes(algorithm);

export const isCertificate = (algorithm: string): boolean => algorithm.endsWith("-cert-v01@openssh.com");

/** The type of the plain key that an algorithm signs with: "ssh-rsa" for "rsa-sha2-512-cert-v01@openssh.com". */
export function keyTypeOf(algorithm: string): string {
  const plain = algorithm.replace(/-cert-v01@openssh\.com$/, "").replace(/^webauthn-/, "");
  if (plain.startsWith("rsa-sha2-")) return "ssh-rsa";
  return plain.startsWith("sk-") && !plain.includes("@") ? `${plain}@openssh.com` : plain;
}

/**
 * The list that a value of HostKeyAlgorithms stands for. Undefined: ssh would not take the value, or it has an empty name.
 *
 * @example
 * "ssh-ed25519,rsa-*"   these, in this order
 * "+ssh-rsa"            behind the default
 * "-ssh-rsa*,ecdsa-*"   the default without these
 * "^rsa-sha2-512"       before the default
 */
export function assembleAlgorithms(value: string | undefined): string[] | undefined {
  return assemble(value, defaultAlgorithms, everyAlgorithm);
}

/** What known_hosts says about a host, as far as it changes the order of the algorithms. */
export interface KnownTypes {
  /** Types of plain keys. */
  types: ReadonlySet<string>;
  /** There is a line marked @cert-authority. */
  authority: boolean;
}

/**
 * What ssh proposes to a host, in order: the algorithms of known keys go first, so that a host with several keys shows the known one.
 * A HostKeyAlgorithms that is a list of its own, or starts with ^, is taken as it stands.
 */
export function proposalFor(value: string | undefined, algorithms: readonly string[], known: KnownTypes): string[] {
  const reorders = value === undefined || value.startsWith("-") || value.startsWith("+");
  if (!reorders || known.types.has(keyTypeOf(algorithms[0]!))) return [...algorithms];
  const preferred = (algorithm: string) =>
    (isCertificate(algorithm) && known.authority) || known.types.has(keyTypeOf(algorithm));
  return [...algorithms.filter(preferred), ...algorithms.filter((algorithm) => !preferred(algorithm))];
}
