/**
 * `npm run install-check`: installs what `npm pack` makes by each package manager, and uses it as CommonJS, as ECMAScript module, from TypeScript
 * and by the real `pulumi preview`. `-- pnpm bun` tries these alone.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePulumi, Pulumi, type PulumiInstallation } from "../../lab/pulumi";
import { type Manager, managers } from "./managers";
import { filesOf, uses } from "./project";

async function main(chosen: string[]): Promise<void> {
  const names = managers.map(({ name }) => name);
  const unknown = chosen.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`no package manager ${unknown.join(", ")}; there are ${names.join(", ")}`);
  const installation = await ensurePulumi({ log: (line) => console.error(line) });
  const directory = mkdtempSync(join(tmpdir(), "vm-placement-install-"));
  try {
    const packed = run(["npm", "pack", "--ignore-scripts", "--json", "--pack-destination", directory], process.cwd());
    const tarball = join(directory, (JSON.parse(packed) as { filename: string }[])[0]!.filename);
    for (const manager of managers) {
      if (chosen.length > 0 && !chosen.includes(manager.name)) continue;
      const start = Date.now();
      await check(manager, join(directory, manager.name), tarball, installation);
      console.log(`${manager.name.padEnd(14)}${((Date.now() - start) / 1000).toFixed(0).padStart(4)} s`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function check(manager: Manager, directory: string, tarball: string, installation: PulumiInstallation) {
  const projectDir = join(directory, "project");
  mkdirSync(projectDir, { recursive: true });
  for (const [name, text] of Object.entries({ ...filesOf(tarball, versionOf), ...manager.files })) {
    writeFileSync(join(projectDir, name), text);
  }
  for (const command of manager.commands) run(command, projectDir);
  for (const use of uses) run(use, projectDir);
  const pulumi = new Pulumi({
    installation,
    projectDir,
    backendDir: join(directory, "pulumi"),
    env: { HOME: directory, PULUMI_STACK: "test" },
  });
  await pulumi.expect(["stack", "init", "test"]);
  await pulumi.expect(["config", "set", "vm-placement:preview", "static"]);
  await pulumi.expect(["config", "set", "--path", "vm-placement:hosts.kvm-a.address", "10.0.0.11"]);
  const { stdout } = await pulumi.expect(["preview", "--diff"]);
  if (!stdout.includes("virsh migrate --live ")) throw new Error(`${manager.name}: no plan in the preview\n${stdout}`);
}

function versionOf(name: string): string {
  return (JSON.parse(readFileSync(join("node_modules", name, "package.json"), "utf8")) as { version: string }).version;
}

function run(command: readonly string[], cwd: string): string {
  const [program, ...args] = command;
  const { status, stdout, stderr, error } = spawnSync(program!, args, { cwd, encoding: "utf8", timeout: 300_000 });
  if (status === 0) return stdout;
  throw new Error(`${command.join(" ")} failed in ${cwd}: ${error?.message ?? ""}\n${stdout}${stderr}`);
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
