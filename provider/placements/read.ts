/** Reads a tree by a shape: values, and a fault for each place where something else stands. */
import { isAlias, isCollection, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from "yaml";
import { listed } from "../core/near";
import { shown, shownName, unknownFields } from "../schema";
import type { Fault } from "./faults";
import type { NamesShape, ObjectShape, Shape, ValueShape, VariantsShape, Wrong } from "./shape";
import type { Tree } from "./yamlText";

type At = Node | null | undefined;

export class TreeReader {
  readonly faults: Fault[];
  /** Where each field stands: of a key where there is one. */
  private readonly places = new Map<string, number | undefined>();

  constructor(private readonly tree: Tree) {
    this.faults = [...tree.faults];
  }

  /** The value at a node; undefined where it is not what the shape says. */
  read(node: At, shape: Shape, path: readonly string[]): unknown {
    const misplaced = whyMisplaced(node);
    if (misplaced !== undefined) return this.wrong(node, path, misplaced);
    switch (shape.kind) {
      case "value":
        return this.value(node, shape, path);
      case "object":
        return isMap(node) ? this.object(node, shape, path) : this.unfit(node, path, shape, "an object with fields");
      case "names":
        return isMap(node) ? this.names(node, shape, path) : this.unfit(node, path, shape, "values by name");
      case "variants":
        return isMap(node) ? this.variant(node, shape, path) : this.unfit(node, path, shape, "an object");
      case "list": {
        if (!isSeq(node)) return this.unfit(node, path, shape, "a list");
        if (node.items.length < shape.min) {
          const least = shape.min === 1 ? "one" : String(shape.min);
          return this.unfit(node, path, shape, `a list of at least ${least}`);
        }
        return node.items.map((item, i) => this.read(item as Node, shape.of, [...path, String(i)]));
      }
      case "forms": {
        const form = isMap(node) ? shape.mapping : isSeq(node) ? shape.list : shape.value;
        const isEmpty = isScalar(node) && node.value === null;
        if (form === undefined || isEmpty || node == null) return this.unfit(node, path, shape, shape.expected);
        return this.read(node, form, path);
      }
    }
  }

  /** A fault at a field that was read. */
  at(path: readonly string[], message: string, more: Partial<Fault> = {}): void {
    let known = [...path];
    while (known.length > 0 && !this.places.has(keyOf(known))) known = known.slice(0, -1);
    this.add(this.places.get(keyOf(known)), path, message, more);
  }

  private value(node: At, shape: ValueShape, path: readonly string[]): unknown {
    this.places.set(keyOf(path), offsetOf(node));
    if (isCollection(node)) this.examine(node, path);
    const read = shape.read(plain(node));
    if ("value" in read) return read.value;
    for (const each of read.wrong) this.wrongBelow(node, path, each);
    return undefined;
  }

  private wrongBelow(node: At, path: readonly string[], { message, path: below = [], code }: Wrong): void {
    let place = node;
    for (const key of below) {
      const next: unknown = isMap(place) ? pairOf(place, key)?.value : isSeq(place) ? place.items[Number(key)] : null;
      if (next == null) break;
      place = next as Node;
    }
    this.add(offsetOf(place), [...path, ...below], message, code === undefined ? {} : { code });
  }

  private object(node: YAMLMap, shape: ObjectShape, path: readonly string[]): unknown {
    const known = Object.keys(shape.fields);
    const values: [string, unknown][] = [];
    for (const [key, pair] of this.pairs(node, path)) {
      const field = Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
      if (field === undefined) {
        this.add(offsetOf(pair.key as Node), path, unknownFields([key], known));
      } else if (!(isEmpty(pair.value as Node) && field.shape.kind !== "value" && path.length === 0)) {
        // A section of which all lines are commented out is no section.
        values.push([key, this.read(pair.value as Node, field.shape, [...path, key])]);
      } else {
        values.push([key, undefined]);
      }
    }
    const missing = (shape.required ?? []).filter((name) => !values.some(([key]) => key === name));
    if (missing.length > 0)
      this.wrong(node, path, `has no ${listed(missing, "and")}; write for example ${shape.example}`);
    return Object.fromEntries(values.filter(([, value]) => value !== undefined));
  }

  private names(node: YAMLMap, shape: NamesShape, path: readonly string[]): unknown {
    const pairs = this.pairs(node, path);
    if (pairs.length < (shape.min ?? 0)) return this.unfit(node, path, shape, "at least one key");
    const values = pairs.map(([key, pair]) => {
      const why = shape.whyNot(key);
      if (why !== undefined)
        this.add(offsetOf(pair.key as Node), path, `"${shownName(key)}" is not ${shape.nameOf}: ${why}`);
      return [key, this.read(pair.value as Node, shape.of, [...path, key])] as const;
    });
    // Those that cannot be read are kept, so that their names are known.
    return Object.fromEntries(values);
  }

  private variant(node: YAMLMap, shape: VariantsShape, path: readonly string[]): unknown {
    const names = Object.keys(shape.variants);
    const given = names.filter((name) => pairOf(node, name) !== undefined);
    if (given.length === 1) return this.object(node, shape.variants[given[0]!]!, path);
    const but = given.length === 0 ? `has none of ${listed(names, "and")}` : `has ${listed(given, "and")}`;
    return this.wrong(node, path, `${but}; expected one of ${listed(names)}, for example ${shape.example}`);
  }

  /** The pairs whose keys are texts, each key once. */
  private pairs(node: YAMLMap, path: readonly string[]): [string, Pair][] {
    const found = new Map<string, Pair>();
    for (const pair of node.items) {
      const key = pair.key as Node;
      const why = whyNoKey(key);
      if (why !== undefined) {
        this.add(offsetOf(key), path, why);
        continue;
      }
      const name = (key as unknown as { value: string }).value;
      const first = found.get(name);
      if (first === undefined) found.set(name, pair);
      else {
        const line = this.tree.placeOf(offsetOf(first.key as Node))?.line;
        const where = line === undefined ? "twice" : `twice, first in line ${line}`;
        this.add(offsetOf(key), path, `"${shownName(name)}" stands there ${where}; keep one of them`);
      }
      this.places.set(keyOf([...path, name]), offsetOf(key));
    }
    return [...found];
  }

  /** What only the reader of a whole value would meet: the keys and aliases in `migration`. */
  private examine(node: Node, path: readonly string[]): void {
    const items: [string, At][] = isMap(node)
      ? this.pairs(node, path).map(([key, { value }]) => [key, value as At])
      : isSeq(node)
        ? node.items.map((item, i) => [String(i), item as At])
        : [];
    for (const [key, item] of items) {
      const misplaced = whyMisplaced(item);
      if (misplaced !== undefined) this.wrong(item, path, misplaced);
      else if (isCollection(item)) this.examine(item, [...path, key]);
    }
  }

  private unfit(node: At, path: readonly string[], { example }: { example: string }, expected: string): undefined {
    return this.wrong(
      node,
      path,
      `got ${shown(plain(node) ?? undefined)}; expected ${expected}, for example ${example}`,
    );
  }

  private wrong(node: At, path: readonly string[], message: string): undefined {
    this.add(offsetOf(node), path, message);
    return undefined;
  }

  private add(offset: number | undefined, path: readonly string[], message: string, more: Partial<Fault> = {}): void {
    this.faults.push({
      ...this.tree.placeOf(offset),
      field: fieldOf(path),
      severity: "blocker",
      code: "invalidInput",
      message,
      remedies: [],
      ...more,
    });
  }
}

const keyOf = (path: readonly string[]) => JSON.stringify(path);

/** "vms.db-01.host"; a name with a dot in it stands in brackets. */
function fieldOf(path: readonly string[]): string {
  return path
    .map((key) => (/^[\w-]{1,64}$/.test(key) ? `.${key}` : `["${shownName(key)}"]`))
    .join("")
    .replace(/^\./, "");
}

function offsetOf(node: At): number | undefined {
  return node?.range?.[0];
}

function isEmpty(node: At): boolean {
  return node == null || (isScalar(node) && node.value === null);
}

function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
}

