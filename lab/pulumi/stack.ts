/** A Pulumi project of its own, with the real CLI and a lab's hosts as inventory. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { parse } from "yaml";
import type { Lab } from "../libvirt";
import { atSignal } from "../at-signal";
import { endProcessesIn } from "../end-processes-in";
import {
  type CommandResult,
  ensurePulumi,
  type ExportedResource,
  Pulumi,
  type PulumiInstallation,
  type RunOptions,
  type StackExport,
} from ".";
import { debugCommands } from "./event-log";
import { ensureYamlHost } from "./go-programs";
import { type Declared, inYaml, makePlugin, program, projectText, providerProcesses, type Through } from "./programs";

export type { Declared, Through } from "./programs";

const root = join(__dirname, "../..");

export interface StackOptions {
  /** More of the stack's configuration, or another inventory: values of `config:` by key. */
  config?: Record<string, unknown>;
  /** Replaces the program, which declares what `declare` was given. */
  program?: string;
  env?: Record<string, string>;
  /** Makes the project in this directory, packages and all, instead of one that uses this repository's. */
  makeProject?: (projectDir: string) => Promise<void>;
  /** The directory of another `node` to run program and provider. */
  nodeDir?: string;
  /** Default: the dynamic resource. Programs of the other kind run only in a stack that was made for the provider. */
  through?: Through;
}

export class Stack {
  private constructor(
    readonly dir: string,
    readonly pulumi: Pulumi,
    private readonly salt: string,
    private config: Record<string, unknown>,
    private readonly lab: Lab,
    private readonly installation: PulumiInstallation,
    private through: Through,
  ) {}

  static async create(lab: Lab, options: StackOptions = {}): Promise<Stack> {
    const { through = "dynamic resource" } = options;
    const yamlDir = through === "provider" ? await ensureYamlHost((line) => console.error(line)) : undefined;
    const installation = await pulumiWith(options.nodeDir ?? yamlDir);
    const dir = makeDirectory();
    try {
      mkdirSync(join(dir, "project"));
      const projectDir = join(dir, "project");
      await (options.makeProject ?? makeProject(options.program ?? program))(projectDir);
      if (through === "provider") makePlugin(dir);
      const pulumi = pulumiIn(dir, installation, options.env);
      await pulumi.expect(["stack", "init", "test"]);
      const salt = readFileSync(join(projectDir, "Pulumi.test.yaml"), "utf8");
      const config = { "vm-placement:hosts": lab.inventory(), ...options.config };
      const stack = new Stack(dir, pulumi, salt, config, lab, installation, through);
      stack.configure({});
      if (through === "provider") stack.declare({});
      return stack;
    } catch (error) {
      removeAll(dir);
      throw error;
    }
  }

  /** The same stack, with its state, for a lab of the same host names: as if it had always been that lab's. */
  copy(lab: Lab): Stack {
    const dir = makeDirectory();
    cpSync(this.dir, dir, { recursive: true, verbatimSymlinks: true });
    const file = stateFile(dir);
    let state = readFileSync(file, "utf8").replaceAll(`${this.lab.dir}/`, `${lab.dir}/`);
    for (const { name, address } of this.lab.hosts) state = state.replaceAll(address, lab.host(name).address);
    writeFileSync(file, state);
    const { installation, through } = this;
    const stack = new Stack(dir, pulumiIn(dir, installation), this.salt, this.config, lab, installation, through);
    stack.configure({ "vm-placement:hosts": lab.inventory() });
    return stack;
  }

  /** From now on the program is one of that kind: what it declares has to be declared again. */
  switchTo(through: Through): void {
    this.through = through;
    writeFileSync(join(this.dir, "project/Pulumi.yaml"), projectText(through));
  }

  /** A part of the command line of the process that has the handlers. */
  get providerProcess(): string {
    return providerProcesses[this.through];
  }

  /** Sets values of the stack's configuration, as someone who edits Pulumi.STACK.yaml; undefined takes one out. */
  configure(config: Record<string, unknown>): void {
    this.config = { ...this.config, ...config };
    writeFileSync(join(this.dir, "project/Pulumi.test.yaml"), `${this.salt}config: ${JSON.stringify(this.config)}\n`);
  }

  /** What the program declares from now on. */
  declare(placements: Record<string, Declared>): void {
    if (this.through === "provider") return this.declareInYaml(...inYaml(placements));
    writeFileSync(join(this.dir, "project/placements.json"), JSON.stringify(placements));
  }

