import { type Answer, noDomain } from "../answers";
import type { SimulatedHost } from "../host";
import { inLanguage } from "../languages";
import type { Network } from "../network";
import { definitionVerbs } from "./definition";
import { hostVerbs } from "./host";
import { jobVerbs } from "./job";
import { stateVerbs } from "./state";
import { domainIn, wordsOf } from "./words";

const domainVerbs = new Map(Object.entries({ ...stateVerbs, ...definitionVerbs, ...jobVerbs }));
const otherVerbs = new Map(Object.entries(hostVerbs));

/** The answer to any command of virsh but `migrate`, which takes its time. */
export function askVirsh(network: Network, host: SimulatedHost, line: string): Answer {
  return inLanguage(host.options.language, answer(network, host, line));
}

function answer(network: Network, host: SimulatedHost, line: string): Answer {
  host.onCommand(line);
  host.commands.push(line);
  const failing = host.failure(line);
  if (failing !== undefined) return { err: failing };
  const answer = [...host.answers].find(([begin]) => line.startsWith(begin))?.[1];
  if (answer !== undefined) return { out: answer };
  const [verb = "", ...words] = wordsOf(line);
  const asked = { network, host, words };
  const ofHost = otherVerbs.get(verb);
  if (ofHost) return ofHost(asked);
  const name = domainIn(words);
  const domain = host.find(name);
  if (!domain) return noDomain(name);
  return domainVerbs.get(verb)?.(domain, asked) ?? { err: `unknown command: '${verb}'` };
}
