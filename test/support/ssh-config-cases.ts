/** Generated ssh_config files. `{dir}` stands for the directory of the case, `{me}` for the name of this account. */
import fc from "fast-check";

export interface ConfigCase {
  /** By file name below the case's directory; `config` is the first. */
  files: Record<string, string>;
  hosts: string[];
}

const pick = <T>(...values: T[]) => fc.constantFrom(...values);
const rarely =
  (...values: string[]) =>
  (usual: fc.Arbitrary<string>) =>
    fc.oneof({ weight: 40, arbitrary: usual }, { weight: 1, arbitrary: pick(...values) });

const names = ["kvm-a", "kvm-b", "KVM-c", "db-01.example.net", "10.0.0.5", "127.1", "0::1", "gate", "x@y"];
const patterns = [
  "kvm-a",
  "kvm-b",
  "kvm-*",
  "KVM-c",
  "kvm-c",
  "*.example.net",
  "10.0.0.?",
  "127.*",
  "*",
  "gate",
  "::1",
];
const flags = rarely("on", "1", "yes no")(pick("yes", "no", "true", "false", "YES", "True"));
const times = rarely("5x", "-1", "1.5", "NONE")(pick("5", "1m30s", "2h", "1M30", "0", "none", "90s", "1w", "07"));
const numbers = rarely("x", "-1", "1k")(pick("0", "1", "3", "7"));
const keyTypes = ["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"];
const keyLists = rarely(
  "nonsense",
  "+",
)(
  pick(
    ...keyTypes,
    "ssh-ed25519,rsa-sha2-512",
    "+ssh-rsa",
    "-ssh-ed25519*",
    "-rsa-*,ecdsa-*",
    "^rsa-sha2-512",
    "-none",
  ),
);
const paths = [
  "~/.ssh/a",
  "/k/%r@%h:%p",
  "/k/%n-%u-%i-%k",
  '"/k/a b"',
  "%d/%%/%L",
  "~root/x",
  "'/k/x'",
  "/k\\ x",
  "${KEYS}/y",
  "/k/%l",
];
const knownHosts = rarely(
  "none /a",
  "/a/%z",
  "/${NO_SUCH}",
  "'/a",
)(pick(...paths, "none", "NONE", "/a /b", '"/a b" /c', "/a # /b", "~/kh %d/kh2", "/kh/%%h"));

/** Keyword and values, as they are written. */
const settings: [keyword: string, values: fc.Arbitrary<string>][] = [
  [
    "HostName",
    rarely(
      "%n.net",
      "a b",
    )(pick("10.0.0.11", "%h.example.net", "Kvm-A.Net", '"%h"', "127.1", "0::1", "0x7f.1", "a%%b")),
  ],
  ["User", pick("root", "admin", "'ad min'", "Root", "root # me", "a\\\\b")],
  ["Port", rarely("0", "65536", "x", "22 23")(pick("22", "2222", "65535", "0022", '"24"'))],
  [
    "ProxyJump",
    rarely(
      "a b@",
      "a@ b",
      "a/b",
      "gate,",
      "gate x,y@",
      "none # direct",
      "gate:",
      "%u",
    )(
      pick(
        "gate",
        "gate:2222",
        "me@gate",
        "one,two:23",
        "none",
        "None",
        "jump-%n",
        "[::1]:22",
        "10.0.0.1",
        "ssh://me@gate:24",
        "gate # comment",
      ),
    ),
  ],
  ["ProxyCommand", pick("none", "nc %h %p", 'sh -c "x # y"', "= nc")],
  ["IdentityFile", rarely("/a /b", '""')(pick(...paths, "none", "/k/one", "/k/two"))],
  ["CertificateFile", pick("~/c-cert.pub", "/k/%h-cert.pub")],
  [
    "IdentityAgent",
    rarely(
      "$1x",
      "${NO_SUCH}",
    )(pick("none", "SSH_AUTH_SOCK", "$OTHER", "$NO_SUCH", "/run/%u.sock", "~/a", "${KEYS}/s", "%d/a")),
  ],
  ["IdentitiesOnly", flags],
  ["GSSAPIAuthentication", flags],
  ["CheckHostIP", flags],
  ["ConnectTimeout", times],
  ["ServerAliveInterval", times],
  ["ServerAliveCountMax", numbers],
  ["UserKnownHostsFile", knownHosts],
  ["GlobalKnownHostsFile", rarely("none /a")(pick("none", "/g", "/g /h", "~/g", '"/g h"'))],
  ["HostKeyAlgorithms", keyLists],
  ["PubkeyAcceptedAlgorithms", keyLists],
  ["PubkeyAcceptedKeyTypes", keyLists],
  [
    "KexAlgorithms",
    rarely("x")(pick("curve25519-sha256", "-curve*", "+diffie-hellman-group14-sha1", "^ecdh-sha2-nistp521")),
  ],
  ["Ciphers", rarely("x")(pick("aes256-ctr", "-aes*", "+aes128-cbc", "aes128-gcm@openssh.com,aes256-ctr"))],
  ["MACs", rarely("x")(pick("hmac-sha2-256", "-umac*", "+hmac-md5", "^hmac-sha1"))],
  ["HostKeyAlias", rarely("a b")(pick("Alias", "alias-of-it", "10.0.0.9"))],
  ["RequiredRSASize", rarely("x", "-5")(pick("1024", "2048", "3072", "0"))],
  ["RevokedHostKeys", rarely("/a /b")(pick("/r", "none", "/r/evoked"))],
  ["KnownHostsCommand", pick("none", "/bin/k %H", '/bin/k "%t" # x')],
  ["CanonicalizeHostname", rarely("on")(pick("no", "no", "false", "yes", "always"))],
  ["CanonicalDomains", pick("example.invalid", "none")],
  ["CanonicalizeMaxDots", pick("0", "1")],
  ["AddressFamily", rarely("ipv4")(pick("any", "inet", "INET6"))],
  ["BindAddress", pick("127.0.0.1", "::1")],
  ["BindInterface", pick("lo")],
  ["PubkeyAuthentication", rarely("on")(pick("yes", "no", "unbound", "host-bound"))],
  ["PreferredAuthentications", pick("publickey", "gssapi-with-mic,publickey", "password")],
  ["PKCS11Provider", pick("none", "/lib/p11.so")],
  // Of no importance here.
  ["StrictHostKeyChecking", pick("yes", "no", "ask", "off", "accept-new")],
  ["HashKnownHosts", pick("yes", "no", "True")],
  ["LogLevel", pick("ERROR", "info")],
  ["SendEnv", pick("LANG LC_*", "-X")],
  ["ControlPath", pick("~/.ssh/%C", "none")],
  ["LocalForward", pick("8080 localhost:80", "8080 [::1]:80")],
  ["SecurityKeyProvider", pick("internal", "$SK", "/lib/sk.so")],
  ["SetEnv", pick('A="b c"')],
];

