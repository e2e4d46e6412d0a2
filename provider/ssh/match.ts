import { matchesPatternList } from "./patterns";

/** What a `Host` or `Match` line is compared with. */
export interface MatchFacts {
  /** The name as the user wrote it. */
  alias: string;
  /** Where it is known to be at this point. */
  host: string;
  user: string;
  localUser: string;
  /** The criterion that is not evaluated here, where one may set a Tag. */
  tag: string | { unknown: string };
  final: boolean;
}

interface Criterion {
  name: string;
  negated: boolean;
  /** The pattern list; "" for `all`, `final` and `canonical`. */
  value: string;
}

const alone = new Set(["all", "final", "canonical"]);
/** May be asked for with an empty value. */
const maybeEmpty = new Set(["tagged", "command"]);

/**
 * Undefined: ssh takes no such line.
 *
 * @example
 * host a,b !user root exec "test -e /x"
 * host=a,b user=root
 */
export function criteriaOf(words: readonly string[]): Criterion[] | undefined {
  const criteria: Criterion[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const negated = word.startsWith("!");
    const [, written = "", joined] = /^!?([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    const name = written.toLowerCase();
    if (alone.has(name) && joined === undefined) {
      if (name === "all" && (at !== words.length - 1 || criteria.length > 1)) return undefined;
      criteria.push({ name, negated, value: "" });
      continue;
    }
    // OpenSSH before 9.9 takes `host = name` as well.
    if (joined === undefined && words[at + 1] === "=") at++;
    const value = joined ?? words[++at];
    if (value === undefined || (value === "" && !maybeEmpty.has(name))) return undefined;
    criteria.push({ name, negated, value });
  }
  return criteria.length === 0 ? undefined : criteria;
}

/** `Match final` asks for a second pass wherever it stands. */
export const asksForFinalPass = (words: readonly string[]): boolean =>
  (criteriaOf(words) ?? []).some(({ name, negated }) => name === "final" && !negated);

/** Whether a Match line applies, or the criterion that leaves it open: `exec`, or one that is not known here. Nothing is run. */
export function matchHolds(words: readonly string[], facts: MatchFacts): boolean | { unknown: string } {
  let unknown: string | undefined;
  for (const { name, negated, value } of criteriaOf(words) ?? []) {
    const held = criterionHolds(name, value, facts);
    if (typeof held === "object") unknown ??= held.unknown;
    else if (held === negated) return false;
  }
  return unknown === undefined ? true : { unknown };
}

function criterionHolds(name: string, value: string, facts: MatchFacts): boolean | { unknown: string } {
  const isIn = (text: string) => matchesPatternList(value.split(","), text);
  const isHost = (host: string) => matchesPatternList(value.toLowerCase().split(","), host.toLowerCase());
  switch (name) {
    case "all":
      return true;
    case "final":
    case "canonical":
      return facts.final;
    case "host":
      return isHost(facts.host);
    case "originalhost":
      return isHost(facts.alias);
    case "user":
      return isIn(facts.user);
    case "localuser":
      return isIn(facts.localUser);
    case "tagged":
      if (typeof facts.tag === "object") return facts.tag;
      return facts.tag === "" ? value === "" : isIn(facts.tag);
    default:
      return { unknown: name };
  }
}
