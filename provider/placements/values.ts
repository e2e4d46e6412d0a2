/** The single values of the placements file: how each is read, and what an editor is told of it. */
import { optionConflicts } from "../core/optionConflicts";
import type { PlainKind } from "../core/options";
import { parsePercent } from "../core/units";
import { domainSchema, expected, hostName, leaf, migrationSchema } from "../schema";
import { leafJson, migrationJson } from "./migrationJson";
import type { Read, ValueShape, Wrong } from "./shape";

/** As much of a zod schema as is used. */
interface Reader {
  safeParse(value: unknown): {
    success: boolean;
    data?: unknown;
    error?: { issues: readonly { message: string; path: readonly PropertyKey[] }[] };
  };
}

const read = (schema: Reader) => (value: unknown) => {
  const { success, data, error } = schema.safeParse(value);
  if (success) return { value: data };
  return { wrong: error!.issues.map(({ message, path }) => ({ message, path: path.map(String) })) };
};

/** Of the kinds that migration options have. */
const ofKind = <K extends PlainKind>(kind: K, example: string): ValueShape => ({
  kind: "value",
  read: read((leaf[kind.type] as (kind: PlainKind, example: string) => Reader)(kind, example)),
  json: leafJson(kind),
});

export const flag = (example: string): ValueShape => ofKind({ type: "flag" }, example);
export const integer = (min: number, max: number, example: string): ValueShape =>
  ofKind({ type: "integer", min, max }, example);
export const choice = (values: readonly string[]): ValueShape =>
  ofKind({ type: "choice", values }, JSON.stringify(values[0]));

/** "80%" → 0.8. A bare number is refused: 80 and 0.8 would both be guesses. */
export function percent(min: number, max: number, example: string): ValueShape {
  const error = expected(`a percentage from ${min}% to ${max}%`, example);
  return {
    kind: "value",
    read: (value) => {
      const fraction = typeof value === "string" ? parsePercent(value) : undefined;
      return fraction !== undefined && fraction >= min / 100 && fraction <= max / 100
        ? { value: fraction }
        : { wrong: [{ message: error({ input: value }) }] };
    },
    json: { type: "string", pattern: "^\\d+(\\.\\d+)?%$" },
  };
}

export function text(what: string, example: string): ValueShape {
  const error = expected(what, example);
  return {
    kind: "value",
    read: (value) =>
      typeof value === "string" && /^[^\0]{0,1024}$/.test(value)
        ? { value }
        : { wrong: [{ message: error({ input: value }) }] },
    json: { type: "string", maxLength: 1024 },
  };
}

export const host: ValueShape = { kind: "value", read: read(hostName), json: { type: "string", minLength: 1 } };
export const domain: ValueShape = { kind: "value", read: read(domainSchema), json: { type: "string", minLength: 1 } };

/** As the program would write it: checked here, so that a fault has a line, and handed on as it is. */
export const migration: ValueShape = { kind: "value", read: readMigration, json: migrationJson() };

/** Of one VM: whether its options fit together shows only with the defaults. */
export const ownMigration: ValueShape = {
  kind: "value",
  read: (value) => {
    const parsed = migrationSchema.safeParse(value);
    return parsed.success ? { value } : read(migrationSchema)(value);
  },
  json: migration.json,
};

export function readMigration(value: unknown): Read {
  const parsed = migrationSchema.safeParse(value);
  if (!parsed.success) return read(migrationSchema)(value);
  const conflicts = optionConflicts(parsed.data).map(({ property, code, reason }): Wrong => ({
    message: reason,
    path: property.split(".").slice(1),
    code,
  }));
  return conflicts.length > 0 ? { wrong: conflicts } : { value };
}

/** What is wrong with a text as the name of a host or a domain. */
export const whyNotHost = (name: string): string | undefined => firstWrong(hostName, name);
export const whyNotDomain = (name: string): string | undefined => firstWrong(domainSchema, name);

function firstWrong(schema: Reader, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues[0]?.message;
}
