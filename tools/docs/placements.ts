/** The table of the placements file in docs/fleet.md, from the definition that the reader and the JSON schema are made from. */
import { placementsShape } from "../../provider/placements/definition";
import type { Shape } from "../../provider/placements/shape";
import { table } from "./options";

export function placementsTable(): string {
  return table(
    ["field", "meaning"],
    rows(placementsShape, "").map(([field, doc]) => [`\`${field}\``, doc]),
  );
}

function rows(shape: Shape, path: string): [string, string][] {
  switch (shape.kind) {
    case "value":
      return [];
    case "object":
      return Object.entries(shape.fields).flatMap(([name, { doc, shape: below }]) => {
        const field = path === "" ? name : `${path}.${name}`;
        return [[field, doc], ...rows(below, field)];
      });
    case "names":
      return rows(shape.of, `${path}.NAME`);
    case "list":
      return rows(shape.of, `${path}[]`);
    case "forms":
      return [shape.value, shape.list, shape.mapping].flatMap((form) => (form === undefined ? [] : rows(form, path)));
    case "variants":
      return Object.values(shape.variants).flatMap((variant) => rows(variant, path));
  }
}
