import type { Host } from "../core/model";
import type { Remedy } from "../core/problem";
import type { Block } from "./config";
import { expandHome, type Tokens } from "./expand";
import type { Fault } from "./failure";
import { assembleAlgorithms } from "./host-key-algorithms";
import { isAddress } from "./address";
import type { ConfigValues, LookedUp } from "./lookup";
import { minRsaBits } from "./public-key";
import type { Surroundings } from "./surroundings";

/** What ssh_config demands of a host's key beside its being known. Holds for pinned keys too. */
export interface HostKeyRules {
  /** HostKeyAlgorithms as written. */
  algorithms?: string | undefined;
  /** RequiredRSASize in bits; never less than 1024. */
  requiredRsaBits: number;
  /** RevokedHostKeys: public keys or a KRL. */
  revokedKeysFile?: string | undefined;
  /** CheckHostIP: no other key may be filed for the address that was connected to. */
  checkHostIp: boolean;
  /** Settings with which ssh may refuse a key that would be accepted here: no key is accepted then. */
  obstacles: readonly Obstacle[];
}

interface Obstacle {
  fault: Fault;
  /** It concerns how known keys are found: a pinned key needs none. */
  pinHelps: boolean;
}

interface KnownHostsFiles {
  paths: string[];
  obstacles: Obstacle[];
}

/** OpenSSH's limit for each of the two lists. */
const mostFiles = 32;

const pinInstead: Remedy = { do: "set hostKey of the host in the inventory" };

/** The inventory's knownHostsFile stands for all that ssh_config says about where known keys are. */
export function knownHostsFiles(
  host: Host,
  config: ConfigValues,
  around: Surroundings,
  tokens: Tokens,
): KnownHostsFiles {
  if (host.knownHostsFile !== undefined)
    return { paths: [expandHome(host.knownHostsFile, around.home)], obstacles: [] };
  const obstacles: Obstacle[] = [];
  const add = (keyword: string, why: string) => {
    obstacles.push({
      fault: {
        message: `${keyword} of ssh_config ${why}`,
        remedies: [{ do: `fix ${keyword}` }, pinInstead, { do: "set knownHostsFile of the host in the inventory" }],
      },
      pinHelps: true,
    });
  };
  const listed = (keyword: string, otherwise: readonly string[], expand: (path: string) => string | undefined) => {
    const values = config.get(keyword.toLowerCase()) ?? otherwise;
    const nowhere = values.some((value) => value.toLowerCase() === "none");
    if (nowhere && values.length === 1) return [];
    if (values.length > mostFiles) add(keyword, `has more than ${mostFiles} files`);
    return values.flatMap((value) => {
      const path = hasQuotes(value) || /^~[^/]/.test(expandHome(value, around.home)) ? undefined : expand(value);
      if (path === undefined) add(keyword, `has the path ${value}, which is not understood here`);
      return path ?? [];
    });
  };
  const home = (path: string) => expandHome(path, around.home);
  const paths = [
    ...listed("UserKnownHostsFile", ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"], (path) =>
      expandStrictly(home(path), tokens, around.env),
    ),
    ...listed("GlobalKnownHostsFile", around.globalKnownHostsFiles, home),
  ];
  return { paths, obstacles };
}

/** Undefined where a token or a variable has no value: ssh does not start then. */
function expandStrictly(path: string, tokens: Tokens, env: NodeJS.ProcessEnv): string | undefined {
  let complete = true;
  const expanded = path.replace(/%(.?)|\$\{([^}]*)\}/gs, (_whole, letter?: string, variable?: string) => {
    const value = variable !== undefined ? env[variable] : letter === "%" ? "%" : tokens[letter ?? ""];
    complete &&= value !== undefined;
    return value ?? "";
  });
  return complete ? expanded : undefined;
}

interface Form {
  keyword: string;
  isUnderstood: (values: readonly string[]) => boolean;
  pinHelps: boolean;
}

const listForm = (values: readonly string[]) =>
  values.length === 1 || !values.some((value) => value.toLowerCase() === "none");

/** The values that ssh takes, less those of which it is not known here how ssh would read them. */
const forms: readonly Form[] = [
  {
    keyword: "HostKeyAlgorithms",
    isUnderstood: ([value = ""]) => !hasQuotes(value) && assembleAlgorithms(value) !== undefined,
    pinHelps: false,
  },
  { keyword: "RequiredRSASize", isUnderstood: ([value = ""]) => /^\d{1,9}$/.test(value), pinHelps: false },
  { keyword: "RevokedHostKeys", isUnderstood: ([value = ""]) => value !== "" && !hasQuotes(value), pinHelps: false },
  {
    keyword: "HostKeyAlias",
    isUnderstood: ([value = ""]) => value !== "" && !hasQuotes(value) && !/\s/.test(value),
    pinHelps: true,
  },
  { keyword: "CheckHostIP", isUnderstood: ([value = ""]) => /^(yes|true|no|false)$/i.test(value), pinHelps: true },
  { keyword: "UserKnownHostsFile", isUnderstood: listForm, pinHelps: true },
  { keyword: "GlobalKnownHostsFile", isUnderstood: listForm, pinHelps: true },
];

