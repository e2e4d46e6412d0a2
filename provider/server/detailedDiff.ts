/** Which properties an update changes, for the engine's display. */
import { isDeepStrictEqual } from "node:util";
import type { Props } from "./values";

export interface PropertyChange {
  /** "migration.timeout" */
  path: string;
  kind: "add" | "delete" | "update";
}

/** Of inputs, those in state and those of the program. A list changes as a whole. */
export function changedInputs(olds: Props, news: Props): PropertyChange[] {
  const own = (props: Props) => Object.fromEntries(Object.entries(props).filter(([name]) => !name.startsWith("__")));
  return changesIn(own(olds), own(news), "");
}

function changesIn(before: unknown, after: unknown, path: string): PropertyChange[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (isObject(before) && isObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) => changesIn(before[name], after[name], inside(path, name)));
  }
  return [{ path, kind: before === undefined ? "add" : after === undefined ? "delete" : "update" }];
}

function inside(path: string, name: string): string {
  if (!/^[A-Za-z_][\w]*$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}

function isObject(value: unknown): value is Props {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
