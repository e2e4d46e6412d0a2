/** Generated known_hosts files and ssh_config lines about one server's host key. */
import { createHmac, randomBytes } from "node:crypto";
import fc from "fast-check";

export interface Names {
  /** HostName, as ssh_config has it. */
  host: string;
  /** The form under which ssh files it. */
  filed: string;
  port: number;
}

export interface Material {
  /** Public lines, "type base64", of the server that is asked. */
  own: readonly string[];
  /** Keys of other servers. */
  others: readonly string[];
  /** Authorities and certificates. */
  authority: string;
  certificate: string;
  /** Paths for RevokedHostKeys. */
  revocationFiles: readonly string[];
}

export interface Case {
  /** Files of known_hosts: the user's, and the global one. */
  user: string[];
  global: string;
  /** Lines of ssh_config, each under a Host or Match line; `{user}` and `{global}` stand for the paths. */
  config: string;
}

const pick = <T>(...values: T[]) => fc.constantFrom(...values);

function hashed(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

function namesOf({ filed, port }: Names): fc.Arbitrary<string> {
  const numbered = `[${filed}]:${port}`;
  const good = [numbered, hashed(numbered), `other,${numbered}`, numbered.toUpperCase(), "*", `[*]:${port}`];
  const bare = [filed, hashed(filed), filed.toUpperCase(), `${filed},10.0.0.9`, `${filed.slice(0, -1)}?`];
  const odd = [
    `!${numbered},*`,
    `*,!${numbered}`,
    `!${filed},*`,
    "other",
    `[${filed}]:22`,
    `[${filed}]:*`,
    `[${filed}]:${port + 1}`,
    `|1|AAAA|AAAA`,
    `|2|${hashed(numbered).slice(3)}`,
    `${hashed(numbered)},x`,
    hashed(numbered.toUpperCase()),
    `${"*".repeat(1100)}`,
    `${"x".repeat(1030)},*`,
    "the-alias",
    hashed("the-alias"),
    "!the-alias,*",
    "127.1",
    "[127.1]:*",
    "",
  ];
  return fc.oneof(
    { weight: 6, arbitrary: pick(...good) },
    { weight: 3, arbitrary: pick(...bare) },
    { weight: 3, arbitrary: pick(...odd) },
  );
}

/** The same RSA number with a zero before it: another text for the same key. */
function withZero(line: string): string {
  const blob = Buffer.from(line.split(" ")[1]!, "base64");
  if (!line.startsWith("ssh-rsa")) return line;
  const exponentEnd = 11 + 4 + blob.readUInt32BE(11);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(blob.readUInt32BE(exponentEnd) + 1);
  return `ssh-rsa ${Buffer.concat([blob.subarray(0, exponentEnd), length, Buffer.alloc(1), blob.subarray(exponentEnd + 4)]).toString("base64")}`;
}

function keysOf({ own, others, authority, certificate }: Material): fc.Arbitrary<string> {
  const key = fc.oneof({ weight: 3, arbitrary: pick(...own) }, { weight: 1, arbitrary: pick(...others, authority) });
  const spoilt = fc.tuple(key, fc.nat(11)).map(([line, how]) => {
    const [type, base64] = line.split(" ") as [string, string];
    return [
      `${type} ${base64.slice(0, -4)}`,
      `${type} ${base64.slice(0, 20)}-${base64.slice(21)}`,
      `${type} ${base64}AAAA`,
      `ssh-ed25519 ${base64}`,
      `${type}`,
      `1024 35 ${base64}`,
      withZero(line),
      line.replace(/^ssh-rsa/, "rsa-sha2-256"),
      `${type} ${base64.replace(/=+$/, "")}`,
      `${type} # ${base64}`,
      `${type}\r${base64}`,
      `${type} ${base64}\0more`,
    ][how]!;
  });
  return fc.oneof(
    { weight: 12, arbitrary: key },
    { weight: 3, arbitrary: spoilt },
    { weight: 1, arbitrary: pick(certificate) },
  );
}

function lineOf(names: Names, material: Material): fc.Arbitrary<string> {
  const marker = fc.oneof(
    { weight: 12, arbitrary: pick("") },
    { weight: 3, arbitrary: pick("@revoked ", "@cert-authority ") },
    { weight: 1, arbitrary: pick("@revoked\t", "@other ", "@revoked @revoked ", "@REVOKED ", "# ", " \t") },
  );
  const space = pick(" ", " ", " ", "\t", "  ", "\u000b");
  const end = pick("", "", " comment", "\r", " two words");
  return fc
    .tuple(marker, namesOf(names), space, keysOf(material), end)
    .map(([mark, name, gap, key, tail]) => `${mark}${name}${gap}${key}${tail}`);
}

const algorithmLists = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "rsa-sha2-512,rsa-sha2-256",
  "rsa-sha2-256",
  "ssh-rsa",
  "+ssh-rsa",
  "ssh-rsa,ssh-ed25519",
  "-ssh-ed25519*",
  "-ecdsa-*,!ecdsa-sha2-nistp256,rsa*",
  "-*",
  "^ecdsa-sha2-nistp256",
  "^rsa-*",
  "ecdsa*,ssh-ed25519",
  "ssh-*",
  "*",
  "+*",
  "^*",
  "rsa-*",
  "*-cert-v01@openssh.com",
  "ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256",
  "sk-*,ssh-ed25519",
  "!ssh-ed25519,*",
  "nonsense",
  "+nonsense",
  "-nonsense",
  "ssh-dss,ecdsa-sha2-nistp256",
  "SSH-ED25519",
  "rsa-sha2-???",
  "ecdsa-sha2-nistp384,ecdsa-sha2-nistp521",
];

