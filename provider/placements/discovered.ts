/** The VMs that the hosts have, as entries of a placements file. */
import { type DomainView, showState } from "../core/domain";
import { canBeShown } from "../core/quote";
import { isActive } from "../core/situation";
import { whereIs } from "../core/whereIs";
import { type Changes, editPlacements } from "./edit";
import { flow, scalar } from "./edit/write";
import { parsePlacements } from "./parse";
import { whyNotDomain } from "./values";

export interface Discovery {
  vms: DiscoveredVm[];
  /** VMs of which the hosts do not agree where they are. */
  unclear: { vm: string; hosts: string[]; why: string }[];
}

interface DiscoveredVm {
  /** The key that it gets in a file: its name, where that is one for a single VM. */
  key: string;
  name: string;
  uuid: string;
  host: string;
  /** Where the key is not what virsh takes for this VM on each host. */
  domain?: string;
}

/** @param order The hosts in the order of the inventory. */
export function discovered(views: readonly DomainView[], order: readonly string[], running: boolean): Discovery {
  const byUuid = groupBy(views, ({ uuid }) => uuid);
  const found: DomainView[] = [];
  const unclear: Discovery["unclear"] = [];
  for (const each of byUuid.values()) {
    const place = whereIs(each);
    if (place !== undefined && "host" in place) {
      if (!running || isActive(place)) found.push(place);
    } else if (!running || each.some(isActive)) {
      const why = place?.unclear ?? each.map((view) => `${view.host}: ${showState(view)}`).join(", ");
      unclear.push({ vm: each[0]!.name, hosts: each.map(({ host }) => host), why });
    }
  }
  const rank = new Map(order.map((name, i) => [name, i]));
  found.sort(
    (a, b) =>
      (rank.get(a.host) ?? 0) - (rank.get(b.host) ?? 0) || a.name.localeCompare(b.name, "en", { numeric: true }),
  );
  const names = groupBy(views, ({ name }) => name);
  const keys = new Set<string>();
  const vms = found.map(({ name, uuid, host }): DiscoveredVm => {
    const isShared = new Set(names.get(name)!.map((view) => view.uuid)).size > 1;
    const isName = !isShared && whyNotDomain(name) === undefined && canBeShown(name) && name.length <= 255;
    const readable =
      canBeShown(name) && name !== "" && name.length <= 200 ? (isShared ? `${name}-${host}` : name) : uuid;
    const key = keys.has(readable) || (readable !== name && names.has(readable)) ? uuid : readable;
    keys.add(key);
    return { key, name, uuid, host, ...(!(isName && key === name) && key !== uuid && { domain: uuid }) };
  });
  return { vms, unclear };
}

const head = `# yaml-language-server: $schema=./node_modules/pulumi-vm-placement/placements.schema.json
# Where the VMs run. What may stand here: docs/fleet.md of pulumi-vm-placement.
`;

/**
 * The file with what it lacks.
 *
 * @param before The text of the file; undefined where there is none.
 * @param isWhole Every host was asked, so that a VM that was not found is on none.
 */
export function merged(
  before: string | undefined,
  { vms, unclear }: Discovery,
  { file, isWhole }: { file: string; isWhole: boolean },
): {
  text: string;
  added: string[];
  differs: { vm: string; file: string; host: string }[];
  missing: string[];
} {
  const start = before === undefined || before.trim() === "" ? `${head}vms:\n` : before;
  const { vms: entries } = parsePlacements(start, { file }).placements;
  const known = new Map(Object.entries(entries).map(([key, entry]) => [entry.domain, { key, host: entry.host }]));
  const entryOf = ({ name, uuid, domain }: DiscoveredVm) =>
    known.get(uuid) ?? (domain === undefined ? known.get(name) : undefined);
  const added: Record<string, { host: string; domain?: string }> = {};
  for (const vm of vms.filter((each) => entryOf(each) === undefined)) {
    const key = Object.hasOwn(entries, vm.key) ? vm.uuid : vm.key;
    const domain = key === vm.uuid ? undefined : vm.domain;
    added[key] = { host: vm.host, ...(domain !== undefined && { domain }) };
  }
  const differs = vms.flatMap((vm) => {
    const entry = entryOf(vm);
    return entry === undefined || entry.host === vm.host ? [] : [{ vm: entry.key, file: entry.host, host: vm.host }];
  });
  const present = new Set([...vms.flatMap(({ name, uuid }) => [name, uuid]), ...unclear.map(({ vm }) => vm)]);
  const missing = isWhole ? [...known].filter(([domain]) => !present.has(domain)).map(([, { key }]) => key) : [];
  const changes: Changes = { vms: added };
  const isChanged = Object.keys(added).length > 0;
  return {
    text: isChanged ? editPlacements(start, changes, file) : start,
    added: Object.keys(added),
    differs,
    missing,
  };
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

/** As the stack's configuration has an inventory. */
export function inventoryLines(hosts: Readonly<Record<string, object>>): string {
  const style = { json: false, eol: "\n", step: 2 };
  const lines = Object.entries(hosts).map(
    ([name, host]) => `    ${scalar(name, style)}: ${flow(host as Readonly<Record<string, string | number>>, style)}`,
  );
  return ["config:", "  vm-placement:hosts:", ...lines].join("\n");
}
