import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Lab } from "../../lab/libvirt";
import { atSignal } from "../../lab/at-signal";
import type { RunOptions } from "../../lab/pulumi";
import { runCommand } from "../../lab/pulumi/run-command";
import { ensureRuntime, newest } from "../../lab/runtimes";
import { describeWithLab } from "../support/lab";
import { Stack, typeChecked, typesUnchecked } from "../support/stack";

const root = join(__dirname, "../..");
/** The newest SDK that runs on the oldest Node; what this repository is built with. */
const versionOf = (name: string) =>
  (JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")) as { version: string }).version;

/** The options of Pulumi's own template for TypeScript. */
const usualOptions = {
  strict: true,
  outDir: "bin",
  target: "es2020",
  module: "commonjs",
  moduleResolution: "node",
  sourceMap: true,
  experimentalDecorators: true,
  pretty: true,
  noFallthroughCasesInSwitch: true,
  noImplicitReturns: true,
  forceConsistentCasingInFileNames: true,
};

interface ProjectOptions {
  manager?: "npm" | "pnpm";
  type?: "commonjs" | "module";
  sdk?: string;
  nodeDir?: string;
}

describeWithLab("the packed package, in a project elsewhere", {}, (lab) => {
  let directory: string;
  let tarball: string;
  const move = "migrate --live --p2p --persistent --undefinesource db-01 qemu+ssh://";

  before(async function () {
    this.timeout(120_000);
    directory = mkdtempSync(join(tmpdir(), "vm-placement-package-"));
    release = atSignal(removeDirectory);
    const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", directory];
    const packed = JSON.parse(execFileSync("npm", pack, { cwd: root, encoding: "utf8" })) as { filename: string }[];
    tarball = join(directory, packed[0]!.filename);
    await lab().startGuest({ name: "db-01", host: "kvm-a" });
    await lab().startGuest({ name: "archive-01", host: "kvm-a", state: "shutOff" });
  });
  const removeDirectory = () => rmSync(directory, { recursive: true, force: true });
  let release = () => {};
  after(() => {
    removeDirectory();
    release();
  });

  /** A project as a user has it: the packages from their registry, ours from the tarball. */
  async function project(options: ProjectOptions, files: (projectDir: string) => void): Promise<Stack> {
    const { manager = "npm", type = "commonjs", sdk = versionOf("@pulumi/pulumi"), nodeDir } = options;
    return Stack.create(lab(), {
      config: { "placements:host": "kvm-a" },
      env: typesUnchecked,
      ...(nodeDir !== undefined && { nodeDir }),
      makeProject: async (projectDir) => {
        const file = (name: string, text: string) => writeFileSync(join(projectDir, name), text);
        const dependencies = {
          "@pulumi/pulumi": sdk,
          "pulumi-vm-placement": `file:${tarball}`,
        };
        const devDependencies = {
          "@types/node": versionOf("@types/node"),
          typescript: versionOf("typescript"),
        };
        file(
          "package.json",
          JSON.stringify({ name: "placements", private: true, type, dependencies, devDependencies }),
        );
        file("Pulumi.yaml", "name: placements\nruntime: nodejs\n");
        files(projectDir);
        const own = ["store", "cache", "state"].map((what) => `--config.${what}-dir=${join(directory, what)}`);
        const [program, ...args] =
          manager === "npm"
            ? ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"]
            : ["npx", "--yes", "pnpm@9", "install", "--ignore-scripts", ...own];
        const { code, stdout, stderr } = await runCommand(program, args, { cwd: projectDir, timeoutMs: 240_000 });
        assert.equal(code, 0, `${stdout}${stderr}`);
      },
    });
  }

  function typescriptProject(projectDir: string): void {
    copyFileSync(join(__dirname, "package/program.ts"), join(projectDir, "index.ts"));
    writeFileSync(
      join(projectDir, "tsconfig.json"),
      JSON.stringify({ compilerOptions: usualOptions, files: ["index.ts"] }),
    );
  }

  const tsc = (stack: Stack, ...args: string[]) =>
    runCommand("node_modules/.bin/tsc", ["--noEmit", ...args], { cwd: join(stack.dir, "project"), timeoutMs: 120_000 });

  async function upTo(stack: Stack, host: string, options: RunOptions = {}): Promise<string> {
    stack.configure({ "placements:host": host });
    const { code, stdout, stderr } = await stack.up([], options);
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  }

  describe("in TypeScript, installed by npm", () => {
    let stack: Stack;

    before(async function () {
      this.timeout(15 * 60_000);
      stack = await project({}, typescriptProject);
    });
    after(() => stack?.remove());

    it("brings no second copy of the SDK, nor itself as a link", () => {
      const modules = join(stack.dir, "project/node_modules");
      const copies = readdirSync(modules, { recursive: true, encoding: "utf8" }).filter((path) =>
        /(^|\/)@pulumi\/pulumi\/package\.json$/.test(path),
      );
      assert.deepEqual(copies, ["@pulumi/pulumi/package.json"]);
      assert.ok(readdirSync(join(modules, "pulumi-vm-placement/dist")).includes("handlers.js"));
    });

    it("has types that hold, and that refuse wrong inputs", async () => {
      const { code, stdout } = await tsc(stack);
      assert.equal(code, 0, stdout);
    });

    it("has types that hold in every setting of module resolution", async () => {
      for (const [module, resolution] of [
        ["node16", "node16"],
        ["esnext", "bundler"],
      ] as const) {
        const { code, stdout } = await tsc(stack, "--module", module, "--moduleResolution", resolution);
        assert.equal(code, 0, `${resolution}: ${stdout}`);
      }
    });

    it("adopts, moves there and back, the one that runs live and the other offline", async () => {
      assert.match(await upTo(stack, "kvm-a", typeChecked), /VmPlacement db created/);
      assert.deepEqual(await everywhere(lab()), { "kvm-a": ["archive-01", "db-01"], "kvm-b": [] });
      const moved = await upTo(stack, "kvm-b");
      assert.match(moved, /moved kvm-a → kvm-b in [\d.]+ m?s, paused [\d.]+ m?s/);
      assert.match(moved, /moved kvm-a → kvm-b \(shut off\)/);
      assert.deepEqual(await everywhere(lab()), { "kvm-a": [], "kvm-b": ["archive-01", "db-01"] });
      assert.equal(await lab().host("kvm-b").virsh("domstate archive-01"), "shut off");
      const last = stack.outputs("archive")["lastMigration"] as Record<string, unknown>;
      assert.equal(last["mode"], "offline");
      await upTo(stack, "kvm-a");
      assert.deepEqual(await everywhere(lab()), { "kvm-a": ["archive-01", "db-01"], "kvm-b": [] });
      assert.equal(await lab().host("kvm-a").virsh("domstate db-01"), "running");
    });

    it("finds by refresh what was moved by hand, and the next up brings it back", async () => {
      await lab().host("kvm-a").virsh(`${move}kvm-b/system`);
      const refresh = await stack.refresh();
      assert.equal(refresh.code, 0, refresh.stdout);
      assert.equal(stack.outputs("db")["currentHost"], "kvm-b");
      await upTo(stack, "kvm-a");
      assert.equal(await lab().host("kvm-a").virsh("domstate db-01"), "running");
    });

    it("opens no ssh connection for an up that changes nothing", async () => {
      for (const host of lab().hosts) await host.stopSshd();
      try {
        assert.match(await upTo(stack, "kvm-a"), /3 unchanged/);
      } finally {
        for (const host of lab().hosts) await host.startSshd();
      }
    });

    it("forgets the placements by destroy and touches no VM", async () => {
      const { code, stdout } = await stack.destroy();
      assert.equal(code, 0, stdout);
      assert.deepEqual(await everywhere(lab()), { "kvm-a": ["archive-01", "db-01"], "kvm-b": [] });
    });
  });

  it("works in a project of ECMAScript modules", async function () {
    this.timeout(15 * 60_000);
    const program = `import * as pulumi from "@pulumi/pulumi";
import { VmPlacement } from "pulumi-vm-placement";
export const where = new VmPlacement("db", { domain: "db-01", host: new pulumi.Config().require("host") }).currentHost;
`;
    const stack = await project({ type: "module" }, (projectDir) => {
      writeFileSync(join(projectDir, "index.js"), program);
    });
    try {
      writeFileSync(join(stack.dir, "project/check.mts"), program);
      const types = await tsc(stack, "--strict", "--module", "nodenext", "--target", "es2022", "check.mts");
      assert.equal(types.code, 0, types.stdout);
      await moveBackAndForth(stack);
    } finally {
      stack.remove();
    }
  });

  it("works where pnpm lays out the packages", async function () {
    this.timeout(15 * 60_000);
    const stack = await project({ manager: "pnpm" }, typescriptProject);
    try {
      const types = await tsc(stack);
      assert.equal(types.code, 0, types.stdout);
      await moveBackAndForth(stack);
    } finally {
      stack.remove();
    }
  });

  it("moves a VM on the newest Node and SDK", async function () {
    this.timeout(15 * 60_000);
    const runtime = await ensureRuntime(newest, (line) => console.error(line));
    const stack = await project({ sdk: newest.sdk, nodeDir: dirname(runtime.node) }, (projectDir) => {
      typescriptProject(projectDir);
      const versions = `\nexport const versions = [process.versions.node, require("@pulumi/pulumi/version").version];\n`;
      appendFileSync(join(projectDir, "index.ts"), versions);
    });
    try {
      await moveBackAndForth(stack);
      const { stdout } = await stack.pulumi.expect(["stack", "output", "versions", "--json"]);
      assert.deepEqual(JSON.parse(stdout), [newest.node, newest.sdk]);
    } finally {
      stack.remove();
    }
  });

  async function moveBackAndForth(stack: Stack): Promise<void> {
    for (const [index, host] of ["kvm-a", "kvm-b", "kvm-a"].entries()) {
      await upTo(stack, host, index === 0 ? typeChecked : {});
      assert.equal(stack.outputs("db")["currentHost"], host);
      assert.equal(await lab().host(host).virsh("domstate db-01"), "running");
    }
  }
});

async function everywhere(lab: Lab): Promise<Record<string, string[]>> {
  const names = await Promise.all(
    lab.hosts.map(async (host) => {
      const list = await host.virsh("list --all --name");
      return [
        host.name,
        list
          .split("\n")
          .filter((name) => name !== "")
          .sort(),
      ] as const;
    }),
  );
  return Object.fromEntries(names);
}
