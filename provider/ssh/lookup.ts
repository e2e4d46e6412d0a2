import { canonicalAddress } from "./address";
import type { Block } from "./config";
import { expandTokens } from "./expand";
import { matchesPatternList } from "./patterns";

export interface Query {
  /** The name as the user wrote it. */
  alias: string;
  /** Known already, as with `ssh -l` and `ssh -o HostName=`: they win, and Match sees them. */
  hostName?: string | undefined;
  user?: string | undefined;
  localUser: string;
}

/** What ssh_config says of one host; by lower-case keyword, the first value obtained. IdentityFile collects. */
export type ConfigValues = ReadonlyMap<string, readonly string[]>;

export interface LookedUp {
  values: ConfigValues;
  /**
   * Keywords that a Match block may set before all others, by the criterion of it that is not evaluated here (`exec`, or one that is
   * not known). What ssh would use for them is not known.
   */
  undecided: ReadonlyMap<string, string>;
}

/**
 * ssh's own evaluation: blocks in order, the first value wins, and a second pass where a `Match final` or canonical host names ask for one.
 * `Match exec` runs nothing: it never applies, negated or not, and neither does a criterion that is not known here.
 */
export function lookUp(blocks: readonly Block[], query: Query): LookedUp {
  const values = new Map<string, readonly string[]>();
  const undecided = new Map<string, string>();
  let wantsFinalPass = false;

  // Between its passes ssh writes an address in its one form, whether canonical names are asked for or not.
  const hostName = (final: boolean) => (final && canonicalAddress(configured())) || configured();
  const configured = () =>
    query.hostName ?? expandTokens(values.get("hostname")?.[0] ?? query.alias, { h: query.alias, n: query.alias });
  const matchesHost = (words: string, host: string) =>
    matchesPatternList(words.toLowerCase().split(","), host.toLowerCase());

  /** Whether a block applies, or the criterion that leaves it open. */
  const holds = ({ keyword, words }: NonNullable<Block["when"]>, final: boolean): boolean | { unknown: string } => {
    if (keyword === "host") return matchesPatternList(words, final ? hostName(true).toLowerCase() : query.alias);
    let result = true;
    let unknown: string | undefined;
    for (let i = 0; i < words.length; i++) {
      const negated = words[i]!.startsWith("!");
      const criterion = words[i]!.slice(negated ? 1 : 0);
      const pattern = () => words[++i] ?? "";
      let held: boolean;
      switch (criterion.toLowerCase()) {
        case "all":
          held = true;
          break;
        case "final":
        case "canonical":
          // ssh reads on behind a criterion that failed.
          wantsFinalPass ||= criterion.toLowerCase() === "final";
          held = final;
          break;
        case "host":
          held = matchesHost(pattern(), hostName(final));
          break;
        case "originalhost":
          held = matchesHost(pattern(), query.alias);
          break;
        case "user":
          held = matchesPatternList(pattern().split(","), query.user ?? values.get("user")?.[0] ?? query.localUser);
          break;
        case "localuser":
          held = matchesPatternList(pattern().split(","), query.localUser);
          break;
        default:
          pattern();
          unknown ??= criterion;
          continue;
      }
      if (held === negated) result = false;
    }
    return result && unknown !== undefined ? { unknown } : result;
  };

  // Of a command and a jump host, the one that is named first leaves no room for the other.
  const isSet = (keyword: string) =>
    values.has(keyword) ||
    (values.has("proxycommand") && keyword === "proxyjump") ||
    (values.has("proxyjump") && keyword === "proxycommand");

  const leaveOpen = (block: Block, criterion: string): void => {
    for (const entry of block.entries) {
      if ("include" in entry) entry.include.forEach((inner) => leaveOpen(inner, criterion));
      else if (!isSet(entry.keyword) && !undecided.has(entry.keyword)) undecided.set(entry.keyword, criterion);
    }
  };

  const apply = (block: Block, final: boolean): void => {
    const held = block.when ? holds(block.when, final) : true;
    if (typeof held === "object") return leaveOpen(block, held.unknown);
    if (!held) return;
    for (const entry of block.entries) {
      if ("include" in entry) entry.include.forEach((inner) => apply(inner, final));
      else if (entry.keyword === "identityfile") {
        values.set("identityfile", [...new Set([...(values.get("identityfile") ?? []), ...entry.values])]);
      } else if (!isSet(entry.keyword)) values.set(entry.keyword, entry.values);
    }
  };

  blocks.forEach((block) => apply(block, false));
  wantsFinalPass ||= /^(yes|true|always)$/i.test(values.get("canonicalizehostname")?.[0] ?? "");
  if (wantsFinalPass) blocks.forEach((block) => apply(block, true));
  return { values, undecided };
}
