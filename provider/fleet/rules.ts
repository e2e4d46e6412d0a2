/** Rules: which VMs and hosts they mean, and what an assignment breaks. */
import type { FleetHost, FleetVm, Labels, Rule, Selector, Violation } from "./model";

/** Where each VM is: one host, or both ends of a move. */
export type Whereabouts = ReadonlyMap<string, readonly string[]>;

/** What a selector selects, in the order given. */
export function select<
  T extends {
    /** By which a list selects. */
    readonly name: string;
    /** By which labels select. */
    readonly labels: Labels;
  },
>(selector: Selector, from: readonly T[]): readonly T[] {
  if (isNames(selector)) {
    const names = new Set(selector);
    return from.filter(({ name }) => names.has(name));
  }
  const labels = Object.entries(selector);
  return labels.length === 0
    ? []
    : from.filter((each) =>
        labels.every(([key, value]) => Object.hasOwn(each.labels, key) && each.labels[key] === value),
      );
}

/** The rules that an assignment breaks. A VM with two hosts is on both: it moves from one to the other. */
export function brokenRules(
  { hosts, vms, rules }: { hosts: readonly FleetHost[]; vms: readonly FleetVm[]; rules: readonly Rule[] },
  whereabouts: Whereabouts,
): Violation[] {
  return rules.flatMap((rule) => {
    if ("apart" in rule) return brokenApart(rule, namesOf(rule.apart, vms), whereabouts);
    if ("together" in rule) return brokenTogether(rule, namesOf(rule.together, vms), whereabouts);
    const allowed = new Set(select(rule.on, hosts).map(({ name }) => name));
    return namesOf(rule.only, vms).flatMap((vm) => {
      const outside = (whereabouts.get(vm) ?? []).filter((host) => !allowed.has(host));
      return outside.length === 0
        ? []
        : [
            {
              rule,
              vms: [vm],
              hosts: outside,
              message: `${vm} may not be on ${outside.join(" and ")} (${show(rule)})`,
            },
          ];
    });
  });
}

function brokenApart(rule: Rule, vms: readonly string[], whereabouts: Whereabouts): Violation[] {
  const on = new Map<string, string[]>();
  for (const vm of vms)
    for (const host of whereabouts.get(vm) ?? []) {
      const others = on.get(host);
      if (others) others.push(vm);
      else on.set(host, [vm]);
    }
  return [...on]
    .filter(([, those]) => those.length > 1)
    .map(([host, those]) => ({
      rule,
      vms: those,
      hosts: [host],
      message: `${those.join(" and ")} may not both be on ${host} (${show(rule)})`,
    }));
}

function brokenTogether(rule: Rule, vms: readonly string[], whereabouts: Whereabouts): Violation[] {
  const placed = vms.map((vm) => whereabouts.get(vm) ?? []).filter((hosts) => hosts.length > 0);
  const shared = placed[0]?.filter((host) => placed.every((hosts) => hosts.includes(host))) ?? [];
  const hosts = [...new Set(placed.flat())];
  return placed.length < 2 || shared.length > 0
    ? []
    : [{ rule, vms, hosts, message: `${vms.join(" and ")} are to be on one host (${show(rule)})` }];
}

/** A rule as it reads: `apart app=web`. */
export function show(rule: Rule): string {
  if ("apart" in rule) return `apart: ${showSelector(rule.apart)}`;
  if ("together" in rule) return `together: ${showSelector(rule.together)}`;
  return `only: ${showSelector(rule.only)} on ${showSelector(rule.on)}`;
}

function showSelector(selector: Selector): string {
  return isNames(selector)
    ? selector.join(", ")
    : Object.entries(selector)
        .map(([key, value]) => `${key}=${value}`)
        .join(", ");
}

export function namesOf(selector: Selector, vms: readonly FleetVm[]): string[] {
  return select(selector, vms).map(({ name }) => name);
}

function isNames(selector: Selector): selector is readonly string[] {
  return Array.isArray(selector);
}
