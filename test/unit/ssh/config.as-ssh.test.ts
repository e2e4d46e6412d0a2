import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, hostname, tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { PlacementError } from "../../../provider/core/errors";
import { connectionName, isAddress } from "../../../provider/ssh/address";
import { type Block, readConfig } from "../../../provider/ssh/config";
import { parseDestination } from "../../../provider/core/destination";
import { assembleAlgorithms } from "../../../provider/ssh/host-key-algorithms";
import { lookUp } from "../../../provider/ssh/lookup";
import { routeTo } from "../../../provider/ssh/route";
import { type Surroundings, surroundings } from "../../../provider/ssh/surroundings";
import { resolveTarget, type Target } from "../../../provider/ssh/target";
import { missingOpenSsh } from "../../support/openssh";
import { type ConfigCase, configCases } from "../../support/ssh-config-cases";

/** Hosts asked for. `npm run ssh-config` asks for thousands. */
const cases = Number(process.env["SSH_CONFIG_CASES"] ?? 300);
const seed = Number(process.env["SSH_CONFIG_SEED"] ?? 1);
const hostsOfEach = 4;
const atOnce = 2;

const env = { PATH: process.env["PATH"], KEYS: "/keys", OTHER: "/run/other", SSH_AUTH_SOCK: "/run/agent" };
const me = userInfo().username;

/** What `ssh -G` says: the values of each keyword, a line each; undefined: ssh does not start. */
type Theirs = { values: Map<string, string[]> } | { refused: string };

interface Asked {
  config: string;
  host: string;
  test: ConfigCase;
}

/** One shell for many questions. */
function askSsh(asked: readonly Asked[]): Promise<Theirs[]> {
  const script = `while read -r config host; do ssh -G -F "$config" -- "$host" 2>&1 </dev/null; echo "== $?"; done`;
  const shell = spawn("sh", ["-c", script], { env, stdio: ["pipe", "pipe", "ignore"] });
  let output = "";
  shell.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  shell.stdin.end(asked.map(({ config, host }) => `${config} ${host}\n`).join(""));
  return new Promise((resolve, reject) => {
    shell.on("error", reject).on("close", () => {
      const answers = output.split(/^== /m);
      resolve(
        asked.map((_, at) => readAnswer(at === 0 ? answers[0]! : answers[at]!.replace(/^\d+\n/, ""), answers[at + 1]!)),
      );
    });
  });
}

function readAnswer(text: string, status: string): Theirs {
  if (!status.startsWith("0")) return { refused: text };
  const values = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [, keyword, value] = /^(\w+) (.*)$/.exec(line) ?? [];
    if (keyword !== undefined) values.set(keyword, [...(values.get(keyword) ?? []), value!]);
  }
  return { values };
}

type Compared = [keyword: string, ours: string | undefined, theirs: string | undefined];

describe("ssh_config is read as ssh reads it", function () {
  this.timeout(Math.max(120_000, cases * 400));
  let directory: string;

  before(function () {
    if (missingOpenSsh().length > 0) this.skip();
    directory = mkdtempSync(join(tmpdir(), "ssh-config-"));
  });
  after(() => directory !== undefined && rmSync(directory, { recursive: true, force: true }));

  function write(index: number, test: ConfigCase): string {
    const folder = join(directory, String(index));
    for (const [name, text] of Object.entries(test.files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text.replaceAll("{dir}", folder).replaceAll("{me}", me), { mode: 0o600 });
    }
    return join(folder, "config");
  }

  it(`for ${cases} hosts in generated files (seed ${seed})`, async () => {
    const asked = Array.from({ length: Math.ceil(cases / hostsOfEach) }).flatMap((_, index): Asked[] => {
      const test = fc.sample(configCases, { seed: seed * 100_003 + index, numRuns: 1 })[0]!;
      const config = write(index, test);
      return test.hosts.map((host) => ({ config, host, test }));
    });
    const size = Math.ceil(asked.length / atOnce);
    const parts = Array.from({ length: atOnce }, (_, at) => asked.slice(at * size, (at + 1) * size));
    const theirs = (await Promise.all(parts.map(askSsh))).flat();

    const tally = new Tally();
    asked.forEach((each, at) => compare(each, theirs[at]!, tally));
    if (process.env["SSH_CONFIG_CASES"] !== undefined) console.log(tally.counts);
    const { wrong, counts } = tally;
    const inShort = wrong.map((each) => each.split("\n{", 1)[0]).join("\n");
    assert.equal(wrong.length, 0, `${wrong.length} differences\n${inShort}\n\n${wrong.slice(0, 3).join("\n\n")}`);
    assert.ok((counts["same"] ?? 0) > cases / 4, `only ${counts["same"]} were compared`);
  });
});

