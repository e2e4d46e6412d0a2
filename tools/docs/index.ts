/** `npm run docs`: rewrites what the docs have from the code, between their markers. `-- --check` only lists what is out of date. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { placementsSchema, schemaFile } from "../../provider/placements/jsonSchema";
import { generated, withGenerated } from "./generated";
import { pulumiSchema, pulumiSchemaFile } from "./pulumiSchema";

const root = join(__dirname, "../..");
const check = process.argv.includes("--check");

/** Files that are made from the code as a whole. */
const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;
const whole = [
  { file: schemaFile, text: json(placementsSchema()) },
  { file: pulumiSchemaFile, text: json(pulumiSchema()) },
];
for (const { file, text } of whole)
  put(file, existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "", text);

for (const file of new Set(generated.map((part) => part.file))) {
  const before = readFileSync(join(root, file), "utf8");
  put(file, before, withGenerated(file, before));
}

function put(file: string, before: string, after: string): void {
  if (after === before) return;
  if (check) {
    console.error(`${file} is out of date: npm run docs`);
    process.exitCode = 1;
  } else {
    writeFileSync(join(root, file), after);
    console.log(`${file} is up to date now`);
  }
}
