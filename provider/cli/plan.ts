/** What if: every host of the inventory × can the VM go there, with which options, how long, which blockers. */
import type { DomainView } from "../core/domain";
import { showState } from "../core/domain";
import { listed } from "../core/near";
import type { MigrationOptions } from "../core/options";
import type { Clock } from "../core/ports";
import type { Problem } from "../core/problem";
import { predict } from "../core/predict";
import { showPrediction } from "../core/predict/show";
import type { Prediction } from "../core/predict/types";
import { isActive } from "../core/situation";
import { whereIs } from "../core/whereIs";
import { preview, type Preview } from "../preflight/preview";
import type { Hosts } from "../observe/hosts";
import { observe } from "../observe/observe";
import { renderInPreview } from "../pulumi/showPreview";
import { makePlan } from "../virsh/migrateCommand";
import { whyNotAcceptable } from "../core/accept";
import { type CliSettings, UsageError } from "./inventory";
import { table } from "./table";
import { exitCodes, knownHosts, type Verb } from "./verb";

export const planVerb: Verb<{ to?: string[]; accept?: string[] }> = {
  usage: "plan <vm>",
  description: "where the VM can go, with which options, how long it takes, and what blocks it; only reads",
  options: [
    ["--to <host...>", "only these destinations (default: all hosts but its own)"],
    ["--accept <blocker...>", "blockers to take for warnings, as with migration.accept"],
  ],
  async run(session, [domain], { to = [], accept = [] }) {
    const why = accept.map(whyNotAcceptable).find((each) => each !== undefined);
    if (why !== undefined) throw new UsageError(why);
    const asked = { domain: domain!, to: knownHosts(session, to), accept };
    const made = await plan(session.hosts, session.settings, asked, session.clock);
    session.show(made, showPlan);
    return made.ways.some(({ possible }) => possible) ? exitCodes.fine : exitCodes.blocked;
  },
};

interface Way {
  host: string;
  possible: boolean;
  /** Options that it needs, as the program would write them. */
  migration: Record<string, unknown>;
  command: string | undefined;
  prediction: Prediction | undefined;
  problems: Problem[];
  /** The prediction in words. */
  text: string | undefined;
}

async function plan(
  hosts: Hosts,
  { inventory, uri }: CliSettings,
  asked: { domain: string; to: readonly string[]; accept: readonly string[] },
  clock: Clock,
): Promise<{ domain: string; uuid: string; source: string; state: string; ways: Way[] }> {
  const view = await find(hosts, asked.domain);
  const destinations = asked.to.length > 0 ? asked.to : hosts.names.filter((name) => name !== view.host);
  const given: MigrationOptions = { mode: "auto", ...(asked.accept.length > 0 && { accept: asked.accept }) };
  const way = async (host: string): Promise<Way> => {
    const previewWith = async (options: MigrationOptions) => {
      const made = makePlan({ domain: view.name, hosts: [host], anyOf: false, options, inventory, uri });
      const desired = { domain: view.name, uuid: view.uuid, hosts: [host], options, plan: made, lastHost: view.host };
      const previewed = await preview(hosts, desired, { dirtyRateSeconds: 1 }, clock);
      return { previewed, command: (isActive(view) ? made.live : made.offline) as string };
    };
    let migration: Record<string, unknown> = {};
    let best = await previewWith(given);
    if (blockers(best.previewed).length > 0 && blockers(best.previewed).every(({ rule }) => rule === "disks")) {
      const copied = await previewWith({ ...given, copyStorage: "all" });
      if (blockers(copied.previewed).length === 0) [best, migration] = [copied, { copyStorage: "all" }];
    }
    return { host, ...wayOf(best.previewed, best.command, migration) };
  };
  const ways = await Promise.all(destinations.map(way));
  return { domain: view.name, uuid: view.uuid, source: view.host, state: showState(view), ways };
}

function blockers({ problems }: Preview): Problem[] {
  return problems.filter(({ severity, code }) => severity === "blocker" || code === "hostUnreachable");
}

/** Where plain pre-copy would not end, the first option that lets it. */
function wayOf(previewed: Preview, command: string, migration: Record<string, unknown>): Omit<Way, "host"> {
  const { problems, predicted } = previewed;
  const possible = blockers(previewed).length === 0;
  const plain = { possible, migration, command: possible ? command : undefined, problems };
  if (predicted === undefined) return { ...plain, prediction: undefined, text: undefined };
  const { input, prediction } = predicted;
  if (prediction.verdict !== "willNotConverge")
    return { ...plain, prediction, text: showPrediction(prediction, input) };
  const alternatives = [
    { wish: { autoConverge: true }, options: { autoConverge: true } },
    { wish: { postCopy: { after: "20s" } }, options: { postCopy: true, postCopyAfterMs: 20_000 } },
  ];
  for (const { wish, options } of alternatives) {
    const alternative = { ...input, options };
    const better = predict(alternative);
    if (better.verdict !== "willNotConverge") {
      return {
        ...plain,
        command: undefined,
        migration: { ...migration, ...wish },
        prediction: better,
        text: showPrediction(better, alternative),
      };
    }
  }
  return { ...plain, prediction, text: showPrediction(prediction, input) };
}

async function find(hosts: Hosts, domain: string): Promise<DomainView> {
  const observed = await observe(hosts, {
    domain,
    uuid: undefined,
    first: hosts.names,
    everywhere: true,
    lastHost: undefined,
  });
  const place = whereIs(observed.views);
  if (place && "host" in place) return place;
  const silent = observed.unreachable.map(({ host, why }) => `${host} cannot be asked (${why})`);
  throw new UsageError(
    place?.unclear ?? [`${domain} is on none of ${listed(hosts.names, "and")}`, ...silent].join("; "),
  );
}

function showPlan({ domain, source, state, ways }: Awaited<ReturnType<typeof plan>>): string {
  const rows = ways.map(({ host, possible, migration, text, problems }) => {
    const options =
      Object.keys(migration).length === 0 ? "as it stands" : JSON.stringify(migration).replace(/"(\w+)":/g, "$1: ");
    return [
      host,
      possible ? "yes" : "no",
      possible ? options : "",
      [...problems.map(renderInPreview), ...(possible && text ? [text] : [])].join("\n    ") || "no blockers",
    ];
  });
  return `${domain} is ${state} on ${source}\n\n${table([["TO", "CAN GO", "WITH", "WHAT TO EXPECT"], ...rows])}`;
}
