/** The functions of the package: questions that change nothing. */
import { cleanLine } from "../core/clean";
import type { DomainView } from "../core/domain";
import type { GetPlacementsArgs, GetPlacementsResult, PlanMoveArgs, PlanMoveResult } from "../core/functionArgs";
import { listed, nearMatches } from "../core/near";
import type { Clock } from "../core/ports";
import { showPrediction } from "../core/predict/show";
import { renderProblem } from "../core/problem";
import { whereIs } from "../core/whereIs";
import { viewsOf } from "../observe/viewsOf";
import { preview } from "../preflight/preview";
import { renderInputFailure } from "../schema";
import { desiredOf } from "./desired";
import { findPlacement } from "./found";
import { readInputs } from "./inputs";
import { type Settings, usable } from "./settings";
import type { Props } from "./state";

export interface InvokeResult {
  outputs: Props;
  failures: { property: string; reason: string }[];
}

const functions = { getPlacements, planMove };
const getPlacementsNames = Object.keys({ hosts: true } satisfies Record<keyof GetPlacementsArgs, true>);
const planMoveNames = Object.keys({
  domain: true,
  host: true,
  migration: true,
  limits: true,
} satisfies Record<keyof PlanMoveArgs, true>);

/** @param name without the package and the module. @throws Error for a function that there is not. */
export async function invoke(known: Settings, name: string, args: Props, clock: Clock): Promise<InvokeResult> {
  const names = Object.keys(functions);
  if (!Object.hasOwn(functions, name))
    throw new Error(`unknown function ${cleanLine(name)}; the functions are ${listed(names, "and")}`);
  return functions[name as keyof typeof functions](usable(known), args, clock);
}

async function getPlacements({ hosts }: Settings, args: Props): Promise<InvokeResult> {
  const failures = [...unknownArguments(args, getPlacementsNames), ...unknownHostsIn(args.hosts, hosts.names)];
  if (failures.length > 0) return { outputs: {}, failures };
  const { views, unreachable } = await viewsOf(hosts, (args.hosts as string[] | undefined) ?? hosts.names);
  const outputs: GetPlacementsResult = { placements: [], unclear: [], unreachable };
  for (const uuid of new Set(views.map((view) => view.uuid))) {
    const of = views.filter((view) => view.uuid === uuid);
    const place = whereIs(of);
    const known = { domain: cleanLine(of[0]!.name), uuid };
    if (place && "host" in place) outputs.placements.push({ ...known, host: place.host, state: place.state });
    else {
      const why = place?.unclear ?? "it is in the middle of a move";
      outputs.unclear.push({ ...known, hosts: of.map(({ host }) => host), why });
    }
  }
  outputs.placements.sort((a, b) => (a.domain < b.domain ? -1 : 1));
  return { outputs: { ...outputs }, failures: [] };
}

async function planMove(settings: Settings, args: Props, clock: Clock): Promise<InvokeResult> {
  const unknown = unknownArguments(args, planMoveNames);
  if (unknown.length > 0) return { outputs: {}, failures: unknown };
  const { failures } = readInputs(settings, args);
  if (failures.length > 0) {
    const refused = failures.map((each) => ({ property: each.property, reason: renderInputFailure(each) }));
    return { outputs: {}, failures: refused };
  }
  const props = (await findPlacement(settings, args.domain as string)).props as Props;
  const found = props as { currentHost: string; domainUuid: string; state: DomainView["state"] };
  const desired = desiredOf(settings, found.domainUuid, props, args);
  const { problems, predicted } = await preview(settings.hosts, desired, settings.preview, clock);
  const outputs: PlanMoveResult = {
    uuid: found.domainUuid,
    source: found.currentHost,
    state: found.state,
    possible: !problems.some(({ severity }) => severity === "blocker"),
    plan: desired.plan,
    problems: problems.map((each) => ({ severity: each.severity, code: each.code, message: renderProblem(each) })),
    ...(predicted && { estimate: showPrediction(predicted.prediction, predicted.input) }),
  };
  return { outputs: { ...outputs }, failures: [] };
}

function unknownArguments(args: Props, names: readonly string[]): InvokeResult["failures"] {
  return Object.keys(args)
    .filter((name) => !names.includes(name))
    .map((name) => ({
      property: cleanLine(name),
      reason: `it is no argument of this function; expected ${listed(names, "and")}`,
    }));
}

function unknownHostsIn(given: unknown, names: readonly string[]): InvokeResult["failures"] {
  if (given === undefined) return [];
  if (!Array.isArray(given) || given.some((name) => typeof name !== "string"))
    return [{ property: "hosts", reason: 'expected a list of hosts of vm-placement:hosts, for example ["kvm-a"]' }];
  return (given as string[])
    .filter((name) => !names.includes(name))
    .map((name) => {
      const near = nearMatches(name, names);
      const instead = near.length > 0 ? `did you mean ${listed(near)}?` : `the hosts are ${listed(names, "and")}`;
      return { property: "hosts", reason: `"${cleanLine(name)}" is not in vm-placement:hosts; ${instead}` };
    });
}
