/** Empties hosts one by one, the least loaded first, as long as the rest of the fleet has room. */
import { boardOf, type BoardOptions } from "./board";
import type { Fleet } from "./model";
import { solve } from "./solve";
import { State } from "./state";
import { assignmentOf, movedFleet } from "./steps";

const stepsOfEach = 150_000;

/** Where the VMs are after each host that is empty then. */
export function packedPositions(fleet: Fleet, options: BoardOptions): ReadonlyMap<string, string>[] {
  const found: ReadonlyMap<string, string>[] = [];
  const most = fleet.limits.moves ?? Infinity;
  const homes = new Map(fleet.vms.map(({ name, host }) => [name, host]));
  const full = new Set<string>();
  let now = fleet;
  for (let host = leastLoaded(now, options, full); host !== undefined; host = leastLoaded(now, options, full)) {
    // What did not fit elsewhere fits even less once other hosts are empty.
    full.add(host);
    const assignment = emptied(now, options, host);
    if (!assignment || [...assignment].filter(([vm, at]) => homes.get(vm) !== at).length > most) continue;
    found.push(assignment);
    now = movedFleet(fleet, assignment);
  }
  return found;
}

function leastLoaded(fleet: Fleet, options: BoardOptions, except: ReadonlySet<string>): string | undefined {
  const board = boardOf(fleet, options);
  const { loads } = new State(board);
  const candidates = board.hosts.flatMap(({ name }, host) => {
    const items = board.items.filter(({ start }) => start === host);
    const movable = items.length > 0 && items.every(({ fixed }) => !fixed);
    return movable && !except.has(name) && !board.closed.includes(host) ? [{ name, load: loads.of(host) }] : [];
  });
  candidates.sort((a, b) => a.load - b.load || (a.name < b.name ? -1 : 1));
  return candidates[0]?.name;
}

function emptied(fleet: Fleet, options: BoardOptions, host: string): ReadonlyMap<string, string> | undefined {
  const occupied = new Set(fleet.vms.map((vm) => vm.host));
  const empty = fleet.hosts.map(({ name }) => name).filter((name) => !occupied.has(name));
  const goal = new Map(fleet.vms.filter((vm) => vm.host === host).map(({ name }) => [name, undefined]));
  const others = fleet.vms.filter(({ name }) => !goal.has(name)).map(({ name }) => name);
  const closed = new Set([...empty, host]);
  const stay = new Set([...(options.stay ?? []), ...others]);
  const problem = { fleet, options: { ...options, closed, stay }, goal, spread: false };
  const { board, found } = solve(problem, { left: stepsOfEach });
  return found && assignmentOf(board, found.position);
}
