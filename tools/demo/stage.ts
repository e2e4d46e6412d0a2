/** What the demos share: a lab, a copy of an example as a Pulumi project, and commands shown as a user types them. Nothing of it stays. */
import { spawn } from "node:child_process";
import { cpSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createLab, type Lab } from "../../lab/libvirt";
import { atSignal } from "../../lab/at-signal";
import { endProcessesIn } from "../../lab/end-processes-in";
import { ensurePulumi, Pulumi } from "../../lab/pulumi";
import { ensureSystemPackages } from "../system-packages";

const root = join(__dirname, "../..");

export interface Stage {
  lab: Lab;
  pulumi: Pulumi;
  /** Of the Pulumi project. */
  directory: string;
  /** Shows a command of the project's directory and what it prints. @throws Error where it fails. */
  run: (words: readonly string[], title?: string) => Promise<void>;
}

export interface Demo {
  hosts: number;
  /** Copied into the project, from the top level of the repository: a file under its own path, of a directory its files. */
  project: readonly string[];
  /** False when a guest found its memory wrong after a move. */
  story: (stage: Stage) => Promise<boolean>;
}

/** Runs a demo, and ends this process with its result. */
export function play(demo: Demo): void {
  playOn(demo).then(
    (code) => (process.exitCode = code),
    (error: Error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
}

async function playOn({ hosts, project, story }: Demo): Promise<number> {
  const log = (line: string) => console.error(line);
  const missing = ensureSystemPackages(log);
  if (missing.length > 0) {
    console.error(`The demo runs ${hosts} libvirt hosts on this computer. ${missing.join(" ")}`);
    return 1;
  }
  const installation = await ensurePulumi({ log });
  console.log(
    `Pulumi ${installation.version}; starting ${hosts} libvirt hosts, each with an sshd and a libvirtd of its own`,
  );
  const start = Date.now();
  const lab = await createLab({ hosts });
  const release = atSignal(() => endProcessesIn(lab.dir));
  try {
    const directory = copyOf(project, lab);
    const pulumi = new Pulumi({ installation, projectDir: directory, backendDir: join(lab.dir, "pulumi") });
    const programs = {
      pulumi: [installation.bin],
      "vm-placement": [process.execPath, join(root, "dist/cli/index.js")],
      git: ["git", "-c", "user.name=demo", "-c", "user.email=demo@localhost"],
    };
    const path = [dirname(installation.bin), pulumi.env.PATH].join(delimiter);
    const run = (words: readonly string[], title?: string) =>
      runAndShow(programs, words, title, { cwd: directory, env: { ...pulumi.env, PATH: path } });
    const right = await story({ lab, pulumi, directory, run });
    console.log(`Took ${((Date.now() - start) / 1000).toFixed(1)} s from the start of the hosts.`);
    return right ? 0 : 1;
  } finally {
    endProcessesIn(lab.dir);
    release();
    await lab.down();
    console.log("The hosts, the VMs and Pulumi's state are gone again.");
  }
}

/** In the lab's directory: what `stack init` writes beside it goes with the lab. */
function copyOf(project: readonly string[], lab: Lab): string {
  const directory = join(lab.dir, "project");
  for (const path of project) {
    cpSync(join(root, path), path.endsWith("/") ? directory : join(directory, path), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
  return directory;
}

/** A stack named demo, with the lab's hosts and this configuration of the program. */
export async function initStack({ pulumi, lab }: Stage, config: Record<string, string> = {}): Promise<void> {
  await pulumi.expect(["stack", "init", "demo"]);
  const hosts = Object.entries(lab.inventory()).flatMap(([name, host]) =>
    Object.entries(host).map(([field, value]) => [`vm-placement:hosts.${name}.${field}`, value as string]),
  );
  const values = [...hosts, ...Object.entries(config)].flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]);
  await pulumi.expect(["config", "set-all", "--path", ...values]);
}

async function runAndShow(
  programs: Readonly<Record<string, readonly string[]>>,
  [program, ...args]: readonly string[],
  title: string | undefined,
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<void> {
  const shown = [program!, ...args.map((word) => (/\s/.test(word) ? `'${word}'` : word))].join(" ");
  console.log(`${title === undefined ? "" : `\n── ${title}`}\n$ ${program === "vm-placement" ? "npx " : ""}${shown}`);
  const [file, ...before] = programs[program!]!;
  const child = spawn(file!, [...before, ...args], { ...options, stdio: ["ignore", "inherit", "inherit"] });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`${shown} ended with ${code}`);
}

export async function show(lab: Lab, title: string): Promise<void> {
  console.log(`\n── ${title}`);
  for (const host of lab.hosts) {
    console.log(`${host.name}$ virsh list --all\n${await host.must("virsh list --all")}`.trimEnd());
  }
}

/** Whether guests find their memory right on a host. Each checks it in passes: it prints "." for one that was right, "!" for one that was not. */
export async function memoryIsRight(lab: Lab, host: string, guests: readonly string[]): Promise<boolean> {
  const all = await Promise.all(guests.map((guest) => firstPasses(lab, guest, host)));
  const wrong = guests.filter((_, i) => !/^\.+$/.test(all[i]!));
  const shown = guests.map((guest, i) => `${guest} ${all[i]!.slice(0, 20)}`).join(", ");
  console.log(`\nThe guests check their own memory in passes; on ${host}: ${wrong.length === 0 ? "all right" : "WRONG"} (${shown})`); // prettier-ignore
  return wrong.length === 0;
}

async function firstPasses(lab: Lab, guest: string, host: string): Promise<string> {
  for (let waitedMs = 0; ; waitedMs += 100) {
    const passes = await lab.serial(guest, host);
    if (passes.length >= 2 || waitedMs > 20_000) return passes;
    await sleep(100);
  }
}
