/**
 * What the product uses of zod, of its variant for small programs: it takes half the time to make a schema, and a third of the code.
 * The build makes one file of it and of what it needs (tools/bundle.js).
 */
import { config, type core, pipe, transform, type ZodMiniType } from "zod/mini";

export {
  _default as withDefault,
  array,
  boolean,
  config,
  enum,
  exactOptional,
  gte,
  int,
  iso,
  literal,
  looseObject,
  lte,
  minLength,
  nonnegative,
  nullable,
  number,
  object,
  optional,
  partial,
  record,
  refine,
  regex,
  strictObject,
  string,
  superRefine,
  union,
  unknown,
} from "zod/mini";
export { en } from "zod/v4/locales";
export type { core, infer, ZodMiniType as ZodType } from "zod/mini";

// Code made for each object's schema costs more than it saves: most are read once per process, the others some thousand times.
config({ jitless: true });

/** Names what is wrong, at a path within the value. What it returns stands for the value that is not known then. */
export type Refuse = <T>(message: string, path?: PropertyKey[]) => T;

/** What `from` has read, made into something else, or refused. */
export function read<I, O>(from: core.$ZodType<I>, make: (value: I, refuse: Refuse) => O): ZodMiniType<O> {
  return pipe(
    from,
    transform((value: I, payload) => {
      // `continue`: of a union, zod then names what is wrong with the alternative that fits best.
      const refuse = <T>(message: string, path: PropertyKey[] = []) => {
        payload.issues.push({ code: "custom", message, path, input: value, continue: true });
        return undefined as T;
      };
      return make(value, refuse);
    }),
  );
}

/** All that is wrong by another schema. */
export function refuseAll<T>({ issues }: core.$ZodError, refuse: Refuse): T {
  for (const { message, path } of issues) refuse(message, path);
  return undefined as T;
}
