import type { DomainView } from "../core/domain";

/** By name and by UUID, of each observation: it serves every placement of a refresh, and a host may have hundreds of VMs. */
const indexes = new WeakMap<readonly DomainView[], ReadonlyMap<string, DomainView[]>>();

/** The views whose UUID or name is one of the keys, each once. */
export function viewsCalled(views: readonly DomainView[], keys: readonly (string | undefined)[]): DomainView[] {
  const index = indexes.get(views) ?? indexOf(views);
  indexes.set(views, index);
  return [...new Set(keys.flatMap((key) => (key === undefined ? [] : (index.get(key) ?? []))))];
}

function indexOf(views: readonly DomainView[]): Map<string, DomainView[]> {
  const index = new Map<string, DomainView[]>();
  for (const view of views)
    for (const key of [view.uuid, view.name]) {
      const same = index.get(key);
      if (same) same.push(view);
      else index.set(key, [view]);
    }
  return index;
}