  /** The resources and outputs of a YAML program. */
  declareInYaml(resources: object, outputs: object = {}): void {
    writeFileSync(join(this.dir, "project/Pulumi.yaml"), projectText("provider", { resources, outputs }));
  }

  /** `pulumi up` in one step, without its preview: half the time. */
  up(args: readonly string[] = [], options?: RunOptions): Promise<CommandResult> {
    return this.pulumi.run(["up", "--yes", "--skip-preview", ...args], options);
  }

  preview(args: readonly string[] = []): Promise<CommandResult> {
    return this.pulumi.run(["preview", "--diff", ...args]);
  }

  refresh(args: readonly string[] = []): Promise<CommandResult> {
    return this.pulumi.run(["refresh", "--yes", ...args]);
  }

  destroy(args: readonly string[] = []): Promise<CommandResult> {
    return this.pulumi.run(["destroy", "--yes", ...args]);
  }

  /** The state as it is saved, without `pulumi`: also in the middle of a command, and after one that was killed. */
  saved(): StackExport["deployment"] {
    const { checkpoint } = JSON.parse(readFileSync(stateFile(this.dir), "utf8")) as {
      checkpoint: { latest: StackExport["deployment"] | null };
    };
    return checkpoint.latest ?? {};
  }

  /** A copy of the state, to begin with again: without an `up` that adopts the same VM. @returns what puts it back. */
  keepState(): () => void {
    const text = readFileSync(stateFile(this.dir), "utf8");
    return () => writeFileSync(stateFile(this.dir), text);
  }

  /** A placement as it stands in the state file. */
  resource(name: string): ExportedResource | undefined {
    return this.saved().resources?.find(({ urn }) => urn.endsWith(`:VmPlacement::${name}`));
  }

  /** The outputs of a placement that must be in the state. */
  outputs(name: string): Record<string, unknown> {
    const resource = this.resource(name);
    if (!resource?.outputs) throw new Error(`${name} is not in the state`);
    return resource.outputs;
  }

  remove(): void {
    removeAll(this.dir);
  }
}

/** Where the CLI keeps the state of the stack of the project in this stack's directory. */
function stateFile(dir: string): string {
  const { name } = parse(readFileSync(join(dir, "project/Pulumi.yaml"), "utf8")) as { name: string };
  return join(dir, "pulumi/state/.pulumi/stacks", name, "test.json");
}

const releases = new Map<string, () => void>();

function makeDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), "vm-placement-stack-"));
  releases.set(
    dir,
    atSignal(() => removeAll(dir)),
  );
  return dir;
}

function removeAll(dir: string): void {
  endProcessesIn(dir);
  // One that was just ended may still write its last file.
  rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  releases.get(dir)?.();
  releases.delete(dir);
}

const installations = new Map<string | undefined, Promise<PulumiInstallation>>();

/** @param first a directory at the beginning of PATH. */
function pulumiWith(first: string | undefined): Promise<PulumiInstallation> {
  const path = [first, process.env["PATH"]].filter((part) => part !== undefined).join(delimiter);
  const installation =
    installations.get(first) ??
    ensurePulumi({ log: (line) => console.error(line), env: { ...process.env, PATH: path } });
  installations.set(first, installation);
  return installation;
}

function makeProject(text: string): (projectDir: string) => Promise<void> {
  return (projectDir) => {
    const file = (name: string, content: string) => writeFileSync(join(projectDir, name), content);
    file("Pulumi.yaml", projectText("dynamic resource"));
    file("package.json", JSON.stringify({ name: "placements", private: true, main: "index.js" }));
    file("index.js", text);
    file("placements.json", "{}");
    symlinkSync(join(root, "node_modules"), join(projectDir, "node_modules"));
    return Promise.resolve();
  };
}

function pulumiIn(dir: string, found: PulumiInstallation, env: Record<string, string> = {}): Pulumi {
  return new Pulumi({
    installation: found,
    projectDir: join(dir, "project"),
    backendDir: join(dir, "pulumi"),
    // The workspace's own note of the selected stack is kept by directory, and does not come along with a copy.
    env: { HOME: dir, SSH_AUTH_SOCK: "", PULUMI_STACK: "test", ...debugCommands, ...env },
  });
}