class Tally {
  readonly counts: Record<string, number> = {};
  readonly wrong: string[] = [];
  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }
}

/** All reasons for which what ssh takes may be refused here: each names what it is about. */
const stricter: Record<string, RegExp> = {
  "the name of a service as a port": /Port|port has the value/,
  "a token or variable that ssh refuses later, when it connects": /with a part that has no value/,
  "ciphers that ssh2 does not have": /of which nothing can be used/,
  "HostKeyAlgorithms or PubkeyAcceptedAlgorithms with nothing left": /Algorithms .*not understood/,
};

function compare({ config, host, test }: Asked, theirs: Theirs, tally: Tally): void {
  const around = surroundings({ env, sshConfigFile: config });
  const tell = (what: string) =>
    tally.wrong.push(
      `${what}: ssh -G -F ${config} ${host}\n${JSON.stringify(test, undefined, 1).replaceAll("\\n", "\n")}`,
    );
  let blocks: Block[] = [];
  let ours: Target | PlacementError;
  try {
    blocks = readConfig(around);
    ours = resolveTarget({ name: host }, { host }, blocks, around);
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
    ours = error;
  }
  if ("refused" in theirs) {
    if (ours instanceof PlacementError) tally.count("both refuse");
    else if (ours.hostKeyRules.obstacles.length > 0) tally.count("both refuse, here when the host key is checked");
    else if (/jumphost loop/.test(theirs.refused) && refusesRoute(host, blocks, around))
      tally.count("both refuse a circle");
    else if (ours.needsOpenSsh.length > 0 && ours.undecided !== undefined) tally.count("Match exec decides");
    // ssh of another version may know the name: it does no harm where it does not count.
    else if (/Bad SSH2 |Bad key types/.test(theirs.refused))
      tally.count("an unknown algorithm that is not for this host");
    else tell(`ssh refuses (${theirs.refused.trim()}), and here it is taken`);
    return;
  }
  if (ours instanceof PlacementError) {
    const { message } = ours.problem;
    const reason = Object.entries(stricter).find(([, pattern]) => pattern.test(message))?.[0];
    if (reason === undefined) tell(`refused here only: ${message}`);
    else tally.count(`refused here only: ${reason}`);
    return;
  }
  const { values, undecided } = lookUp(blocks, { alias: host, localUser: me });
  const differing = compared(ours, host, theirs.values, values.get("gssapiauthentication")?.[0]).filter(
    ([, a, b]) => a !== b,
  );
  const canonical = ours.hostKeyRules.obstacles.some(({ fault }) => fault.message.includes("CanonicalizeHostname"));
  const open = (keyword: string) => (together[keyword] ?? [keyword]).some((each) => undecided.has(each));
  // Whatever is named first: ssh2 does not connect there.
  const named = ours.needsOpenSsh.length > 0;
  const left = differing.filter(([keyword]) => !canonical && !(named && (open(keyword) || open("all"))));
  if (left.length > 0) tell(left.map((each) => each.join(" | ")).join("\n"));
  else tally.count(differing.length === 0 ? "same" : canonical ? "names are canonicalized" : "Match exec decides");
}

