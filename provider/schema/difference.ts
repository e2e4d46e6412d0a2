import { isDeepStrictEqual } from "node:util";
import { cleanLine } from "../core/clean";
import { canonicalDomain, parseInputs } from "./inputs";
import { containsUnknown, UNKNOWN } from "./wire";

type Props = Record<string, unknown>;

/** What changed, and whether the hosts have to be asked for it. */
export function difference(olds: Props, news: Props): { changes: boolean; onHosts: boolean; replaces: string[] } {
  const wanted = canonicalDomain(news.domain);
  const domain = wanted !== canonicalDomain(olds.domain);
  const isSame = wanted === olds.domainUuid || (typeof wanted === "string" && cleanLine(wanted) === olds.__name);
  const otherDomain = domain && !isSame && wanted !== UNKNOWN;
  const host = !isDeepStrictEqual(news.host, olds.host) || containsUnknown(news.host);
  const elsewhere = ![news.host].flat().includes(olds.currentHost);
  const migration = !isDeepStrictEqual(options(news), options(olds)) || containsUnknown(news.migration);
  const onHosts = domain || host || elsewhere || olds.__incomplete === true;
  return { changes: onHosts || migration, onHosts, replaces: otherDomain ? ["domain"] : [] };
}

function options(props: Props): unknown {
  return parseInputs(props).inputs.migration ?? props.migration;
}
