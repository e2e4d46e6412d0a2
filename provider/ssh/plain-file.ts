import { readFileSync, statSync } from "node:fs";

/** A file's bytes. A pipe or a terminal, reading which may wait for ever, is an error. */
export function readPlainFile(path: string): Buffer {
  const facts = statSync(path);
  if (!facts.isFile() && !facts.isDirectory() && path !== "/dev/null") {
    throw Object.assign(new Error("not a file"), { code: "it is not a file" });
  }
  return readFileSync(path);
}