/** Keywords that are decided together. */
const together: Record<string, string[]> = {
  proxyjump: ["proxyjump", "proxycommand"],
  proxycommand: ["proxyjump", "proxycommand"],
  userknownhostsfile: ["userknownhostsfile", "globalknownhostsfile"],
  unsupported: [
    "addressfamily",
    "bindinterface",
    "pubkeyauthentication",
    "preferredauthentications",
    "proxyjump",
    "proxycommand",
  ],
  addressfamily: ["addressfamily", "proxyjump"],
  bindaddress: ["bindaddress", "proxyjump"],
  // Tokens and Match lines take these.
  all: ["hostname", "user", "port", "hostkeyalias"],
};

function refusesRoute(host: string, blocks: readonly Block[], around: Surroundings): boolean {
  try {
    routeTo({ name: host }, undefined, blocks, around);
    return false;
  } catch {
    return true;
  }
}

/** Each value that is used here, and ssh's. */
function compared(ours: Target, host: string, theirs: Map<string, string[]>, gssapi: string | undefined): Compared[] {
  const their = (keyword: string) => theirs.get(keyword)?.[0];
  const expand = (text: string) => expandAsSsh(text, host, theirs);
  const unlessNone = (value: string | undefined) => (value === undefined || value === "none" ? undefined : value);
  const seconds = (text: string | undefined) => String((Number(text) || 0) * 1000 || undefined);
  const files = (theirs.get("identityfile") ?? []).map(expand).filter((path) => path.toLowerCase() !== "none");
  const byDefault = their("identityfile") === "~/.ssh/id_rsa" && files.length === 7;
  const { rules, jump, direct } = {
    rules: ours.hostKeyRules,
    jump: their("proxyjump"),
    direct: their("proxyjump") === undefined && their("proxycommand") === undefined,
  };
  const needs = ours.needsOpenSsh.join("; ");
  const known = ["userknownhostsfile", "globalknownhostsfile"]
    .flatMap((each) => their(each) ?? [])
    .filter((each) => each !== "none");
  const yes = (what: boolean) => String(what);
  const usable = (list: string | undefined, missing: RegExp) =>
    list
      ?.split(",")
      .filter((each) => !missing.test(each))
      .join();
  return [
    ["hostname", ours.address, otherFamily(theirs) ? connectionName(their("hostname")!) : their("hostname")],
    ["port", String(ours.port), their("port")],
    ["user", ours.user, their("user")],
    ["proxyjump", hops(ours.proxyJump), jump && hops(expand(jump))],
    ["proxycommand", yes(ours.proxyCommand), yes(their("proxycommand") !== undefined)],
    [
      "identityfile",
      ours.keys.namedBy === "default" ? "default" : ours.keys.identityFiles.join(),
      byDefault ? "default" : files.join(),
    ],
    ["certificatefile", yes(/certificate/.test(needs)), yes(theirs.has("certificatefile"))],
    ["identityagent", ours.keys.agentSocket, agent(their("identityagent"))],
    ["identitiesonly", yes(ours.keys.identitiesOnly), yes(their("identitiesonly") === "yes")],
    ["gssapiauthentication", yes(/^(yes|true)$/i.test(gssapi ?? "")), yes(their("gssapiauthentication") === "yes")],
    ["userknownhostsfile", ours.knownHostsFiles.join(" "), known.map(atHome).join(" ")],
    ["hostkeyalias", ours.hostKeyAlias, their("hostkeyalias")],
    ["hostkeyalgorithms", assembleAlgorithms(rules.algorithms)?.join(), their("hostkeyalgorithms")],
    ["pubkeyacceptedalgorithms", ours.keys.accepted.join(), their("pubkeyacceptedalgorithms")],
    ["kexalgorithms", list(ours.proposal.kex), usable(their("kexalgorithms"), /^(sntrup|mlkem)/)],
    ["ciphers", list(ours.proposal.cipher), their("ciphers")],
    ["macs", list(ours.proposal.hmac), usable(their("macs"), /^umac|(96|md5)-etm@/)],
    ["requiredrsasize", String(rules.requiredRsaBits), String(Math.max(1024, Number(their("requiredrsasize"))))],
    ["revokedhostkeys", rules.revokedKeysFile, their("revokedhostkeys")],
    ["checkhostip", yes(rules.checkHostIp), yes(their("checkhostip") === "yes")],
    [
      "knownhostscommand",
      yes(rules.obstacles.some(({ fault }) => /KnownHostsCommand/.test(fault.message))),
      yes(their("knownhostscommand") !== undefined),
    ],
    ["connecttimeout", String(ours.connectTimeoutMs), seconds(their("connecttimeout"))],
    ["serveraliveinterval", String(ours.keepaliveIntervalMs), seconds(their("serveraliveinterval"))],
    ["serveralivecountmax", String(ours.keepaliveCountMax ?? 3), String(Number(their("serveralivecountmax")) || 3)],
    [
      "addressfamily",
      { 4: "inet", 6: "inet6", 0: "any" }[ours.addressFamily ?? 0],
      jump ? "any" : their("addressfamily"),
    ],
    ["bindaddress", ours.bindAddress, jump ? undefined : their("bindaddress")],
    ["pkcs11provider", yes(/PKCS11Provider/.test(needs)), yes(unlessNone(their("pkcs11provider")) !== undefined)],
    ["unsupported", yes(ours.unsupported !== undefined), yes(unsupported(theirs, direct))],
  ];
}

