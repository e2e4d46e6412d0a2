/** `npm run demo`: the main job from nothing, on two real hosts of this computer, and nothing of it stays. */
import { spawn } from "node:child_process";
import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createLab, type Lab } from "../lab/libvirt";
import { atSignal } from "../lab/at-signal";
import { endProcessesIn } from "../lab/end-processes-in";
import { ensurePulumi, Pulumi, type PulumiInstallation } from "../lab/pulumi";
import { ensureSystemPackages } from "./system-packages";

const root = join(__dirname, "..");
const guest = "db-01";

async function main(): Promise<number> {
  const log = (line: string) => console.error(line);
  const missing = ensureSystemPackages(log);
  if (missing.length > 0) {
    console.error(`The demo runs two libvirt hosts on this computer. ${missing.join(" ")}`);
    return 1;
  }
  const installation = await ensurePulumi({ log });
  console.log(
    `Pulumi ${installation.version}; starting two libvirt hosts, each with an sshd and a libvirtd of its own`,
  );
  const start = Date.now();
  const lab = await createLab();
  const release = atSignal(() => endProcessesIn(lab.dir));
  try {
    const right = await story(lab, installation);
    console.log(`Took ${((Date.now() - start) / 1000).toFixed(1)} s from the start of the hosts.`);
    return right ? 0 : 1;
  } finally {
    endProcessesIn(lab.dir);
    release();
    await lab.down();
    console.log("The hosts, the VM and Pulumi's state are gone again.");
  }
}

/** False when the guest found its memory wrong after the move. */
async function story(lab: Lab, installation: PulumiInstallation): Promise<boolean> {
  const projectDir = copyOfProject(lab);
  const pulumi = new Pulumi({ installation, projectDir, backendDir: join(lab.dir, "pulumi") });
  const run = (args: string[], what: string) => runAndShow(installation.bin, args, what, projectDir, pulumi.env);

  await Promise.all([
    lab.startGuest({ name: guest, host: "kvm-a", dirtyMiB: 20, dirtyRate: 40 }),
    configure(pulumi, lab),
  ]);

  await show(lab, `before: ${guest} runs on kvm-a, started without Pulumi`);
  await run(["up", "--yes", "--skip-preview"], "the first `pulumi up` adopts it where it is");
  await pulumi.expect(["config", "set", "host", "kvm-b"]);
  await run(["preview", "--diff"], "`host` is now kvm-b: what would be done");
  await run(["up", "--yes", "--skip-preview"], "and done: the VM moves while it runs");
  await show(lab, "after");

  const passes = await firstPasses(lab, "kvm-b");
  const right = /^\.+$/.test(passes);
  console.log(`\nThe guest checks its own memory in passes; on kvm-b: ${right ? "all right" : "WRONG"} (${passes})`);
  return right;
}

async function configure(pulumi: Pulumi, lab: Lab): Promise<void> {
  await pulumi.expect(["stack", "init", "demo"]);
  const hosts = Object.entries(lab.inventory()).flatMap(([name, host]) =>
    Object.entries(host).flatMap(([field, value]) => ["--plaintext", `vm-placement:hosts.${name}.${field}=${value}`]),
  );
  const program = ["--plaintext", `domain=${guest}`, "--plaintext", "host=kvm-a"];
  await pulumi.expect(["config", "set-all", "--path", ...hosts, ...program]);
}

/** What the guest reports of its memory: "." for a pass that found it right, "!" for one that did not. */
async function firstPasses(lab: Lab, host: string): Promise<string> {
  for (let waitedMs = 0; ; waitedMs += 100) {
    const passes = await lab.serial(guest, host);
    if (passes.length >= 2 || waitedMs > 20_000) return passes;
    await sleep(100);
  }
}

/** The root's Pulumi.yaml with the quickstart, in the lab's directory: what `stack init` writes beside it goes with the lab. */
function copyOfProject(lab: Lab): string {
  const directory = join(lab.dir, "project");
  for (const path of ["Pulumi.yaml", "tsconfig.json", "examples/quickstart"]) {
    cpSync(join(root, path), join(directory, path), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
  return directory;
}

function runAndShow(bin: string, args: string[], what: string, cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  console.log(`\n── ${what}\n$ pulumi ${args.join(" ")}`);
  const child = spawn(bin, args, { cwd, env, stdio: ["ignore", "inherit", "inherit"] });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`pulumi ${args.join(" ")} ended with ${code}`)),
    );
  });
}

async function show(lab: Lab, title: string): Promise<void> {
  console.log(`\n── ${title}`);
  for (const host of lab.hosts) {
    console.log(`${host.name}$ virsh list --all\n${await host.must("virsh list --all")}`.trimEnd());
  }
}

main().then(
  (code) => (process.exitCode = code),
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
