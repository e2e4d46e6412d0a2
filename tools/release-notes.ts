/** After `changeset version`: CHANGELOG.md has what was under Unreleased as the notes of the new version, and the examples and templates ask for that version. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dated, dependingOn } from "./release/texts";

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
const edit = (file: string, change: (text: string) => string) =>
  writeFileSync(file, change(readFileSync(file, "utf8")));

edit("CHANGELOG.md", (text) => dated(text, version, new Date().toISOString().slice(0, 10)));
for (const folder of ["examples", "templates"]) {
  for (const name of readdirSync(folder)) {
    edit(join(folder, name, "package.json"), (text) => dependingOn(text, version));
  }
}
