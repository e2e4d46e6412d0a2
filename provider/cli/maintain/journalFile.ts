/** The journal of a maintenance: a file beside the placements file, whole and on disk before what it says is done. */
import { readFileSync } from "node:fs";
import { open, readFile, rename, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, extname, join } from "node:path";
import type { Journal } from "../../maintain/model";
import { UsageError } from "../inventory";

/** The process that works by the journal. */
interface Worker {
  host: string;
  pid: number;
  /** Tells it from a later process with its number. */
  startedAt: string | undefined;
}

export class JournalFile {
  readonly path: string;

  constructor(placementsFile: string) {
    const name = basename(placementsFile, extname(placementsFile));
    this.path = join(dirname(placementsFile), `.${name}-maintenance.json`);
  }

  /**
   * Undefined where there is none.
   *
   * @throws UsageError where it cannot be used, or another process works by it.
   */
  async read(): Promise<Journal | undefined> {
    let text: string;
    try {
      text = await readFile(this.path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new UsageError(`cannot read ${this.path}: ${(error as Error).message}`);
    }
    const { worker, ...journal } = this.parsed(text);
    if (isAtWork(worker)) throw new UsageError(`process ${worker!.pid} works by ${this.path}; wait for it, or end it`);
    return journal;
  }

  private parsed(text: string): Journal & { worker?: Worker } {
    try {
      const journal = JSON.parse(text) as (Journal & { worker?: Worker }) | null;
      if (journal?.version === 1 && Array.isArray(journal.asked.hosts) && Array.isArray(journal.done)) return journal;
    } catch {
      // Said below.
    }
    throw new UsageError(
      `${this.path} is no journal of a maintenance; look at it, and take it away if it is not needed`,
    );
  }

  async save(journal: Journal): Promise<void> {
    const worker: Worker = { host: hostname(), pid: process.pid, startedAt: startOf(process.pid) };
    const beside = `${this.path}.new`;
    try {
      // The command in it may hold a secret.
      const file = await open(beside, "w", 0o600);
      try {
        await file.writeFile(`${JSON.stringify({ ...journal, worker }, null, 2)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(beside, this.path);
      await this.syncDirectory();
    } catch (error) {
      throw new UsageError(`cannot write ${this.path}: ${(error as Error).message}`);
    }
  }

  async remove(): Promise<void> {
    await unlink(this.path);
    await this.syncDirectory();
  }

  private async syncDirectory(): Promise<void> {
    const directory = await open(dirname(this.path));
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}

function isAtWork(worker: Worker | undefined): boolean {
  if (worker === undefined || worker.host !== hostname() || worker.pid === process.pid) return false;
  try {
    process.kill(worker.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return startOf(worker.pid) === worker.startedAt;
}

/** In ticks since the boot; undefined where this computer has no /proc. */
function startOf(pid: number): string | undefined {
  try {
    // The name of the program, in parentheses, may hold anything.
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(")").at(-1)!.trim().split(" ")[19];
  } catch {
    return undefined;
  }
}
