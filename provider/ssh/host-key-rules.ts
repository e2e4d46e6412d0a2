import type { Host } from "../core/model";
import { isAddress } from "./address";
import type { Block } from "./config";
import { isYes } from "./config-values";
import { wrongForms } from "./host-key-forms";
import type { ExpandPath } from "./key-sources";
import { type KnownHostsFiles, pinInstead } from "./known-hosts-files";
import type { ConfigValues, LookedUp } from "./lookup";
import type { Obstacle } from "./obstacle";
import { minRsaBits } from "./public-key";

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

interface Sources {
  blocks: readonly Block[];
  host: Host;
  address: string;
  lookedUp: LookedUp;
  /** No jump host. */
  direct: boolean;
  files: KnownHostsFiles;
  expand: ExpandPath;
}

export function hostKeyRules({ blocks, host, address, lookedUp, direct, files, expand }: Sources): HostKeyRules {
  const { values } = lookedUp;
  const first = (keyword: string) => values.get(keyword.toLowerCase())?.[0];
  const revoked = first("RevokedHostKeys");
  return {
    algorithms: first("HostKeyAlgorithms"),
    requiredRsaBits: Math.max(minRsaBits, Number(first("RequiredRSASize") ?? 0) || 0),
    revokedKeysFile: isNone(revoked) ? undefined : expand("RevokedHostKeys", revoked!),
    checkHostIp: isYes(first("CheckHostIP")),
    obstacles: [
      ...files.obstacles,
      ...wrongForms(blocks),
      ...knownHostsCommand(host, values),
      ...canonicalNames(values, address, direct),
      ...undecidedRules(host, lookedUp),
    ],
  };
}

function knownHostsCommand(host: Host, values: ConfigValues): Obstacle[] {
  if (host.knownHostsFile !== undefined || isNone(values.get("knownhostscommand")?.[0])) return [];
  const fault = {
    message: "ssh_config sets a KnownHostsCommand for it, and commands are not run",
    remedies: [
      pinInstead,
      { do: "write what the command prints to a file, and set knownHostsFile of the host in the inventory" },
    ],
  };
  return [{ fault, pinHelps: true }];
}

function canonicalNames(values: ConfigValues, address: string, direct: boolean): Obstacle[] {
  if (!canonicalizes(values, address, direct)) return [];
  const fault = {
    message: `ssh_config has CanonicalizeHostname ${values.get("canonicalizehostname")?.[0]}, and names are not canonicalized here: ${address} may be filed in known_hosts under another name`,
    remedies: [
      { do: "set address of the host in the inventory (or HostName) to the full name or the IP address" },
      pinInstead,
    ],
  };
  return [{ fault, pinHelps: true }];
}

/** Whether ssh may look the host up under another name than the one that is connected to here. */
function canonicalizes(values: ConfigValues, address: string, direct: boolean): boolean {
  if (isAddress(address)) return false;
  const setting = values.get("canonicalizehostname")?.[0]?.toLowerCase() ?? "no";
  if (!direct && setting !== "always") return false;
  // ssh follows permitted CNAMEs of a direct host whether names are to be canonical or not.
  if (!isNone(values.get("canonicalizepermittedcnames")?.[0])) return true;
  if (setting === "no" || setting === "false") return false;
  const dots = address.split(".").length - 1;
  const maxDots = Number(values.get("canonicalizemaxdots")?.[0] ?? 1);
  const domains = values.get("canonicaldomains") ?? [];
  return address.endsWith(".") || (domains.length > 0 && !(dots > maxDots));
}

function undecidedRules(host: Host, { undecided }: LookedUp): Obstacle[] {
  return undecidedKeywords(host).flatMap(({ keyword, pinHelps }) => {
    const criterion = undecided.get(keyword.toLowerCase());
    if (criterion === undefined) return [];
    const fault = {
      message: `a Match ${criterion} of ssh_config sets ${keyword}, and this criterion is not evaluated`,
      remedies: [{ do: `set ${keyword} above it for this host` }, ...(pinHelps ? [pinInstead] : [])],
    };
    return { fault, pinHelps };
  });
}

/** What a pinned key does not settle. */
const withPin = ["HostKeyAlgorithms", "RequiredRSASize", "RevokedHostKeys", "KexAlgorithms", "Ciphers", "MACs"];

function undecidedKeywords(host: Host): { keyword: string; pinHelps: boolean }[] {
  const files = ["UserKnownHostsFile", "GlobalKnownHostsFile", "KnownHostsCommand"];
  const known = [
    "HostKeyAlias",
    "CheckHostIP",
    "CanonicalizeHostname",
    ...(host.knownHostsFile === undefined ? files : []),
  ];
  return [
    ...withPin.map((keyword) => ({ keyword, pinHelps: false })),
    ...known.map((keyword) => ({ keyword, pinHelps: true })),
  ];
}

const isNone = (value: string | undefined) => value === undefined || value.toLowerCase() === "none";
