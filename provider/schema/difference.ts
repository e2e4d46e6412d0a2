import { isDeepStrictEqual } from "node:util";
import { cleanLine } from "../core/clean";
import { declaredHost } from "./drift";
import { canonicalDomain, parseInputs } from "./inputs";
import { containsUnknown, UNKNOWN } from "./wire";

type Props = Record<string, unknown>;

/** What changed, and whether the hosts have to be asked for it. */
export function difference(olds: Props, news: Props): { changes: boolean; onHosts: boolean; replaces: string[] } {
  const desired = canonicalDomain(news.domain);
  const domain = desired !== canonicalDomain(olds.domain);
  const isSame = desired === olds.domainUuid || (typeof desired === "string" && cleanLine(desired) === olds.__name);
  const otherDomain = domain && !isSame && desired !== UNKNOWN;
  const adopts = news.onDrift === "adopt";
  const host = !isDeepStrictEqual(news.host, adopts ? declaredHost(olds) : olds.host) || containsUnknown(news.host);
  // Also where the program has come to name the host that it is on: the next `up` must not take it for drift again.
  const refused = news.onDrift === "fail" && olds.__drift !== undefined;
  const elsewhere = !adopts && ![news.host].flat().includes(olds.currentHost);
  // What is written the same is the same: most placements of a stack are spared the reading.
  const written = isDeepStrictEqual(news.migration, olds.migration);
  const migration = (!written && !isDeepStrictEqual(options(news), options(olds))) || containsUnknown(news.migration);
  const onDrift = (news.onDrift ?? "moveBack") !== (olds.onDrift ?? "moveBack");
  const limits = !isDeepStrictEqual(news.limits, olds.limits);
  // A refresh reaches the hosts by what the state has.
  const inventory = !isDeepStrictEqual(news.inventory, olds.inventory);
  // It was a resource of the provider for every language: Pulumi finds the handlers of a dynamic resource by its outputs.
  const isTakenOver = news.__provider !== undefined && olds.__provider === undefined;
  const onHosts = domain || host || elsewhere || refused || olds.__incomplete === true;
  return {
    changes: onHosts || migration || onDrift || limits || inventory || isTakenOver,
    onHosts,
    replaces: otherDomain ? ["domain"] : [],
  };
}

function options(props: Props): unknown {
  return parseInputs(props).inputs.migration ?? props.migration;
}
