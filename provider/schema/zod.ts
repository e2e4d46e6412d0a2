/**
 * What the product uses of zod. The build makes one file of it and of what it needs (tools/bundle.js): zod's own modules, 50 languages among
 * them, take longer to load than all others.
 */
import { config } from "zod";

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

// Code made for each object's schema costs more than it saves: most are read once per process, the others some thousand times.
config({ jitless: true });