function settings(material: Material): fc.Arbitrary<string> {
  const rare = [
    "KnownHostsCommand /bin/true",
    "KnownHostsCommand /bin/false",
    "KnownHostsCommand none",
    "HostKeyAlias the-alias",
    "HostKeyAlias THE-ALIAS",
    "CheckHostIP yes",
    "CheckHostIP no",
    "CheckHostIP maybe",
    "UserKnownHostsFile none",
    "UserKnownHostsFile {user} none",
    "UserKnownHostsFile '{user}'",
    "GlobalKnownHostsFile none",
    "GlobalKnownHostsFile %d/nothing",
    "UserKnownHostsFile %Z",
    "UserKnownHostsFile ${NOT_SET_ANYWHERE}",
    `UserKnownHostsFile ${"/nothing ".repeat(33)}`,
    "StrictHostKeyChecking no",
    "StrictHostKeyChecking accept-new",
    "CanonicalizeHostname yes",
    "CanonicalizeHostname always",
    "CanonicalizeHostname no",
    "CanonicalDomains example.net",
    "NoHostAuthenticationForLocalhost yes",
    "VerifyHostKeyDNS no",
    "HashKnownHosts yes",
    "UpdateHostKeys no",
    "CASignatureAlgorithms ssh-ed25519",
  ];
  return fc.oneof(
    { weight: 5, arbitrary: pick(...algorithmLists).map((list) => `HostKeyAlgorithms ${list}`) },
    {
      weight: 2,
      arbitrary: pick("0", "1024", "2048", "3072", "3073", "4096", "x", "-1").map((bits) => `RequiredRSASize ${bits}`),
    },
    { weight: 4, arbitrary: pick(...material.revocationFiles).map((file) => `RevokedHostKeys ${file}`) },
    { weight: 4, arbitrary: pick(...rare) },
  );
}

function blockOf({ host }: Names, material: Material): fc.Arbitrary<string> {
  const head = fc.oneof(
    {
      weight: 8,
      arbitrary: pick("Host target", "Host *", "Match all", `Match host ${host}`, "Match originalhost target"),
    },
    {
      weight: 3,
      arbitrary: pick(
        `Match host ${host.toUpperCase()}`,
        "Match final all",
        "Match host nobody final",
        "Match originalhost TARGET",
        "Match !host nobody",
        `Match final host ${host}`,
        `Host ${host}`,
        "Match exec true",
        'Match exec "false"',
        "Match host nobody exec true",
        "Match canonical",
        "Host target !target",
        "Host TARGET",
        "Host other",
        "Match host=*",
      ),
    },
  );
  return fc.tuple(head, settings(material)).map(([when, setting]) => `${when}\n  ${setting}\n`);
}

export function hostKeyCases(names: Names, material: Material): fc.Arbitrary<Case> {
  const line = lineOf(names, material);
  const file = fc.array(line, { maxLength: 4 }).map((lines) => lines.map((each) => `${each}\n`).join(""));
  // Without a line that is right most hosts are merely unknown.
  const right = fc.oneof(
    { weight: 3, arbitrary: pick(...material.own).map((key) => `[${names.filed}]:${names.port} ${key}\n`) },
    { weight: 1, arbitrary: pick(...material.own).map((key) => `${names.filed} ${key}\n`) },
    { weight: 1, arbitrary: pick("") },
  );
  return fc
    .record({
      right,
      user: fc.array(file, { minLength: 1, maxLength: 2 }),
      global: fc.oneof({ weight: 2, arbitrary: pick("") }, { weight: 1, arbitrary: file }),
      blocks: fc.oneof(
        { weight: 2, arbitrary: pick([] as string[]) },
        { weight: 3, arbitrary: fc.array(blockOf(names, material), { minLength: 1, maxLength: 2 }) },
      ),
      first: fc.boolean(),
    })
    .map(({ right: known, user, global, blocks, first }) => ({
      user: user.map((text, index) => (index > 0 ? text : first ? known + text : text + known)),
      global,
      config: blocks.join(""),
    }));
}
