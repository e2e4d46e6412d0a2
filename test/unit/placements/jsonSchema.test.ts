import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { placementsSchema, schemaFile } from "../../../provider/placements/jsonSchema";
import { parsePlacements } from "../../../provider/placements/parse";

type Schema = {
  type?: string;
  enum?: unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  minItems?: number;
  minProperties?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
};

/** The keywords that the schema uses, as JSON Schema defines them. */
function isValid(value: unknown, schema: Schema): boolean {
  const { anyOf, oneOf } = schema;
  if (anyOf && !anyOf.some((each) => isValid(value, each))) return false;
  if (oneOf && oneOf.filter((each) => isValid(value, each)).length !== 1) return false;
  if (schema.enum && !schema.enum.includes(value)) return false;
  const kind = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  if (schema.type && schema.type !== (schema.type === "integer" && Number.isInteger(value) ? "integer" : kind))
    return false;
  if (typeof value === "string") {
    return new RegExp(schema.pattern ?? "", "u").test(value) && value.length >= (schema.minLength ?? 0);
  }
  if (typeof value === "number") return value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity);
  if (Array.isArray(value)) {
    return value.length >= (schema.minItems ?? 0) && value.every((item) => isValid(item, schema.items ?? {}));
  }
  if (typeof value !== "object" || value === null) return true;
  const known = schema.properties ?? {};
  return (
    Object.keys(value).length >= (schema.minProperties ?? 0) &&
    (schema.required ?? []).every((name) => Object.hasOwn(value, name)) &&
    Object.entries(value).every(([name, each]) => {
      if (Object.hasOwn(known, name)) return isValid(each, known[name]!);
      const others = schema.additionalProperties ?? true;
      return typeof others === "boolean" ? others : isValid(each, others);
    })
  );
}

const good = [
  "vms: { db-01: kvm-a }",
  "hosts:\nvms:\n",
  `hosts: { kvm-a: { maintenance: true, labels: { site: muc }, limits: { memory: 80%, cpu: 400% } } }
vms:
  web-01: { host: kvm-b, labels: { app: web }, priority: -10, pinned: true, onEvacuation: stay, domain: web }
  db-01: { host: kvm-a, after: [web-01], migration: { timeout: 10m, postCopy: { after: 20s }, parallel: false, copyStorage: { mode: all, disks: [vda] }, bandwidth: 1GiB/s, compression: { methods: [xbzrle], xbzrleCache: 64MiB } } }
rules:
  - apart: [web-01, db-01]
  - { only: { app: web }, on: [kvm-b] }
limits: { memory: 90.5%, moves: 20 }
defaults: { migration: { autoConverge: true, mode: live }, onDrift: moveBack }
evacuated: { kvm-a: { db-01: 0 } }
`,
];
const bad = [
  "{}",
  "vms: { db-01: 12 }",
  "vms: { db-01: }",
  "vms: { db-01: { priority: 1 } }",
  "vms: { db-01: { host: kvm-a, hots: x } }",
  "vms: { db-01: { host: kvm-a, priority: 1.5 } }",
  "vms: { db-01: { host: kvm-a, onEvacuation: leave } }",
  "vms: { db-01: { host: kvm-a, after: db-02 } }",
  "vms: { db-01: { host: kvm-a, migration: { timeout: 5 } } }",
  "vms: { db-01: { host: kvm-a, migration: { parallel: { connection: 4 } } } }",
  "vms: { db-01: { host: kvm-a, migration: { copyStorage: { disks: [vda] } } } }",
  "vms: {}\nlimits: { memory: 0.9 }",
  "vms: {}\nlimits: { memory: 90 }",
  "vms: {}\nrules: [{}]",
  "vms: {}\nrules: [{ apart: [a] }]",
  "vms: {}\nrules: [{ only: [a] }]",
  "vms: {}\nrules: [{ apart: [a, b], together: [a, b] }]",
  "vms: {}\nrules: [{ apart: {} }]",
  "vms: {}\nvm: {}",
];

describe("the JSON schema of the placements file", () => {
  const schema = placementsSchema() as Schema;

  it("is the file in the package (npm run docs)", () => {
    assert.deepEqual(JSON.parse(readFileSync(join(__dirname, "../../..", schemaFile), "utf8")), schema);
  });

  it("takes what the reader takes, and refuses what it refuses", () => {
    for (const text of good) {
      parsePlacements(text);
      assert.ok(isValid(parse(text), schema), text);
    }
    for (const text of bad) {
      assert.throws(() => parsePlacements(text), /PlacementError/, text);
      assert.ok(!isValid(parse(text), schema), text);
    }
  });

  it("explains each field to an editor", () => {
    const without: string[] = [];
    const visit = ({ properties = {}, anyOf = [], oneOf = [], items, additionalProperties }: Schema, path: string) => {
      for (const [name, each] of Object.entries(properties)) {
        if (!/migration\./.test(`${path}.`) && !("description" in each)) without.push(`${path}.${name}`);
        visit(each, `${path}.${name}`);
      }
      for (const each of [...anyOf, ...oneOf, ...(items ? [items] : [])]) visit(each, path);
      if (typeof additionalProperties === "object") visit(additionalProperties, `${path}.*`);
    };
    visit(schema, "");
    assert.deepEqual(without, []);
  });
});
