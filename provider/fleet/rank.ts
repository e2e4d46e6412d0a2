/** Which hosts suit a VM. */
import { boardOf } from "./board";
import { brokenLimits } from "./capacity";
import { checkFleet } from "./check";
import { obstacle } from "./conflict";
import type { Fleet, FleetHost, FleetVm, Violation } from "./model";
import type { RankedHost } from "./plan";
import { brokenRules } from "./rules";
import { State } from "./state";

/**
 * All hosts of the fleet for one of its VMs, the best first. The other VMs stay where they are.
 *
 * @param fleet Hosts, VMs, rules and limits.
 * @param vm The name of the VM.
 * @returns One entry for each host.
 * @throws PlacementError `invalidInput` as `planFleet`.
 */
export function rank(fleet: Fleet, vm: string): RankedHost[] {
  checkFleet(fleet, { assign: new Map(fleet.hosts.slice(0, 1).map(({ name }) => [vm, name])) });
  const self = fleet.vms.find(({ name }) => name === vm)!;
  const board = boardOf(fleet);
  const { loads } = new State(board);
  const item = board.items.findIndex(({ vms }) => vms.includes(self));
  const alone = boardOf({ ...fleet, rules: [] }).items.find(({ vms }) => vms.includes(self))!;
  const before = new Set(broken(fleet, self, self.host).map(keyOf));
  const ranked = board.hosts.map((host, index): RankedHost => {
    const own = board.items[item]!.start === index;
    const load = loads.of(index, own ? [0, 0] : alone.load);
    const against = own ? [] : hindrances(fleet, self, host, before);
    const loaded = `${host.name} is ${Math.round(load * 100)} % loaded with it`;
    return {
      host: host.name,
      possible: against.length === 0,
      score: against.length === 0 ? 1 - load : Math.min(-1, -load),
      reasons: [...(own ? ["it is there"] : []), ...against, loaded],
    };
  });
  return ranked.sort((a, b) => Number(b.possible) - Number(a.possible) || b.score - a.score);
}

function hindrances(fleet: Fleet, vm: FleetVm, host: FleetHost, before: ReadonlySet<string>): string[] {
  const reason = vm.pinned ? `${vm.name} is pinned` : obstacle(fleet, vm, host, {});
  const added = broken(fleet, vm, host.name).filter((violation) => !before.has(keyOf(violation)));
  return [...(reason === undefined ? [] : [reason]), ...added.map(({ message }) => message)];
}

function broken(fleet: Fleet, { name }: FleetVm, host: string): Violation[] {
  const where = new Map(fleet.vms.map((vm) => [vm.name, [vm.name === name ? host : vm.host]]));
  return [...brokenRules(fleet, where), ...brokenLimits(fleet, where)].filter(({ vms }) => vms.includes(name));
}

/** The same rule may be broken by the same VMs on another host: that is no worse. */
function keyOf({ rule, limit, vms }: Violation): string {
  return JSON.stringify([rule, limit, vms]);
}
