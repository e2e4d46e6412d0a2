import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { identityOf, isAlive, type ProcessIdentity } from "./processes";

/** What is known of a lab without its creator. */
export interface LabRecord {
  id: string;
  /** 1–254: the third part of the lab's addresses and the number in its interface's name. */
  number: number;
  /** Differs from that of another lab with the same number later. */
  token: string;
  /** Who takes the lab down: the process that made it, or a person with `down`. */
  owner: ProcessIdentity | "manual";
  /** Its keys, images and hosts' directories. */
  dir: string;
  kvm: boolean;
  tls: boolean;
  user: string;
  hosts: RecordedHost[];
}

interface RecordedHost {
  name: string;
  address: string;
  /** As `releases/releases.ts` names it. */
  release: string;
  /** The directories of its root, topmost first; none = the computer's own. */
  layers: string[];
}

const prefix = "vm-placement-lab-";
/** A claim, and the removal of a lab, take less; one that nothing has changed for so long was given up by a crash. */
const claimMs = 10_000;

export const entryDir = (number: number) => join(tmpdir(), `${prefix}${number}`);
export const interfaceName = (number: number) => `vmlab${number}`;
/** `last` 254 is the switch, 253 the computer itself, hosts count from 1. */
export const addressIn = (number: number, last: number) => `10.77.${number}.${last}`;

/**
 * Takes a free number.
 * @param reserve takes what labs with other temporary directories may have of this number; false: one has it.
 */
export function claim(
  describe: (number: number) => LabRecord,
  reserve: (record: LabRecord) => boolean = () => true,
): LabRecord {
  for (let number = 1; number <= 254; number++) {
    if (!isFree(number)) continue;
    const record = describe(number);
    if (!takeDirectory(record)) continue;
    let reserved = false;
    try {
      reserved = reserve(record);
    } finally {
      if (!reserved) release(record);
    }
    if (reserved) return record;
  }
  throw new Error("254 labs are running already: take some down with `npm run lab -- down --all`.");
}

/** The rename is what makes it exclusive: of two processes that want one number only the first finds no directory with content there. */
function takeDirectory(record: LabRecord): boolean {
  const draft = mkdtempSync(join(tmpdir(), `${prefix}claim-`));
  try {
    mkdirSync(join(draft, "processes"));
    chmodSync(draft, 0o755); // under sudo the caller uses the keys in there
    writeFileSync(join(draft, "lab.json"), JSON.stringify(record, null, 2));
    renameSync(draft, entryDir(record.number));
    return true;
  } catch (error) {
    if (["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Every lab of this computer, also those of other processes. */
export function listLabs(): LabRecord[] {
  return readdirSync(tmpdir())
    .filter((name) => new RegExp(`^${prefix}[0-9]+$`).test(name))
    .map((name) => readLab(Number(name.slice(prefix.length))))
    .filter((record) => record !== undefined)
    .sort((a, b) => a.number - b.number);
}

function readLab(number: number): LabRecord | undefined {
  try {
    if (!isOurs(entryDir(number))) return undefined;
    return JSON.parse(readFileSync(join(entryDir(number), "lab.json"), "utf8")) as LabRecord;
  } catch {
    return undefined;
  }
}

export const isStale = (record: LabRecord) => record.owner !== "manual" && !isAlive(record.owner);

/** The processes a lab started, by what they were started as: "switch" or a host's name. */
export function recordedProcesses(number: number): Map<string, ProcessIdentity> {
  const directory = join(entryDir(number), "processes");
  const found = new Map<string, ProcessIdentity>();
  for (const name of listed(directory)) {
    const [pid, start] = textOf(join(directory, name)).trim().split(" ");
    if (pid && start) found.set(name, { pid: Number(pid), start });
  }
  return found;
}

/** Empty where another process has just removed it with its lab. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

export const processRecord = (number: number, name: string) => join(entryDir(number), "processes", name);

/** Drafts of claims, and directories about to be deleted, that a crash left. */
export function removeAbandonedClaims(): void {
  for (const name of listed(tmpdir()).filter((name) => name.startsWith(`${prefix}claim-`))) {
    const path = join(tmpdir(), name);
    try {
      // Not the time of its content: another process has just renamed a lab of minutes ago, and deletes it.
      if (isOurs(path) && Date.now() - lstatSync(path).ctimeMs > claimMs)
        rmSync(path, { recursive: true, force: true });
    } catch {
      // its maker has just finished with it
    }
  }
}

/**
 * Makes this process the only one that removes the lab, until it ends. False: another one that is alive removes it, or nothing is left to
 * remove. A link is there once: of two processes that make the same one, one fails. What a process that has ended left stays and counts no more.
 */
export function claimRemoval(record: LabRecord, by: ProcessIdentity = thisProcess()): boolean {
  const draft = mkdtempSync(join(tmpdir(), `${prefix}claim-`));
  try {
    writeFileSync(join(draft, "by"), `${by.pid} ${by.start}`);
    for (let turn = 1; ; turn++) {
      const path = removalPath(record, turn);
      try {
        linkSync(join(draft, "by"), path);
        if (isCurrent(record)) return true;
        // Its number has gone to another lab meanwhile.
        rmSync(path, { force: true });
        return false;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") return false;
      }
      const owner = removalOwner(path);
      if (owner === undefined) return false;
      if (owner.pid === by.pid && owner.start === by.start) return true;
      if (isAlive(owner)) return false;
    }
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

const removalPath = (record: LabRecord, turn: number) => join(entryDir(record.number), `removal-${turn}`);

function removalOwner(path: string): ProcessIdentity | undefined {
  try {
    const [pid, start] = readFileSync(path, "utf8").split(" ");
    return { pid: Number(pid), start: start! };
  } catch {
    return undefined;
  }
}

/** Makes the number free again, unless someone did. The rename decides who, so that nobody deletes in a later lab's directory. */
export function release(record: LabRecord): void {
  if (!isCurrent(record)) return;
  const trash = join(tmpdir(), `${prefix}claim-${record.token}`);
  renameSync(entryDir(record.number), trash);
  // A host that was just ended may still write its last file.
  rmSync(trash, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

export const isCurrent = (record: LabRecord) => readLab(record.number)?.token === record.token;

export function thisProcess(): ProcessIdentity {
  return identityOf(process.pid)!;
}

/** The temporary directory is everybody's, and what is read there decides what root kills and deletes. */
function isOurs(path: string): boolean {
  const found = lstatSync(path);
  return found.isDirectory() && found.uid === process.getuid?.();
}

/** Not by the registry alone: a lab with another temporary directory, or anything else, may use the addresses. */
function isFree(number: number): boolean {
  if (existsSync(entryDir(number))) return false;
  const interfaces = networkInterfaces();
  const subnet = addressIn(number, 0).replace(/0$/, "");
  return (
    !listed("/sys/class/net").includes(interfaceName(number)) &&
    !Object.values(interfaces).some((addresses) => addresses?.some(({ address }) => address.startsWith(subnet)))
  );
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
