import type { BalanceOptions } from "../../fleet";
import { listed, nearMatches } from "../../core/near";
import { UsageError } from "../inventory";
import type { Verb } from "../verb";
import { type BalanceFlags, balanceFlags, type BalanceWishes, wishesOf } from "./balanceOptions";
import type { Gathered } from "./gather";
import { measured } from "./measured";
import { planFile, planningFlags } from "./planning";

export const balanceVerb: Verb<BalanceFlags> = {
  usage: "balance",
  description: "plans moves from fuller hosts to emptier ones, by what the VMs use now; with --pack it empties hosts",
  options: [...planningFlags, ...balanceFlags],
  async run(session, _, flags) {
    const wishes = wishesOf(flags);
    return planFile(session, flags, {
      title: "balance",
      nothing: nothingToDo(wishes),
      measure: (gathered) => {
        ignored(gathered, wishes);
        return measured(session, gathered, wishes);
      },
      goal: (gathered) => ({ balance: optionsOf(gathered, wishes) }),
      mustAnswer: [],
      maintenance: () => ({}),
    });
  },
};

function optionsOf(gathered: Gathered, wishes: BalanceWishes): BalanceOptions {
  const { by, threshold, margin, pack } = wishes;
  return {
    by: by === "assigned" ? "size" : "load",
    ...{ threshold, margin, pack },
    ignore: ignored(gathered, wishes),
    recentlyMoved: (gathered.leftAlone ?? []).map(({ vm }) => vm),
  };
}

/** @throws UsageError for a VM that is nowhere. */
function ignored({ vms, domains, placements, file }: Gathered, { ignore }: BalanceWishes): string[] {
  return ignore.map((name) => {
    const found = vms.find((vm) => vm.name === name) ?? vms.find((vm) => domains.get(vm.name)!.name === name);
    if (found !== undefined || Object.hasOwn(placements.vms, name)) return found?.name ?? name;
    const near = nearMatches(name, [...domains.keys()]);
    const hint = near.length > 0 ? `; did you mean ${listed(near)}?` : "";
    throw new UsageError(`--ignore: no VM ${name} in ${file} or on the hosts${hint}`);
  });
}

function nothingToDo({ pack, threshold, margin }: BalanceWishes): string {
  if (pack) return "nothing to do, no host can be emptied";
  const percent = (fraction: number) => `${Math.round(fraction * 1000) / 10} %`;
  return `balanced, nothing to do: no move between hosts that differ by more than ${percent(threshold)} makes the fuller one ${percent(margin)} less loaded`;
}
