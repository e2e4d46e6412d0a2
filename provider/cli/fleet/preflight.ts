/** A plan whose moves the hosts allow: what they do not becomes a fact of the fleet, and it is planned again. */
import { type FleetPlan, type Goal, planFleet, type Step } from "../../fleet";
import type { MigrationOptions } from "../../core/options";
import type { Problem } from "../../core/problem";
import type { Prediction } from "../../core/predict/types";
import { preview } from "../../preflight/preview";
import { migrationSchema } from "../../schema";
import { makePlan } from "../../virsh/migrateCommand";
import type { Session } from "../verb";
import type { Gathered } from "./gather";

/** What a preview says of one move of the plan. */
export interface Move {
  step: Step;
  command: string;
  prediction: Prediction | undefined;
  problems: Problem[];
}

const atOnce = 8;

export async function planWithPreflight(
  session: Session,
  gathered: Gathered,
  goal: Goal,
): Promise<{ plan: FleetPlan; moves: Move[] }> {
  const obstacles = new Obstacles(gathered);
  const known = new Map<string, Move>();
  for (;;) {
    const plan = planFleet(fleetWith(gathered, obstacles), goal);
    if (!plan.possible) return { plan, moves: [] };
    // What moves a VM on from where it is parked is planned again once it is there.
    const steps = plan.steps.filter(({ round }) => round === 0);
    const unknown = steps.filter((step) => !known.has(keyOf(step)));
    for (let at = 0; at < unknown.length; at += atOnce) {
      const moves = await Promise.all(unknown.slice(at, at + atOnce).map((step) => moveOf(session, gathered, step)));
      for (const move of moves) known.set(keyOf(move.step), move);
    }
    const refused = unknown.map((step) => known.get(keyOf(step))!).filter((move) => obstacles.add(move));
    if (refused.length === 0) return { plan, moves: steps.map((step) => ({ ...known.get(keyOf(step))!, step })) };
    for (const { step } of refused) session.hosts.liveMoves.forget(gathered.domains.get(step.vm)!.uuid);
  }
}

export function fleetWith({ hosts, vms, placements: { rules, limits } }: Gathered, obstacles: Obstacles) {
  return { hosts, vms, rules, limits, cannotGo: (vm: string, host: string) => obstacles.of(vm, host) };
}

/** Why a VM cannot go to a host. */
export class Obstacles {
  private readonly anywhere = new Map<string, string>();
  private readonly onHost = new Map<string, string>();

  constructor(private readonly gathered: Gathered) {}

  of(vm: string, host: string): string | undefined {
    const { notInFile, file } = this.gathered;
    if (notInFile.has(vm)) return `${vm} is not in ${file} (\`vm-placement discover --write ${file}\` adds it)`;
    return this.anywhere.get(vm) ?? this.onHost.get(JSON.stringify([vm, host]));
  }

  /** @returns true where the move has a blocker. What blocks on the source blocks every move of the VM. */
  add({ step: { vm, source, destination }, problems }: Move): boolean {
    const blockers = problems.filter(isBlocker);
    const [first] = blockers;
    if (first === undefined) return false;
    const isOfVm = blockers.some(({ host }) => host === source);
    const text = blockers.map(({ message, code }) => `${message} [${code}]`).join("; ");
    if (isOfVm) this.anywhere.set(vm, text);
    else this.onHost.set(JSON.stringify([vm, destination]), text);
    return true;
  }
}

function isBlocker({ severity, code }: Problem): boolean {
  return severity === "blocker" || code === "hostUnreachable";
}

async function moveOf({ hosts, settings, clock }: Session, gathered: Gathered, step: Step): Promise<Move> {
  const { inventory, uri } = settings;
  const { uuid, host, active } = gathered.domains.get(step.vm)!;
  const { vms, defaults } = gathered.placements;
  const entry = vms[step.vm]!;
  const options: MigrationOptions = migrationSchema.parse({ ...defaults.migration, ...entry.migration });
  const { destination } = step;
  const plan = makePlan({ domain: entry.domain, hosts: [destination], anyOf: false, options, inventory, uri });
  const desired = { domain: entry.domain, uuid, hosts: [destination], options, plan, lastHost: host };
  const { problems, predicted } = await preview(hosts, desired, { dirtyRateSeconds: 1 }, clock);
  const command = (active ? plan.live : plan.offline) ?? plan.live ?? plan.offline;
  return { step, command: command as string, prediction: predicted?.prediction, problems };
}

function keyOf({ vm, source, destination }: Step): string {
  return JSON.stringify([vm, source, destination]);
}
