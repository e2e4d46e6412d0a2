import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** The first executable of that name on PATH. */
export function findExecutable(name: string, path: string = process.env["PATH"] ?? ""): string | undefined {
  return path
    .split(delimiter)
    .filter((directory) => directory !== "")
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** A `pulumi` that can run Node programs: the engine looks for the language host on PATH and beside its own binary. */
export function findPulumi(path: string = process.env["PATH"] ?? ""): string | undefined {
  const pulumi = findExecutable("pulumi", path);
  if (pulumi === undefined) return undefined;
  const beside = join(dirname(realpathSync(pulumi)), "pulumi-language-nodejs");
  return findExecutable("pulumi-language-nodejs", path) !== undefined || isExecutable(beside) ? pulumi : undefined;
}
