import * as z from "./zod";
import { impliedBy } from "../core/convergence/steps";
import { once } from "../core/once";
import { type MigrationOptions, type OptionName, optionNames, type OptionSpec, optionTable } from "../core/options";
import { convergenceSchema } from "./convergence";
import { mapSchemas } from "./mapping";
import { leafSchema as plainSchema, type PerGiB, type PlainSpec } from "./leaves";
import { unknownKeys } from "./refusal";
import { withoutUndefined } from "./wire";

/** `migration` as the user writes it → the flat options. Groups come from the dots in the table's `input`. */
export const migrationSchema: z.ZodType<MigrationOptions> = (() => {
  const shape: Record<string, z.ZodType> = {};
  for (const group of new Set(optionNames.map((name) => optionTable[name].input.split(".")[0]!))) {
    const read = once(() => groupReader(group));
    shape[group] = z.optional(
      z.read(z.unknown(), (value, refuse) => (value === undefined ? {} : read()(value, refuse))),
    );
  }
  const groupsSchema = z.strictObject(shape, { error: unknownKeys(Object.keys(shape), '{ timeout: "5m" }') });
  return z.read(groupsSchema, (groups) =>
    withImplied(sized(Object.assign({ mode: "auto" }, ...Object.values(groups)) as Read)),
  );
})();

/** Steps and maps are made of values that have a schema of their own. */
function leafSchema(spec: OptionSpec): z.ZodType {
  const { kind } = spec;
  if (kind.type === "map") return mapSchemas[kind.of];
  return kind.type === "steps" ? convergenceSchema : plainSchema(spec as PlainSpec);
}

type Read = Omit<MigrationOptions, "timeoutMs"> & { timeoutMs?: number | PerGiB };

/** A timeout per GiB has a field of its own. */
function sized({ timeoutMs, ...options }: Read): MigrationOptions {
  if (timeoutMs === undefined) return options;
  return typeof timeoutMs === "object"
    ? { ...options, timeoutMsPerGiB: timeoutMs.msPerGiB }
    : { ...options, timeoutMs };
}

/** What a step needs from the start of the migration. `false` beside it is a contradiction, which optionConflicts finds. */
function withImplied(options: MigrationOptions): MigrationOptions {
  return options.mode === "offline" ? options : { ...impliedBy(options.convergence ?? []), ...options };
}

type GroupReader = (value: unknown, refuse: z.Refuse) => Partial<MigrationOptions>;

/** Made when the first placement has the group: most placements have few of them. */
function groupReader(group: string): GroupReader {
  const head = optionNames.find((name) => optionTable[name].input === group);
  const members = optionNames.filter((name) => optionTable[name].input.startsWith(`${group}.`));
  const objectKey = head && optionTable[head].objectKey;
  const keyOf = (name: OptionName) => (name === head ? objectKey! : optionTable[name].input.split(".")[1]!);
  const inside = head && objectKey !== undefined ? [head, ...members] : members;
  const example = () => `{ ${keyOf(inside[0]!)}: ${optionTable[inside[0]!].example} }`;
  const objectSchema = once(() => {
    const shape = Object.fromEntries(
      inside.map((name) => [
        keyOf(name),
        name === head ? leafSchema(optionTable[name]) : z.optional(leafSchema(optionTable[name])),
      ]),
    );
    return z.strictObject(shape, { error: unknownKeys(Object.keys(shape), example()) });
  });
  const headSchema = once(() => leafSchema(optionTable[head!]));

  return (value, refuse) => {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    if (members.length > 0 && (isObject || !head)) {
      const parsed = objectSchema().safeParse(value);
      if (!parsed.success) return z.refuseAll(parsed.error, refuse);
      const fields = Object.fromEntries(inside.map((name) => [name, parsed.data[keyOf(name)]]));
      return withoutUndefined({ ...fields, ...(head && objectKey === undefined && { [head]: true }) });
    }
    const parsed = headSchema().safeParse(value);
    if (parsed.success) return { [head!]: parsed.data };
    const alternative = members.length > 0 ? `, or an object, for example ${example()}` : "";
    return z.refuseAll(parsed.error, (message, path) => refuse(message + alternative, path));
  };
}
