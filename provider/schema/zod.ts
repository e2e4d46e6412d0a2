/**
 * What the product uses of zod. The build makes one file of it and of what it needs (tools/bundle.js): zod's own modules, 50 languages among
 * them, take longer to load than all others.
 */
export {
  array,
  boolean,
  enum,
  iso,
  literal,
  looseObject,
  NEVER,
  number,
  object,
  record,
  strictObject,
  string,
  union,
  unknown,
  ZodError,
} from "zod";
export type { core, infer, RefinementCtx, ZodType } from "zod";
