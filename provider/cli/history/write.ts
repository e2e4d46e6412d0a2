import { rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UsageError } from "../inventory";

/** In one step: who reads the file meanwhile sees the old or the new one, whole. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const next = join(dirname(file), `.${process.pid}.vm-placement.new`);
  try {
    await writeFile(next, text, { mode: 0o644 });
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true });
    throw new UsageError(`cannot write ${file}: ${(error as Error).message}`);
  }
}
