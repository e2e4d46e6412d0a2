/** What is proposed to a host besides the types of its key: never more than ssh proposes with the same ssh_config. */
import type { ConnectConfig } from "ssh2";
import { failure, type Subject } from "./failure";
import type { ConfigValues } from "./lookup";
import { matchesPattern, matchesPatternList } from "./patterns";

export type Proposal = Pick<NonNullable<ConnectConfig["algorithms"]>, "kex" | "cipher" | "hmac">;

interface Kind {
  field: keyof Proposal;
  keyword: string;
  /** The default of OpenSSH 9.2. */
  usual: readonly string[];
  /** What OpenSSH takes besides, where ssh_config asks for it. */
  more: readonly string[];
  /** Those of OpenSSH that ssh2 does not have. */
  missing: RegExp;
}

const dh = "diffie-hellman-group";
const kinds: readonly Kind[] = [
  {
    field: "kex",
    keyword: "KexAlgorithms",
    usual: [
      "sntrup761x25519-sha512@openssh.com",
      "curve25519-sha256",
      "curve25519-sha256@libssh.org",
      "ecdh-sha2-nistp256",
      "ecdh-sha2-nistp384",
      "ecdh-sha2-nistp521",
      `${dh}-exchange-sha256`,
      `${dh}16-sha512`,
      `${dh}18-sha512`,
      `${dh}14-sha256`,
    ],
    more: ["sntrup761x25519-sha512", "mlkem768x25519-sha256", `${dh}-exchange-sha1`, `${dh}14-sha1`, `${dh}1-sha1`],
    missing: /^(sntrup|mlkem)/,
  },
  {
    field: "cipher",
    keyword: "Ciphers",
    usual: [
      "chacha20-poly1305@openssh.com",
      "aes128-ctr",
      "aes192-ctr",
      "aes256-ctr",
      "aes128-gcm@openssh.com",
      "aes256-gcm@openssh.com",
    ],
    more: ["3des-cbc", "aes128-cbc", "aes192-cbc", "aes256-cbc"],
    missing: /^$/,
  },
  {
    field: "hmac",
    keyword: "MACs",
    usual: [
      "umac-64-etm@openssh.com",
      "umac-128-etm@openssh.com",
      "hmac-sha2-256-etm@openssh.com",
      "hmac-sha2-512-etm@openssh.com",
      "hmac-sha1-etm@openssh.com",
      "umac-64@openssh.com",
      "umac-128@openssh.com",
      "hmac-sha2-256",
      "hmac-sha2-512",
      "hmac-sha1",
    ],
    more: [
      "hmac-sha1-96",
      "hmac-md5",
      "hmac-md5-96",
      "hmac-sha1-96-etm@openssh.com",
      "hmac-md5-etm@openssh.com",
      "hmac-md5-96-etm@openssh.com",
    ],
    missing: /^umac|(96|md5)-etm@|md5-96-etm@/,
  },
];

export function proposalOf(subject: Subject, config: ConfigValues): Proposal {
  const proposal: Record<string, unknown> = {};
  for (const { field, keyword, usual, more, missing } of kinds) {
    const value = config.get(keyword.toLowerCase())?.[0];
    // ssh takes patterns here only to leave algorithms out.
    const taken = value === undefined || value.startsWith("-") || !/[*?!]/.test(value);
    const assembled = taken ? assemble(value, usual, [...usual, ...more]) : undefined;
    const list = assembled?.filter((name) => !missing.test(name)) ?? [];
    if (list.length === 0) {
      throw failure(subject, "invalidInput", {
        phase: "configure",
        message: `ssh_config has ${keyword} ${value?.slice(0, 100)}, of which nothing can be used`,
        remedies: [{ do: `allow one of ${usual.filter((name) => !missing.test(name)).join(", ")}` }],
      });
    }
    proposal[field] = list;
  }
  return proposal;
}

/** The list that a value of ssh_config stands for, with its forms +, - and ^. Undefined: ssh would not take it, or nothing is left. */
export function assemble(
  value: string | undefined,
  usual: readonly string[],
  every: readonly string[],
): string[] | undefined {
  if (value === undefined) return [...usual];
  const names = value.replace(/^[-+^]/, "").split(",");
  if (value.startsWith("-")) {
    const left = usual.filter((algorithm) => !matchesPatternList(names, algorithm));
    return left.length > 0 ? left : undefined;
  }
  const matching = (pattern: string) => every.filter((algorithm) => matchesPattern(pattern, algorithm));
  if (names.some((name) => name.startsWith("!") || matching(name).length === 0)) return undefined;
  const order = value.startsWith("+") ? [...usual, ...names] : value.startsWith("^") ? [...names, ...usual] : names;
  return [...new Set(order.flatMap(matching))];
}
