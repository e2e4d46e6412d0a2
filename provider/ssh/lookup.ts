import { connectionName, isAddress } from "./address";
import type { Block } from "./config";
import { expandStrictly } from "./expand";
import { asksForFinalPass, matchHolds, type MatchFacts } from "./match";
import { matchesPatternList } from "./patterns";

export interface Query {
  /** The name as the user wrote it. */
  alias: string;
  /** Known already, as with `ssh -l` and `ssh -o HostName=`: they win, and Match sees them. */
  hostName?: string | undefined;
  user?: string | undefined;
  localUser: string;
}

/** What ssh_config says of one host; by lower-case keyword, the first value obtained. IdentityFile and CertificateFile collect. */
export type ConfigValues = ReadonlyMap<string, readonly string[]>;

export interface LookedUp {
  values: ConfigValues;
  /**
   * Keywords that a Match block may set before all others, by the criterion of it that is not evaluated here (`exec`, or one that is
   * not known). What ssh would use for them is not known.
   */
  undecided: ReadonlyMap<string, string>;
}

const collected = new Set(["identityfile", "certificatefile"]);
const times = new Set(["connecttimeout", "serveraliveinterval"]);

/**
 * ssh's own evaluation: blocks in order, the first value wins, and a second pass where a `Match final` or canonical host names ask for one.
 * Nothing is run: what a `Match exec` decides stays open.
 */
export function lookUp(blocks: readonly Block[], query: Query): LookedUp {
  const found: Found = { values: new Map(), undecided: new Map() };
  const hostName = () => query.hostName ?? configuredName(found.values, query.alias);
  const pass = (final: string | undefined) => {
    const facts = (): MatchFacts => ({
      alias: query.alias,
      host: final ?? hostName() ?? query.alias,
      user: query.user ?? found.values.get("user")?.[0] ?? query.localUser,
      localUser: query.localUser,
      tag: tagOf(found),
      final: final !== undefined,
    });
    blocks.forEach((block) => apply(block, facts, found));
  };

  pass(undefined);
  const canonicalizes = /^(yes|true|always)$/i.test(found.values.get("canonicalizehostname")?.[0] ?? "");
  if (canonicalizes || blocks.some(wantsFinalPass)) {
    // Between its passes ssh settles the name: a HostName comes too late, and an address is in its one form.
    const settled = settledName(hostName() ?? query.alias, found.values.get("addressfamily")?.[0]);
    if (hostName() !== undefined) found.values.set("hostname", [settled.replace(/%/g, "%%")]);
    pass(settled);
  }
  return found;
}

/** An address of a family that AddressFamily leaves out stays as it is written; ssh does not connect to it. */
function settledName(name: string, family = "any"): string {
  const connected = connectionName(name);
  const own = isAddress(connected) ? (connected.includes(":") ? "inet6" : "inet") : "any";
  return own === "any" || /^any$/i.test(family) || family.toLowerCase() === own ? connected : name.toLowerCase();
}

/** HostName takes the token %h, the name as written. Undefined: one that ssh does not take, which is refused later. */
function configuredName(values: ConfigValues, alias: string): string | undefined {
  const written = values.get("hostname")?.[0];
  return written === undefined ? alias : expandStrictly(written, { h: alias }, {});
}

interface Found extends LookedUp {
  values: Map<string, readonly string[]>;
  undecided: Map<string, string>;
}

function wantsFinalPass({ when, entries }: Block): boolean {
  if (when?.keyword === "match" && asksForFinalPass(when.words)) return true;
  return entries.some((entry) => "include" in entry && entry.include.some(wantsFinalPass));
}

function tagOf({ values, undecided }: Found): MatchFacts["tag"] {
  const unknown = undecided.get("tag");
  return unknown === undefined ? (values.get("tag")?.[0] ?? "") : { unknown };
}

function apply(block: Block, facts: () => MatchFacts, found: Found): void {
  const held = holds(block, facts());
  if (typeof held === "object") return leaveOpen(block, held.unknown, found);
  if (!held) return;
  for (const entry of block.entries) {
    if ("include" in entry) entry.include.forEach((inner) => apply(inner, facts, found));
    else if (collected.has(entry.keyword)) {
      found.values.set(entry.keyword, [...new Set([...(found.values.get(entry.keyword) ?? []), ...entry.values])]);
      // A time of "none" leaves room for a later one.
    } else if (!isSet(entry.keyword, found) && !(times.has(entry.keyword) && entry.values[0] === "none")) {
      found.values.set(entry.keyword, entry.values);
    }
  }
}

function holds({ when }: Block, facts: MatchFacts): boolean | { unknown: string } {
  if (when === undefined) return true;
  if (when.keyword === "match") return matchHolds(when.words, facts);
  return matchesPatternList(when.words, facts.final ? facts.host : facts.alias);
}

/** Of a command and a jump host, the one that is named first leaves no room for the other. */
function isSet(keyword: string, { values }: Found): boolean {
  return (
    values.has(keyword) ||
    (values.has("proxycommand") && keyword === "proxyjump") ||
    // Measured with OpenSSH 9.2: a ProxyJump of "none" leaves room for a command behind it.
    (keyword === "proxycommand" && /^(?!none$)/i.test(values.get("proxyjump")?.[0] ?? "none"))
  );
}

function leaveOpen(block: Block, criterion: string, found: Found): void {
  for (const entry of block.entries) {
    if ("include" in entry) entry.include.forEach((inner) => leaveOpen(inner, criterion, found));
    else if ((collected.has(entry.keyword) || !isSet(entry.keyword, found)) && !found.undecided.has(entry.keyword)) {
      found.undecided.set(entry.keyword, criterion);
    }
  }
}
