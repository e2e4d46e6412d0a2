/** `npm run docs`: rewrites what the docs have from the code, between their markers. `-- --check` only lists what is out of date. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generated, withGenerated } from "./generated";

const root = join(__dirname, "../..");
const check = process.argv.includes("--check");

for (const file of new Set(generated.map((part) => part.file))) {
  const path = join(root, file);
  const before = readFileSync(path, "utf8");
  const after = withGenerated(file, before);
  if (after === before) continue;
  if (check) {
    console.error(`${file} is out of date: npm run docs`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, after);
    console.log(`${file} is up to date now`);
  }
}
