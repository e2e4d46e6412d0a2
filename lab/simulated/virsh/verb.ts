import type { Answer } from "../answers";
import type { SimulatedDomain } from "../domain";
import type { SimulatedHost } from "../host";
import type { Network } from "../network";

/** What a command is about. */
interface Asked {
  network: Network;
  host: SimulatedHost;
  words: readonly string[];
}

export type HostVerb = (asked: Asked) => Answer;
export type DomainVerb = (domain: SimulatedDomain, asked: Asked) => Answer;
