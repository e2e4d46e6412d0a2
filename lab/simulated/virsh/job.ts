import { completedStatistics, notRunning } from "../answers";
import type { DomainVerb } from "./verb";
import { isShutOff } from "./state";

/** What is asked of a migration, and what steers it. */
export const jobVerbs: Record<string, DomainVerb> = {
  domjobinfo: (domain, { host, words }) => {
    if (words.includes("--completed")) return { out: domain.completedStatistics ? completedStatistics : "Job type: 0" };
    if (domain.job === "incoming")
      return { err: "Operation not supported: migration statistics are available only on the source host" };
    if (domain.job !== "outgoing") return { out: "Job type: 0" };
    if (host.sends) host.sentBytes += 4096;
    const { sentBytes } = host;
    return {
      out: host.statistics.replace(/(?<=memory_processed: )\d+/, (sent) => String(Number(sent) + sentBytes)),
    };
  },
  "migrate-getmaxdowntime": (domain) => (isShutOff(domain) ? notRunning : { out: String(domain.maxDowntimeMs) }),
  "migrate-setmaxdowntime": (domain, { words }) => {
    if (isShutOff(domain)) return notRunning;
    domain.maxDowntimeMs = Number(words.at(-1));
    return {};
  },
  "migrate-getspeed": (domain) => ({ out: String(domain.maxSpeedMiBps) }),
  "migrate-setspeed": (domain, { words }) => {
    domain.maxSpeedMiBps = Number(words.at(-1));
    return {};
  },
  "migrate-postcopy": (domain, { network, host: source }) => {
    if (domain.job !== "outgoing")
      return {
        err: "Requested operation is not valid: post-copy can only be started while outgoing migration is in progress",
      };
    if (source.outgoing.get(domain.uuid)?.postCopy === false)
      return {
        err: "Requested operation is not valid: switching to post-copy requires migration to be started with VIR_MIGRATE_POSTCOPY flag",
      };
    Object.assign(domain, { state: "paused", reason: "post-copy" });
    for (const host of network.hosts.values()) {
      const copy = host.find(domain.uuid);
      if (copy?.job === "incoming") Object.assign(copy, { state: "running", reason: "post-copy" });
    }
    return {};
  },
  domjobabort: (domain, { host }) => {
    if (domain.job === undefined) return { err: "Requested operation is not valid: no job is active on the domain" };
    if (domain.reason === "post-copy")
      return { err: "Requested operation is not valid: cannot abort migration in post-copy mode" };
    host.outgoing.get(domain.uuid)?.cancel("operation aborted: job 'migration out' canceled by client");
    return {};
  },
};