const noAliases =
  "anchors and aliases (&, *) are not read, since a command that edits one VM would change others; write the value out";

function whyMisplaced(node: At): string | undefined {
  if (node == null) return undefined;
  if (isAlias(node) || (node as { anchor?: string }).anchor !== undefined) return noAliases;
  if (node.tag !== undefined && !/^tag:yaml\.org,2002:(map|seq|str)$/.test(node.tag)) {
    return "tags (!…) are not read; write the value as it is";
  }
  return undefined;
}

function whyNoKey(key: Node | null): string | undefined {
  const misplaced = whyMisplaced(key);
  if (misplaced !== undefined) return misplaced;
  if (!isScalar(key)) return "a key is a list or an object here; expected a name";
  if (key.value === "<<" && key.type === "PLAIN") return `merge keys (<<) are not read; ${noAliases.split("; ")[1]}`;
  if (typeof key.value === "string") return undefined;
  const source = key.source ?? String(key.value);
  if (key.value === null)
    return source === "" ? "a key is empty" : `YAML reads ${shown(source)} as nothing; write it in quotes`;
  const what = typeof key.value === "boolean" ? "true or false" : "a number";
  return `YAML reads the key ${shownName(source)} as ${what}; write "${shownName(source)}", in quotes`;
}

/** As JSON would have it; what YAML alone knows has been refused or is refused by who reads the value. */
function plain(node: At): unknown {
  if (node == null || isAlias(node)) return null;
  if (isScalar(node)) return node.value;
  if (isSeq(node)) return node.items.map((item) => plain(item as Node));
  if (!isMap(node)) return null;
  return Object.fromEntries(
    node.items.map(({ key, value }) => [isScalar(key) ? String(key.value) : "?", plain(value as Node)]),
  );
}
