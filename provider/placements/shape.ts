/**
 * What may stand at a place of the placements file. The reader, the JSON schema and the table in the docs are all made from it, so that
 * none of them can say something else.
 */

export type JsonSchema = { readonly [key: string]: unknown };

/** A value, or what is wrong with it. */
export type Read = { value: unknown } | { wrong: readonly Wrong[] };

export interface Wrong {
  message: string;
  /** Below the value: ["postCopy", "after"]. */
  path?: readonly string[];
  code?: "invalidInput" | "conflictingOptions" | "unsafeCombination";
}

/** Text, a number, true or false; or a whole value that another reader knows (`migration`). */
export interface ValueShape {
  kind: "value";
  read: (value: unknown) => Read;
  json: JsonSchema;
}

/** Fields with fixed names. */
export interface ObjectShape {
  kind: "object";
  fields: Readonly<Record<string, Field>>;
  required?: readonly string[];
  example: string;
}

export interface Field {
  shape: Shape;
  /** For editors and the docs. */
  doc: string;
}

/** Values by a name that the user chooses. */
export interface NamesShape {
  kind: "names";
  /** "a host name" */
  nameOf: string;
  whyNot: (name: string) => string | undefined;
  pattern?: string;
  of: Shape;
  min?: number;
  example: string;
}

export interface ListShape {
  kind: "list";
  of: Shape;
  min: number;
  example: string;
}

/** One of these, told apart by whether it is a single value, a list or a mapping. */
interface FormsShape {
  kind: "forms";
  value?: Shape;
  list?: Shape;
  mapping?: Shape;
  expected: string;
  example: string;
}

/** One of several objects, told apart by a field that the others do not have. */
export interface VariantsShape {
  kind: "variants";
  variants: Readonly<Record<string, ObjectShape>>;
  example: string;
}

export type Shape = ValueShape | ObjectShape | NamesShape | ListShape | FormsShape | VariantsShape;
