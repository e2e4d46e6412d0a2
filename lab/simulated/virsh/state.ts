import { notRunning } from "../answers";
import type { SimulatedDomain } from "../domain";
import type { DomainVerb } from "./verb";

export const isShutOff = ({ state }: SimulatedDomain): boolean => state === "shut off";

/** Whether a domain runs, and what makes it run or stop. */
export const stateVerbs: Record<string, DomainVerb> = {
  domstate: ({ state, reason }) => ({ out: `${state} (${reason})` }),
  suspend: (domain) => {
    if (isShutOff(domain)) return notRunning;
    Object.assign(domain, { state: "paused", reason: domain.job === undefined ? "user" : "migrating" });
    return {};
  },
  resume: (domain) => {
    if (isShutOff(domain)) return notRunning;
    Object.assign(domain, { state: "running", reason: "unpaused" });
    return {};
  },
  shutdown: (domain, { host }) => {
    if (isShutOff(domain)) return notRunning;
    if (domain.ignoresShutdown) return {};
    if (domain.persistent) Object.assign(domain, { state: "shut off", reason: "shutdown" });
    else host.remove(domain);
    return {};
  },
  start: (domain) => {
    if (!isShutOff(domain)) return { err: "Domain is already active" };
    Object.assign(domain, { state: "running", reason: "booted" });
    return {};
  },
  destroy: (domain, { host }) => {
    if (isShutOff(domain)) return notRunning;
    delete domain.job;
    if (domain.persistent) Object.assign(domain, { state: "shut off", reason: "destroyed" });
    else host.remove(domain);
    return {};
  },
};
