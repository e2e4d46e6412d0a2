import { knownHosts, type Verb } from "../verb";
import { planFile, planningFlags, type PlanningOptions } from "./planning";

export const restoreVerb: Verb<PlanningOptions> = {
  usage: "restore <hosts...>",
  description: "plans the way back of exactly what `evacuate` took from hosts, and takes them out of maintenance",
  options: planningFlags,
  async run(session, words, options) {
    const hosts = knownHosts(session, words);
    return planFile(session, options, {
      title: `restore ${hosts.join(" ")}`,
      goal: ({ placements: { evacuated } }) => ({ restore: hosts, evacuated }),
      mustAnswer: hosts,
      maintenance: ({ placements }) =>
        Object.fromEntries(
          hosts.filter((host) => placements.hosts[host]?.maintenance === true).map((host) => [host, null]),
        ),
    });
  },
};
