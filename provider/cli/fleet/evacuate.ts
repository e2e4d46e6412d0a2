import { knownHosts, type Verb } from "../verb";
import { planFile, planningFlags, type PlanningOptions } from "./planning";

export const evacuateVerb: Verb<PlanningOptions> = {
  usage: "evacuate <hosts...>",
  description:
    "plans where the VMs of hosts go, in an order that keeps the rules and limits, and marks the hosts as in maintenance",
  options: planningFlags,
  async run(session, words, options) {
    const hosts = knownHosts(session, words);
    return planFile(session, options, {
      title: `evacuate ${hosts.join(" ")}`,
      goal: ({ placements: { evacuated } }) => ({ evacuate: hosts, evacuated }),
      mustAnswer: hosts,
      maintenance: () => Object.fromEntries(hosts.map((host) => [host, true])),
    });
  },
};
