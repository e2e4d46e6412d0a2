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

/**
 * ssh's own evaluation: blocks in order, the first value wins, and a second pass where a `Match final` asks for one.
 * `Match exec` runs nothing: it never applies, negated or not, and neither does a criterion that is not known here.
 */
export function lookUp(blocks: readonly Block[], query: Query): ConfigValues {
  const values = new Map<string, readonly string[]>();
  let wantsFinalPass = false;

  const hostName = () =>
    query.hostName ?? expandTokens(values.get("hostname")?.[0] ?? query.alias, { h: query.alias, n: query.alias });

  const holds = ({ keyword, words }: NonNullable<Block["when"]>, final: boolean): boolean => {
    if (keyword === "host") return matchesPatternList(words, final ? hostName() : query.alias);
    for (let i = 0; i < words.length; i++) {
      const negated = words[i]!.startsWith("!");
      const criterion = words[i]!.slice(negated ? 1 : 0).toLowerCase();
      const matches = (text: string) => matchesPatternList((words[++i] ?? "").split(","), text);
      let held: boolean;
      if (criterion === "all") held = true;
      else if (criterion === "final" || criterion === "canonical") {
        wantsFinalPass ||= criterion === "final";
        held = final;
      } else if (criterion === "host") held = matches(hostName());
      else if (criterion === "originalhost") held = matches(query.alias);
      else if (criterion === "user") held = matches(query.user ?? values.get("user")?.[0] ?? query.localUser);
      else if (criterion === "localuser") held = matches(query.localUser);
      else return false;
      if (held === negated) return false;
    }
    return true;
  };

  const apply = (block: Block, final: boolean): void => {
    if (block.when && !holds(block.when, final)) return;
    for (const entry of block.entries) {
      if ("include" in entry) entry.include.forEach((inner) => apply(inner, final));
      else if (entry.keyword === "identityfile") {
        values.set("identityfile", [...new Set([...(values.get("identityfile") ?? []), ...entry.values])]);
      } else if (!values.has(entry.keyword)) values.set(entry.keyword, entry.values);
    }
  };

  blocks.forEach((block) => apply(block, false));
  if (wantsFinalPass) blocks.forEach((block) => apply(block, true));
  return values;
}
