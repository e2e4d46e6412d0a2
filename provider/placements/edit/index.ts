/** Edits the text of a placements file: comments, order, quotes and all that is not changed stay as they are. */
import { isMap, isScalar, parseDocument } from "yaml";
import { parsePlacements } from "../parse";
import { applied, type Changes, type Operation, operationsOf } from "./changes";
import { planEdit } from "./plan";
import { spliced, splicesOf } from "./splice";
import { type Style } from "./write";

export type { Changes } from "./changes";

/**
 * The text with the changes. An entry in the short form (`db-01: kvm-a`) stays in it as long as it says no more than the host.
 *
 * @throws PlacementError where the text has faults: what is misread is not edited.
 */
export function editPlacements(text: string, changes: Changes, file?: string): string {
  parsePlacements(text, file === undefined ? {} : { file });
  const document = parseDocument(text);
  const before = document.toJS() as Record<string, unknown>;
  const root = document.contents;
  if (!isMap(root)) throw new Error("a file without faults is a mapping");
  const vms = root.get("vms");
  const isOneLine = (name: string) => {
    const entry = isMap(vms) ? vms.get(name) : undefined;
    return isMap(entry) && entry.flow === true && !text.slice(entry.range[0], entry.range[1]).includes("#");
  };
  const operations = operationsOf(changes, (before["vms"] ?? {}) as Record<string, unknown>, isOneLine);
  const splices = splicesOf(text, planEdit(root, operations), styleOf(text, root.flow === true));
  const expected = canonical(applied(before, operations));
  const edited = splices && endedAs(text, spliced(text, splices));
  if (edited !== undefined && says(edited, expected)) return edited;
  const rewritten = endedAs(text, rewrite(text, operations, expected));
  if (!says(rewritten, expected)) throw new Error("the edited file would not say what was asked for");
  return rewritten;
}

/** With the end of the last line where the text has it. */
function endedAs(text: string, edited: string): string {
  return text.endsWith("\n") ? edited : edited.replace(/\r?\n$/, "");
}

function styleOf(text: string, json: boolean): Style {
  const step = /^( +)\S[^\n]*:/m.exec(text)?.[1]!.length ?? 2;
  return { json, eol: text.includes("\r\n") ? "\r\n" : "\n", step: step <= 8 ? step : 2 };
}

/** Written by the library as a whole: comments and order stay, white space may change. */
function rewrite(text: string, operations: readonly Operation[], expected: string): string {
  const document = parseDocument(text);
  for (const { path, value } of operations) {
    if (value === undefined) document.deleteIn(path);
    else
      document.setIn(path, document.createNode(value, { flow: typeof value === "object" && path[0] !== "evacuated" }));
  }
  const left = JSON.parse(expected) as Record<string, Record<string, unknown> | null>;
  for (const section of ["hosts", "evacuated"]) {
    if (!Object.hasOwn(left, section)) document.delete(section);
    else keepOnly(document.get(section), Object.keys(left[section] ?? {}));
  }
  const made = document.toString({ lineWidth: 0 });
  return text.includes("\r\n") ? made.replace(/\r?\n/g, "\r\n") : made;
}

function keepOnly(map: unknown, names: readonly string[]): void {
  if (!isMap(map)) return;
  const keys = map.items.map(({ key }) => (isScalar(key) ? String(key.value) : ""));
  for (const key of keys) if (!names.includes(key)) map.delete(key);
}

function says(text: string, expected: string): boolean {
  const document = parseDocument(text);
  return document.errors.length === 0 && canonical(document.toJS()) === expected;
}

/** The same for the same values: the order of keys and, in `after`, of names says nothing. */
function canonical(value: unknown, key = ""): string {
  if (Array.isArray(value)) {
    const items = value.map((item) => canonical(item));
    return `[${(key === "after" ? items.sort() : items).join()}]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const pairs = Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}:${canonical(each, name)}`);
  return `{${pairs.sort().join()}}`;
}
