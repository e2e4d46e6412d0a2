/** The lab's Linux guest: a kernel and an initramfs, made once from packages of Debian or Ubuntu, and kept outside the repository. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ensureOwnDirectory, refuseOthers } from "../../own-directory";
import { cacheDirectory, publish, removeLeftovers } from "../../pulumi/cache";
import { withLock } from "../../pulumi/lock";
import { must, run } from "../commands";
import { findProgram } from "../prerequisites";

/** What the guest does: it writes to a data set of `sizeMiB` about `rate` MiB per second, or compiles, or next to nothing. */
export interface LinuxLoad {
  load: "redis" | "sqlite" | "compile" | "idle";
  /** Default 64. Of redis and sqlite. */
  sizeMiB?: number;
  /** MiB per second that are asked to be written; what gets dirty besides is the program's own. Default 5. Of redis and sqlite. */
  rate?: number;
}

interface LinuxImage {
  kernel: string;
  initrd: string;
  /** The same with a compiler. */
  initrdCompile: string;
}

/** What it prints on its serial line once it does its work. */
export const linuxReady = "lab: ready";
/** Emulated it takes a minute, and more beside other work. */
export const linuxBootMs = 240_000;

const programs = ["redis-tools", "sqlite3", "cpp", "busybox-static"];
/** Debian's and Ubuntu's for virtual machines: small, with the serial line and KVM's clock built in. */
const kernels = ["linux-image-cloud-amd64", "linux-image-virtual"];
const initScript = join(__dirname, "init.sh");
const buildScript = join(__dirname, "build-linux.sh");

/** @throws Error in one line, where it cannot be made here. */
export async function ensureLinuxImage(log: (line: string) => void = () => {}): Promise<LinuxImage> {
  if (process.arch !== "x64") throw new Error(`the lab's Linux guest is made for x86-64; this is ${process.arch}`);
  for (const program of ["apt-get", "dpkg-deb"]) {
    if (!findProgram(program)) {
      throw new Error(`the lab's Linux guest is made from packages of Debian or Ubuntu: ${program} is not installed`);
    }
  }
  const base = join(dirname(cacheDirectory()), "linux-guest");
  for (const path of [dirname(base), base]) ensureOwnDirectory(path);
  const packages = await packagesNeeded(log);
  const directory = join(base, await contentKey(packages));
  const [kernel, initrd, initrdCompile] = ["kernel", "initrd", "initrd-compile"].map((file) => join(directory, file));
  await withLock(
    join(base, "lock"),
    async () => {
      if (existsSync(directory)) return refuseOthers(directory);
      removeLeftovers(base);
      log(`making the Linux guest from ${packages.length} packages (once, about a minute)`);
      await publish(directory, async (temporary) => {
        const script = `cd "$1" && shift && exec bash "$@"`;
        await must("bash", ["-c", script, "bash", temporary, buildScript, initScript, ...packages]);
      });
    },
    { log },
  );
  return { kernel: kernel!, initrd: initrd!, initrdCompile: initrdCompile! };
}

/** The kernel without what it depends on, which is for installing it; the programs with all they depend on. */
async function packagesNeeded(log: (line: string) => void): Promise<string[]> {
  const found = await kernelPackage();
  if (found === undefined) {
    log("updating the package lists");
    await run("apt-get", ["update", "-q"]);
  }
  const kernel = found ?? (await kernelPackage());
  if (kernel === undefined) {
    throw new Error(`the lab's Linux guest needs a kernel package, and apt knows none of ${kernels.join(", ")}`);
  }
  const only = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"].map((kind) => `--no-${kind}`);
  const closure = await must("apt-cache", ["depends", "--recurse", ...only, ...programs]);
  // A line of its own is a package; in angle brackets stand virtual ones.
  return [kernel, ...new Set(closure.split("\n").filter((line) => /^[a-z0-9][a-z0-9.+-]*$/.test(line)))];
}

async function kernelPackage(): Promise<string | undefined> {
  for (const name of kernels) {
    const { stdout } = await run("apt-cache", ["depends", name]);
    const [, image] = /^ *Depends: (linux-image-\S+)$/m.exec(stdout) ?? [];
    if (image !== undefined) return image;
  }
  return undefined;
}

/** Of the packages' versions and checksums and of what is made of them. */
async function contentKey(packages: readonly string[]): Promise<string> {
  // apt-get names only what does not lie in the working directory.
  const empty = mkdtempSync(join(tmpdir(), "vm-placement-packages-"));
  try {
    const script = `cd "$1" && shift && apt-get -q download --print-uris "$@"`;
    const uris = await must("bash", ["-c", script, "bash", empty, ...packages]);
    const hash = createHash("sha256").update(uris);
    for (const file of [initScript, buildScript]) hash.update(readFileSync(file));
    return hash.digest("hex").slice(0, 16);
  } finally {
    rmSync(empty, { recursive: true, force: true });
  }
}

/** Without what takes an emulated CPU long: probing the disks' BIOS, tests of ciphers, defences against other guests. */
export function linuxCommandLine({ load, sizeMiB = 64, rate = 5 }: LinuxLoad): string {
  const quick = "edd=off nokaslr mitigations=off audit=0 cryptomgr.notests rcupdate.rcu_expedited=1";
  return `console=ttyS0 quiet panic=-1 ${quick} lab.load=${load} lab.size=${sizeMiB} lab.rate=${rate}`;
}