const spelling = (keyword: string) => pick(keyword, keyword, keyword.toLowerCase(), keyword.toUpperCase());
const between = pick(" ", " ", " ", "\t", "=", " = ", "  ", "\t=");
const after = pick("", "", "", "", " ", "\t", "\r");

function written(keyword: string, value: string): fc.Arbitrary<string> {
  return fc
    .tuple(pick("", "  ", "\t"), spelling(keyword), between, after)
    .map(([before, name, gap, end]) => `${before}${name}${gap}${value}${end}`);
}

const setting = fc
  .integer({ min: 0, max: settings.length - 1 })
  .chain((at) => settings[at]![1].chain((value) => written(settings[at]![0], value)));

const quoted = (text: string) => pick(text, text, text, `"${text}"`);
const negated = (text: string) => pick(text, text, text, `!${text}`);
const hostLine = fc
  .array(
    pick(...patterns).chain((text) => negated(text).chain((each) => pick(each, each, `"${each}"`, `'${each}'`))),
    { minLength: 1, maxLength: 3 },
  )
  .chain((words) => written("Host", words.join(" ")));

const list = (...texts: string[]) =>
  fc.array(pick(...texts).chain(negated), { minLength: 1, maxLength: 2 }).map((each) => each.join(","));
const gap = pick(" ", "=");
const criterion = fc.oneof(
  fc.tuple(negated("host"), gap, list(...patterns, "10.0.0.11", "127.0.0.1").chain(quoted)),
  fc.tuple(negated("originalhost"), gap, list(...patterns).chain(quoted)),
  fc.tuple(negated("user"), gap, list("root", "admin", "Root", "*")),
  fc.tuple(negated("localuser"), gap, list("{me}", "nobody", "*")),
  fc.tuple(negated("canonical"), pick(""), pick("")),
  fc.tuple(pick("final", "Final"), pick(""), pick("")),
  fc.tuple(negated("exec"), pick(" "), pick('"true"', '"false"', "true", '"test %h = kvm-a"')),
);
const matchLine = fc
  .tuple(
    fc.oneof(
      { weight: 1, arbitrary: pick("all", "final all", "canonical all", "!all") },
      { weight: 1, arbitrary: pick("all host x", "host", "host *,") },
      {
        weight: 12,
        arbitrary: fc
          .array(
            criterion.map((parts) => parts.join("")),
            { minLength: 1, maxLength: 3 },
          )
          .map((each) => each.join(" ")),
      },
    ),
    pick("", "", " # comment"),
  )
  .chain(([criteria, comment]) => written("Match", criteria + comment));

const includeLine = pick(
  "{dir}/inc/*",
  "{dir}/inc/b.conf {dir}/inc/a.conf",
  '"{dir}/inc/a.conf"',
  "{dir}/no-such*",
  "{dir}/no-such",
  "{dir}/sub",
  "{dir}/su? {dir}/inc/[b",
).chain((value) => written("Include", value));
const noise = pick("", "# Host *", "   ", "\t# x", "#", "  # Port 1");

const lines = (withIncludes: boolean) =>
  fc
    .array(
      fc.oneof(
        { weight: 14, arbitrary: setting },
        { weight: 3, arbitrary: hostLine },
        { weight: 3, arbitrary: matchLine },
        { weight: 1, arbitrary: noise },
        ...(withIncludes ? [{ weight: 1, arbitrary: includeLine }] : []),
      ),
      { minLength: withIncludes ? 4 : 1, maxLength: withIncludes ? 20 : 8, size: "max" },
    )
    .map((each) => `${each.join("\n")}\n`);

export const configCases: fc.Arbitrary<ConfigCase> = fc.record({
  files: fc.record({
    config: lines(true),
    "inc/a.conf": lines(false),
    "inc/b.conf": lines(false),
    "inc/.hidden": fc.constant("User hidden\n"),
    "sub/none.conf": fc.constant("User sub\n"),
  }),
  hosts: fc.uniqueArray(pick(...names.slice(0, 8)), { minLength: 4, maxLength: 4 }),
});