function everyValueOf(blocks: readonly Block[], keyword: string): (readonly string[])[] {
  return blocks.flatMap(({ entries }) =>
    entries.flatMap((entry) =>
      "include" in entry ? everyValueOf(entry.include, keyword) : entry.keyword === keyword ? [entry.values] : [],
    ),
  );
}

const shortened = (text: string) => (text.length > 100 ? `${text.slice(0, 100)}…` : text);

interface Sources {
  blocks: readonly Block[];
  host: Host;
  address: string;
  lookedUp: LookedUp;
  /** No jump host. */
  direct: boolean;
  files: KnownHostsFiles;
  /** Expands a path of ssh_config. */
  paths: (values: readonly string[]) => string[];
}

export function hostKeyRules({ blocks, host, address, lookedUp, direct, files, paths }: Sources): HostKeyRules {
  const { values } = lookedUp;
  const first = (keyword: string) => values.get(keyword.toLowerCase())?.[0];
  const obstacles: Obstacle[] = [...files.obstacles];
  const algorithms = first("HostKeyAlgorithms");
  const size = first("RequiredRSASize") ?? "0";
  const revoked = first("RevokedHostKeys");
  const checkHostIp = first("CheckHostIP")?.toLowerCase() ?? "no";
  for (const { keyword, isUnderstood, pinHelps } of forms) {
    // ssh does not start where one of them is wrong, be it in the block of another host.
    const wrong = everyValueOf(blocks, keyword.toLowerCase()).find((each) => !isUnderstood(each));
    if (wrong === undefined) continue;
    obstacles.push({
      fault: {
        message: `ssh_config has ${keyword} ${shortened(wrong.join(" "))}, which is not understood`,
        remedies: [{ do: `fix ${keyword}: the manual has its values`, commands: [{ command: "man ssh_config" }] }],
      },
      pinHelps,
    });
  }

  if (host.knownHostsFile === undefined && !isNone(first("KnownHostsCommand"))) {
    obstacles.push({
      fault: {
        message: "ssh_config sets a KnownHostsCommand for it, and commands are not run",
        remedies: [
          pinInstead,
          { do: "write what the command prints to a file, and set knownHostsFile of the host in the inventory" },
        ],
      },
      pinHelps: true,
    });
  }
  if (canonicalizes(values, address, direct)) {
    obstacles.push({
      fault: {
        message: `ssh_config has CanonicalizeHostname ${first("CanonicalizeHostname")}, and names are not canonicalized here: ${address} may be filed in known_hosts under another name`,
        remedies: [
          { do: "set address of the host in the inventory (or HostName) to the full name or the IP address" },
          pinInstead,
        ],
      },
      pinHelps: true,
    });
  }
  for (const { keyword, pinHelps } of undecidedKeywords(host)) {
    const criterion = lookedUp.undecided.get(keyword.toLowerCase());
    if (criterion === undefined) continue;
    obstacles.push({
      fault: {
        message: `a Match ${criterion} of ssh_config sets ${keyword}, and this criterion is not evaluated`,
        remedies: [{ do: `set ${keyword} above it for this host` }, ...(pinHelps ? [pinInstead] : [])],
      },
      pinHelps,
    });
  }
  return {
    algorithms,
    requiredRsaBits: Math.max(minRsaBits, Number(size) || 0),
    revokedKeysFile: isNone(revoked) ? undefined : paths([revoked!])[0],
    checkHostIp: checkHostIp === "yes" || checkHostIp === "true",
    obstacles,
  };
}

function undecidedKeywords(host: Host): { keyword: string; pinHelps: boolean }[] {
  const files = ["UserKnownHostsFile", "GlobalKnownHostsFile", "KnownHostsCommand"];
  const known = [
    "HostKeyAlias",
    "CheckHostIP",
    "CanonicalizeHostname",
    ...(host.knownHostsFile === undefined ? files : []),
  ];
  return [
    ...["HostKeyAlgorithms", "RequiredRSASize", "RevokedHostKeys"].map((keyword) => ({ keyword, pinHelps: false })),
    ...known.map((keyword) => ({ keyword, pinHelps: true })),
  ];
}

/** Whether ssh may look the host up under another name than the one that is connected to here. */
function canonicalizes(values: ConfigValues, address: string, direct: boolean): boolean {
  const setting = values.get("canonicalizehostname")?.[0]?.toLowerCase() ?? "no";
  if (setting === "no" || setting === "false" || isAddress(address)) return false;
  if (!direct && setting !== "always") return false;
  const dots = address.split(".").length - 1;
  const maxDots = Number(values.get("canonicalizemaxdots")?.[0] ?? 1);
  const aliases = values.get("canonicalizepermittedcnames") ?? ["none"];
  const domains = values.get("canonicaldomains") ?? [];
  return address.endsWith(".") || !isNone(aliases[0]) || (domains.length > 0 && !(dots > maxDots));
}

const isNone = (value: string | undefined) => value === undefined || value.toLowerCase() === "none";

/** How ssh would read it is not known here. */
const hasQuotes = (value: string) => /["'\\]/.test(value);
