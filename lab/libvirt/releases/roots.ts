/**
 * The trees that hosts of other releases have as their root: made once, kept outside of the repository, and read by every lab at once.
 * A tree is made under another name and renamed when it is complete: what has its name is whole.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { atSignal } from "../../at-signal";
import { ensureOwnDirectory, refuseOthers } from "../../own-directory";
import { cacheDirectory, publish, removeLeftovers } from "../../pulumi/cache";
import { withLock } from "../../pulumi/lock";
import { run } from "../commands";
import { findProgram } from "../prerequisites";
import { childrenOf, isAlive, killIfAlive } from "../processes";
import type { LabRecord } from "../registry";
import { checkRelease, modular, modularBase, ownRelease, suites } from "./releases";

const minutes = 60_000;

interface Tree {
  /** What it is, and how long it takes. */
  says: string;
  script: string;
  args: (directory: string) => Promise<string[]>;
  timeoutMs: number;
  programs: readonly string[];
}

const base = () => join(dirname(cacheDirectory()), "lab-roots");
const treeOf = (release: string) => join(base(), release);

/** The directories of a host's root, topmost first; none for a host of the computer's own release. */
export function layersOf(release: string): string[] {
  if (release === ownRelease()) return [];
  return release === modular ? [treeOf(modular), treeOf(modularBase)] : [treeOf(release)];
}

/** Trees that hosts of these releases need and that are not there. */
export function missingRoots(releases: readonly string[]): string[] {
  return treesFor(releases).filter((name) => !existsSync(treeOf(name)));
}

/**
 * Makes the trees that are missing.
 * @throws Error with the end of its output, where one cannot be made.
 */
export async function ensureRoots(releases: readonly string[], log: (line: string) => void): Promise<void> {
  releases.forEach((release) => checkRelease(release));
  if (treesFor(releases).length === 0) return;
  for (const path of [dirname(base()), base()]) ensureOwnDirectory(path);
  if (/[:,\\]/.test(base())) throw new Error(`overlayfs takes no ":", "," or "\\" in ${base()}: set XDG_CACHE_HOME`);
  if (missingRoots(releases).length > 0) {
    await withLock(join(base(), "lock"), () => makeAll(releases, log), { log });
  }
  treesFor(releases).forEach((name) => refuseOthers(treeOf(name)));
}

async function makeAll(releases: readonly string[], log: (line: string) => void): Promise<void> {
  removeLeftovers(base());
  const release = atSignal(() => {
    endBuilds();
    removeLeftovers(base());
  });
  try {
    // The layer comes after the tree below it; the others at once.
    await Promise.all(missingRoots(releases.filter((each) => each !== modular)).map((name) => make(name, log)));
    for (const name of missingRoots(releases)) await make(name, log);
  } finally {
    release();
  }
}

async function make(name: string, log: (line: string) => void): Promise<void> {
  const { says, script, args, timeoutMs, programs } = name === modular ? modularTree : debianTree(name);
  const absent = programs.filter((program) => !findProgram(program));
  if (absent.length > 0) throw new Error(`${treeOf(name)} cannot be made: ${absent.join(", ")} not installed`);
  log(`making ${treeOf(name)}: ${says}`);
  const begun = Date.now();
  await publish(treeOf(name), async (directory) => {
    // With this process its namespaces end, and with them what was mounted and started there.
    const confined = ["--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private", "--pid", "--fork"];
    const words = ["--kill-child", "--mount-proc", "sh", join(__dirname, script), ...(await args(directory))];
    const { code, stdout, stderr } = await run("setpriv", [...confined, ...words], { timeoutMs });
    rmSync(buildDirectory(directory), { recursive: true, force: true });
    if (code === 0) return;
    const end = `${stdout}\n${stderr}`.trim().split("\n").slice(-8).join("\n");
    throw new Error(`${treeOf(name)} was not made (exit code ${code}):\n${end}`);
  });
  log(`made ${treeOf(name)} in ${Math.round((Date.now() - begun) / 1000)} s`);
}

const debianTree = (release: string): Tree => ({
  says: `Debian ${release} with libvirt and QEMU, by debootstrap; about 2 minutes and 500 MB, once`,
  script: "root.sh",
  args: async (directory) => [suites[release]!, directory, await debianMirror()],
  timeoutMs: 20 * minutes,
  programs: ["debootstrap", "setpriv"],
});

const modularTree: Tree = {
  says: `libvirt's modular daemons, built from the source of Debian ${modularBase}; 6 minutes on two idle cores, once`,
  script: "modular.sh",
  args: (directory) => {
    mkdirSync(buildDirectory(directory));
    return Promise.resolve([treeOf(modularBase), directory, buildDirectory(directory)]);
  },
  timeoutMs: 60 * minutes,
  programs: ["setpriv"],
};

/** Where the computer itself gets Debian from. */
async function debianMirror(): Promise<string> {
  const { stdout } = await run("apt-get", [
    "indextargets",
    "--format",
    "$(REPO_URI)",
    "Created-By: Packages",
    "Label: Debian",
  ]);
  const [mirror] = stdout.split("\n").filter((line) => /^https?:/.test(line));
  if (mirror !== undefined) return mirror;
  throw new Error("apt knows no mirror of Debian on this computer: run apt-get update, or add one to its sources");
}

/** Bottom first. Under the modular daemons lies a tree also where the computer itself is of that release. */
function treesFor(releases: readonly string[]): string[] {
  const others = releases.filter((each) => each !== ownRelease());
  return [...new Set(others.flatMap((each) => (each === modular ? [modularBase, modular] : [each])))];
}

/** Its name makes it a leftover too, where this process is killed. */
const buildDirectory = (directory: string) => `${directory}-build`;

/** Makers of trees are all that this process has for children while they run. */
function endBuilds(): void {
  const outer = childrenOf(process.pid);
  const all = [...outer, ...outer.flatMap(({ pid }) => childrenOf(pid))];
  all.forEach(killIfAlive);
  for (const end = Date.now() + 5_000; all.some(isAlive) && Date.now() < end;) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
}

/** Every tree that can be made. */
export function listRoots(): { name: string; path: string; made: boolean }[] {
  const names = [...Object.keys(suites).filter((name) => name !== ownRelease() || name === modularBase), modular];
  return names.map((name) => ({ name, path: treeOf(name), made: existsSync(treeOf(name)) }));
}

/** @throws where a lab has hosts of them. */
export function removeRoots(labs: readonly LabRecord[]): void {
  const using = labs.find(({ hosts }) => hosts.some(({ layers }) => layers.length > 0));
  if (using !== undefined) throw new Error(`${using.id} uses them: npm run lab -- down --lab ${using.id}`);
  rmSync(base(), { recursive: true, force: true });
}
