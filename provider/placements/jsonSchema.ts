/** The JSON schema of the placements file, for editors: completion, and red lines where the file would be refused. */
import { placementsShape } from "./definition";
import type { JsonSchema, ObjectShape, Shape } from "./shape";

export const schemaFile = "placements.schema.json";

export function placementsSchema(): JsonSchema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Placements of VMs on KVM hosts",
    ...objectSchema(placementsShape, true),
  };
}

/** @param sections Of the file itself: a section of which nothing is left is none. */
function objectSchema({ fields, required = [] }: ObjectShape, sections = false): JsonSchema {
  const properties = Object.entries(fields).map(([name, { shape, doc }]) => {
    const schema = schemaOf(shape);
    return [name, { description: doc, ...(sections ? { anyOf: [schema, { type: "null" }] } : schema) }] as const;
  });
  return {
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(properties),
    ...(required.length > 0 && { required }),
  };
}

function schemaOf(shape: Shape): JsonSchema {
  switch (shape.kind) {
    case "value":
      return shape.json;
    case "object":
      return objectSchema(shape);
    case "names":
      return {
        type: "object",
        additionalProperties: schemaOf(shape.of),
        ...(shape.min !== undefined && { minProperties: shape.min }),
      };
    case "list":
      return { type: "array", items: schemaOf(shape.of), minItems: shape.min };
    case "forms":
      return { anyOf: [shape.value, shape.list, shape.mapping].flatMap((form) => (form ? [schemaOf(form)] : [])) };
    case "variants":
      return {
        oneOf: Object.entries(shape.variants).map(([name, variant]) =>
          objectSchema({ ...variant, required: [name, ...(variant.required ?? [])] }),
        ),
      };
  }
}
