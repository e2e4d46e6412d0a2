/** The JSON schema of `migration`, from the table of options. */
import { actionKinds, convergenceKinds } from "../core/convergence/kinds";
import { presetNames } from "../core/convergence/presets";
import { type OptionKind, type OptionName, optionNames, optionTable } from "../core/options";
import type { JsonSchema } from "./shape";

const quantity = (units: string, more = "") => ({ type: "string", pattern: `^\\d+(\\.\\d+)?(${units})${more}$` });

export function leafJson(kind: OptionKind): JsonSchema {
  switch (kind.type) {
    case "flag":
      return { type: "boolean" };
    case "choice":
      return { enum: kind.values };
    case "integer":
      return kind.orAuto
        ? { anyOf: [{ const: "auto" }, integerJson(kind.min, kind.max)] }
        : integerJson(kind.min, kind.max);
    case "duration":
      return quantity("ms|s|m|h", kind.perGiB ? "(/GiB)?" : "");
    case "rate":
      return quantity("(B|KiB|MiB|GiB|TiB)/s");
    case "size":
      return quantity("B|KiB|MiB|GiB|TiB");
    case "text":
      return { type: "string", pattern: kind.pattern.source };
    case "list":
      return { type: "array", minItems: 1, items: itemJson(kind) };
    case "steps":
      return { anyOf: [{ enum: presetNames }, { type: "array", minItems: 1, items: stepJson() }] };
    case "map":
      return { type: "object", minProperties: 1, additionalProperties: { anyOf: placesJson[kind.of] } };
  }
}

const placesJson: Record<"disks" | "networks", JsonSchema[]> = {
  disks: [objectOf("path"), objectOf("pool", "volume")],
  networks: [{ type: "string" }, objectOf("bridge"), objectOf("network")],
};

function objectOf(...names: string[]): JsonSchema {
  const properties = Object.fromEntries(names.map((name) => [name, { type: "string" }]));
  return { type: "object", additionalProperties: false, properties, required: names };
}

function integerJson(minimum: number, maximum: number): JsonSchema {
  return { type: "integer", minimum, maximum };
}

function itemJson({ values, pattern }: Extract<OptionKind, { type: "list" }>): JsonSchema {
  if (values !== undefined) return { enum: values };
  return { type: "string", ...(pattern !== undefined && { pattern: pattern.source }) };
}

function stepJson(): JsonSchema {
  const { after, pass, stalled, raiseDowntime } = convergenceKinds;
  const oneOf = (properties: Record<string, JsonSchema>) => ({
    type: "object",
    additionalProperties: false,
    properties,
    minProperties: 1,
    maxProperties: 1,
  });
  const action = oneOf({ raiseDowntime: leafJson(raiseDowntime), bandwidth: leafJson({ type: "rate" }) });
  return {
    type: "object",
    additionalProperties: false,
    properties: {
      after: leafJson(after),
      pass: leafJson(pass),
      stalled: leafJson(stalled),
      do: { anyOf: [{ enum: actionKinds }, action] },
    },
    required: ["do"],
    oneOf: ["after", "pass", "stalled"].map((name) => ({ required: [name] })),
  };
}

/** Groups as in the schema of the inputs: `a.b` makes `a` an object, and `a` alone is then also a boolean or word. */
export function migrationJson(): JsonSchema {
  const groups = new Set(optionNames.map((name) => optionTable[name].input.split(".")[0]!));
  return {
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries([...groups].map((group) => [group, groupJson(group)])),
  };
}

function groupJson(group: string): JsonSchema {
  const head = optionNames.find((name) => optionTable[name].input === group);
  const members = optionNames.filter((name) => optionTable[name].input.startsWith(`${group}.`));
  const plain = head && leafOf(head);
  if (members.length === 0) return plain!;
  const objectKey = head && optionTable[head].objectKey;
  const properties = Object.fromEntries([
    ...(head !== undefined && objectKey !== undefined ? [[objectKey, leafOf(head)]] : []),
    ...members.map((name) => [optionTable[name].input.split(".")[1]!, leafOf(name)]),
  ]) as Record<string, JsonSchema>;
  const required = objectKey === undefined ? {} : { required: [objectKey] };
  const object = { type: "object", additionalProperties: false, properties, ...required };
  return plain === undefined ? object : { anyOf: [plain, object] };
}

function leafOf(name: OptionName): JsonSchema {
  const { kind, virsh } = optionTable[name];
  return { ...leafJson(kind), ...(virsh !== undefined && { description: virsh }) };
}