function unsupported(theirs: Map<string, string[]>, direct: boolean): boolean {
  const preferred = theirs.get("preferredauthentications")?.[0];
  return (
    (direct && (theirs.has("bindinterface") || otherFamily(theirs))) ||
    /^(no|false)$/.test(theirs.get("pubkeyauthentication")?.[0] ?? "") ||
    (preferred !== undefined && !preferred.includes("publickey"))
  );
}

/** An address that AddressFamily leaves out: ssh writes it as it stands, and does not connect. */
function otherFamily(theirs: Map<string, string[]>): boolean {
  const family = theirs.get("addressfamily")?.[0];
  const address = theirs.get("hostname")?.[0] ?? "";
  if (!isAddress(address)) return false;
  return family === (address.includes(":") ? "inet" : "inet6");
}

const list = (value: unknown) => [value].flat().join();

const hops = (text: string | undefined) =>
  text
    ?.split(",")
    .map((each) => JSON.stringify(parseDestination(each)))
    .join();

const atHome = (path: string) => path.replace(/^~(root)?(?=\/)/, homedir());

function agent(set: string | undefined): string | undefined {
  if (set === "none") return undefined;
  if (set === undefined || set === "SSH_AUTH_SOCK") return env.SSH_AUTH_SOCK;
  return set.startsWith("$") ? (env as NodeJS.ProcessEnv)[set.slice(1)] : set;
}

/** `ssh -G` prints IdentityFile and ProxyJump as they are written. */
function expandAsSsh(text: string, host: string, theirs: Map<string, string[]>): string {
  const value = (keyword: string) => theirs.get(keyword)?.[0] ?? "";
  const tokens: Record<string, string> = {
    "%": "%",
    h: value("hostname"),
    n: host,
    p: value("port"),
    r: value("user"),
    u: me,
    d: homedir(),
    l: hostname(),
    L: hostname().split(".")[0]!,
    i: String(process.getuid?.()),
    k: theirs.get("hostkeyalias")?.[0] ?? host,
  };
  return atHome(text).replace(/%(.)|\$\{KEYS\}/g, (_, letter?: string) =>
    letter === undefined ? env.KEYS : tokens[letter]!,
  );
}
