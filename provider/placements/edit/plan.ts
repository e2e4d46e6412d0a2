/** Which nodes of the file an edit touches: values replaced, entries added to a collection, entries taken away. */
import { isCollection, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from "yaml";
import { isPruned, type Operation, type Value } from "./changes";

export type Collection = YAMLMap | YAMLSeq;

export interface Entries {
  /** By index. */
  removed: Set<number>;
  /** Of a mapping: by key. Of a list: the items, as keys. */
  added: Map<string, Value>;
  path: readonly string[];
}

export interface EditPlan {
  /** Whole values, also those that are nothing yet. */
  replaced: Map<Node, { value: Value; path: readonly string[] }>;
  entries: Map<Collection, Entries>;
}

export function planEdit(root: YAMLMap, operations: readonly Operation[]): EditPlan {
  const plan: EditPlan = { replaced: new Map(), entries: new Map() };
  for (const operation of operations) if (operation.value !== undefined) set(plan, root, operation);
  for (const operation of operations) if (operation.value === undefined) remove(plan, root, operation.path);
  return plan;
}

function set(plan: EditPlan, root: YAMLMap, { path, value }: Operation): void {
  let node: Node = root;
  for (let depth = 0; depth < path.length; depth++) {
    const rest = path.slice(depth);
    const pair = isMap(node) ? pairOf(node, path[depth]!) : undefined;
    if (isMap(node) && pair === undefined) {
      const { added } = entriesOf(plan, node, path.slice(0, depth));
      added.set(rest[0]!, nested(added.get(rest[0]!), rest.slice(1), value!));
      return;
    }
    if (pair === undefined) {
      // A section that is empty so far.
      const known = plan.replaced.get(node);
      plan.replaced.set(node, { value: nested(known?.value, rest, value!), path: path.slice(0, depth) });
      return;
    }
    node = pair.value as Node;
  }
  assign(plan, node, value!, path);
}

/** What stands there is kept as far as it stays true. */
function assign(plan: EditPlan, node: Node, value: Value, path: readonly string[]): void {
  if (isSeq(node) && Array.isArray(value)) {
    const items = node.items.map((item) => (isScalar(item) ? String(item.value) : ""));
    const { removed, added } = entriesOf(plan, node, path);
    items.forEach((item, i) => !(value as string[]).includes(item) && removed.add(i));
    for (const item of value as string[]) if (!items.includes(item)) added.set(item, item);
  } else if (isMap(node) && typeof value === "object" && !Array.isArray(value)) {
    const fields = value as Readonly<Record<string, Value>>;
    const { removed, added } = entriesOf(plan, node, path);
    node.items.forEach(({ key }, i) => !Object.hasOwn(fields, nameOf(key)) && removed.add(i));
    for (const [key, each] of Object.entries(fields)) {
      const pair = pairOf(node, key);
      if (pair === undefined) added.set(key, each);
      else assign(plan, pair.value as Node, each, [...path, key]);
    }
  } else if (!isScalar(node) || node.value !== value) plan.replaced.set(node, { value, path });
}

function remove(plan: EditPlan, root: YAMLMap, path: readonly string[]): void {
  const chain: YAMLMap[] = [root];
  for (const key of path.slice(0, -1)) {
    const below = pairOf(chain[chain.length - 1]!, key)?.value;
    if (!isMap(below)) return;
    chain.push(below);
  }
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const map = chain[depth]!;
    const index = map.items.findIndex(({ key }) => nameOf(key) === path[depth]);
    if (index < 0) return;
    const { removed, added } = entriesOf(plan, map, path.slice(0, depth));
    removed.add(index);
    if (map.items.length > removed.size || added.size > 0 || !isPruned(path, depth)) return;
    plan.entries.delete(map);
  }
}

function entriesOf(plan: EditPlan, collection: Collection, path: readonly string[]): Entries {
  const known = plan.entries.get(collection) ?? { removed: new Set(), added: new Map(), path };
  plan.entries.set(collection, known);
  return known;
}

function nested(known: Value | undefined, path: readonly string[], value: Value): Value {
  if (path.length === 0) return value;
  const object = typeof known === "object" && !Array.isArray(known) ? (known as Record<string, Value>) : {};
  return { ...object, [path[0]!]: nested(object[path[0]!], path.slice(1), value) };
}

function pairOf(map: YAMLMap, name: string): Pair | undefined {
  return map.items.find(({ key }) => nameOf(key) === name);
}

function nameOf(key: unknown): string {
  return isScalar(key) ? String(key.value) : "";
}

/** Where what is written of an entry ends, before a comment behind it. */
export function contentEnd(node: Node | null, fallback: number): number {
  if (node?.range == null || (isScalar(node) && node.range[0] === node.range[1])) return fallback;
  const last: unknown = isCollection(node) && node.flow !== true ? node.items[node.items.length - 1] : undefined;
  if (last === undefined) return node.range[1];
  if (isMap(node)) {
    const { key, value } = last as Pair<Node, Node | null>;
    return contentEnd(value, key.range![1]);
  }
  return contentEnd(last as Node, node.range[1]);
}
