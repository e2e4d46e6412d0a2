import { isDeepStrictEqual } from "node:util";
import { cleanLine } from "../core/clean";
import { canonicalDomain, parseInputs } from "./inputs";
import { containsUnknown, UNKNOWN } from "./wire";

type Props = Record<string, unknown>;

/** What changed, and whether the hosts have to be asked for it. */
export function difference(olds: Props, news: Props): { changes: boolean; onHosts: boolean; replaces: string[] } {
  const desired = canonicalDomain(news.domain);
  const domain = desired !== canonicalDomain(olds.domain);
  const isSame = desired === olds.domainUuid || (typeof desired === "string" && cleanLine(desired) === olds.__name);
  const otherDomain = domain && !isSame && desired !== UNKNOWN;
  const host = !isDeepStrictEqual(news.host, olds.host) || containsUnknown(news.host);
  const elsewhere = ![news.host].flat().includes(olds.currentHost);
  const migration = !isDeepStrictEqual(options(news), options(olds)) || containsUnknown(news.migration);
  const onHosts = domain || host || elsewhere || olds.__incomplete === true;
  return { changes: onHosts || migration, onHosts, replaces: otherDomain ? ["domain"] : [] };
}

function options(props: Props): unknown {
  return parseInputs(props).inputs.migration ?? props.migration;
}
