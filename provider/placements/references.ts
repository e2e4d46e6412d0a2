/** What only the file as a whole shows: names that are not there, VMs that wait for each other, two entries for one VM. */
import { listed, nearMatches } from "../core/near";
import type { Remedy } from "../core/problem";
import type { Labels, Selector } from "../fleet";
import { shownName } from "../schema";
import type { Fault } from "./faults";
import type { PartOfPlacements } from "./model";
import { readMigration } from "./values";

type Report = (path: readonly string[], message: string, more?: Partial<Fault>) => void;

/** @param hosts The hosts of the inventory; undefined where there is none, and any name may be one. */
export function checkReferences(
  placements: PartOfPlacements,
  hosts: readonly string[] | undefined,
  report: Report,
): void {
  const { vms, rules, evacuated } = placements;
  const vmNames = Object.keys(vms);
  const vm = (name: string | undefined, path: readonly string[]) => {
    if (name === undefined || Object.hasOwn(vms, name)) return;
    report(path, `no VM of this file is called "${shownName(name)}"${didYouMean(name, vmNames)}`);
  };
  const host = hosts && hostChecker([...new Set([...hosts, ...Object.keys(placements.hosts)])], report);
  checkDomains(placements, report);
  for (const [name, entry] of Object.entries(vms)) {
    if (entry === undefined) continue;
    host?.(entry.host, ["vms", name, "host"]);
    checkMigration(name, placements, report);
    entry.after.forEach((other, i) => vm(other, ["vms", name, "after", String(i)]));
  }
  checkOrder(placements, report);
  rules.forEach((rule, i) => {
    for (const [field, selector] of Object.entries(rule ?? {}) as [string, Selector | undefined][]) {
      if (selector === undefined) continue;
      const path = ["rules", String(i), field];
      const one = field === "on" ? host : vm;
      if (Array.isArray(selector)) {
        (selector as string[]).forEach((name, j) => one?.(name, [...path, String(j)]));
        const twice = (selector as (string | undefined)[]).find(
          (name, j) => name !== undefined && selector.indexOf(name) < j,
        );
        if (twice !== undefined) report(path, `"${shownName(twice)}" is in the list twice; keep one of them`);
      } else if (field !== "on") checkLabels(selector as Labels, vms, path, report);
    }
  });
  for (const [source, left] of Object.entries(evacuated)) {
    host?.(source, ["evacuated", source]);
    for (const name of Object.keys(left ?? {})) vm(name, ["evacuated", source, name]);
  }
}

function didYouMean(name: string, known: readonly string[]): string {
  const near = nearMatches(name, known);
  return near.length > 0 ? `; did you mean ${listed(near)}?` : "";
}

function hostChecker(known: readonly string[], report: Report) {
  return (name: string | undefined, path: readonly string[]): void => {
    if (name === undefined || known.includes(name)) return;
    const near = nearMatches(name, known);
    const remedies: Remedy[] = [
      ...(near.length > 0 ? [{ do: `write ${listed(near)} if you meant that` }] : []),
      { do: `add it to vm-placement:hosts, or under \`hosts\` of this file where ssh alone knows it` },
    ];
    const others = near.length > 0 ? "" : `; the hosts are ${listed(known.slice(0, 20), "and")}`;
    report(path, `"${shownName(name)}" is neither in the inventory nor under \`hosts\`${others}`, {
      code: "unknownHost",
      remedies,
    });
  };
}

/** A rule that no VM answers to holds nothing: that is a slip as a rule, but not when the last such VM was removed. */
function checkLabels(labels: Labels, all: PartOfPlacements["vms"], path: readonly string[], report: Report): void {
  const vms = Object.values(all).filter((each) => each !== undefined);
  const matches = (each: { labels: Labels }) =>
    Object.entries(labels).every(([key, value]) => Object.hasOwn(each.labels, key) && each.labels[key] === value);
  if (vms.some(matches)) return;
  const known = [
    ...new Set(vms.flatMap((each) => Object.entries(each.labels).map(([key, value]) => `${key}: ${value}`))),
  ];
  const near = Object.entries(labels).flatMap(([key, value]) => nearMatches(`${key}: ${value}`, known));
  const meant = near.length > 0 ? `; did you mean ${listed(near.map((each) => `{ ${each} }`))}?` : "";
  report(path, `no VM has these labels, so the rule holds nothing${meant}`, { severity: "warning" });
}

/** A VM's own options over the defaults. What is wrong with the defaults alone was said of them. */
function checkMigration(name: string, { vms, defaults }: PartOfPlacements, report: Report): void {
  const own = vms[name]?.migration;
  if (own === undefined) return;
  const read = readMigration({ ...defaults.migration, ...own });
  if ("value" in read) return;
  for (const { message, path = [], code = "invalidInput" } of read.wrong)
    report(["vms", name, "migration", ...path], message, { code });
}

function checkDomains({ vms }: PartOfPlacements, report: Report): void {
  const first = new Map<string, string>();
  for (const [name, entry] of Object.entries(vms)) {
    if (entry === undefined) continue;
    const { domain } = entry;
    const other = first.get(domain);
    if (other === undefined) first.set(domain, name);
    else
      report(
        ["vms", name, "domain"],
        `"${shownName(domain)}" is the domain of ${shownName(other)} too; keep one of them`,
      );
  }
}

/** VMs that wait for each other would never move. */
function checkOrder({ vms }: PartOfPlacements, report: Report): void {
  const done = new Set<string>();
  for (const start of Object.keys(vms)) {
    const path: string[] = [];
    const stack: { name: string; rest: string[] }[] = [];
    const enter = (name: string) => {
      path.push(name);
      stack.push({ name, rest: (Object.hasOwn(vms, name) ? (vms[name]?.after ?? []) : []).slice() });
    };
    if (!done.has(start)) enter(start);
    while (stack.length > 0) {
      const { name, rest } = stack[stack.length - 1]!;
      const next = rest.pop();
      if (next === undefined) {
        done.add(name);
        stack.pop();
        path.pop();
      } else if (path.includes(next)) {
        const circle = [...path.slice(path.indexOf(next)), next].map(shownName);
        report(["vms", name, "after"], `${circle.join(" waits for ")}: none of them would ever move; remove one`);
      } else if (!done.has(next)) enter(next);
    }
  }
}
