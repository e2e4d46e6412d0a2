/**
 * A stack of many placements, through the dynamic resource or the provider for every language, or of as many resources of the same size
 * whose provider does nothing; its state is written, not made.
 */
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Pulumi, type PulumiInstallation, type StackExport } from "../../lab/pulumi";
import { makePlugin, providerProcesses, type Through } from "../../lab/pulumi/programs";
import { hostOf, uuidOf, vmOf } from "./fleet-names";
import { PeakMemory } from "./peak-memory";
import { childrenMs } from "./processor-time";

const root = join(__dirname, "../..");
const programs = {
  placement: `
const { VmPlacement } = require("pulumi-vm-placement");
for (const [name, args] of declared) new VmPlacement(name, args);
`,
  provider: `
const pulumi = require("@pulumi/pulumi");
class Placement extends pulumi.CustomResource {
  constructor(name, args) {
    super("vm-placement:index:VmPlacement", name, { ...args, ...unknown });
  }
}
for (const [name, args] of declared) new Placement(name, args);
`,
  idle: `
const pulumi = require("@pulumi/pulumi");
const __provider = 'exports.handler = () => require("' + __dirname + '/idle.js");';
class Idle extends pulumi.CustomResource {
  constructor(name, args) {
    super("pulumi-nodejs:dynamic/bench:Idle", name, { ...args, ...unknown, __provider });
  }
}
for (const [name, args] of declared) new Idle(name, args);
`,
};
const beginning = `
const declared = JSON.parse(require("fs").readFileSync(__dirname + "/declared.json", "utf8"));
const unknown = { currentHost: undefined, domainUuid: undefined, state: undefined, plan: undefined, lastMigration: undefined };
`;
const idleHandlers = `
exports.check = async (olds, news) => ({ inputs: { ...olds, ...news }, failures: [] });
exports.diff = async (_id, olds, news) => ({ changes: olds.host !== news.host });
exports.read = async (id, props) => ({ id, props });
exports.create = async (inputs) => ({ id: inputs.domain, outs: inputs });
exports.update = async (_id, _olds, news) => ({ outs: news });
`;

export type Kind = keyof typeof programs;

export class ScaleProject {
  readonly dir: string;
  private readonly pulumi: Pulumi;
  private readonly through: Through;

  constructor(
    readonly kind: Kind,
    parent: string,
    installation: PulumiInstallation,
  ) {
    this.dir = join(parent, kind);
    mkdirSync(this.dir, { recursive: true });
    this.through = kind === "provider" ? "provider" : "dynamic resource";
    const runtime = { name: "nodejs", options: { typescript: false } };
    // A plugin that no resource needs is not started.
    const plugins = { providers: [{ name: "vm-placement", path: "./plugin" }] };
    makePlugin(this.dir);
    this.write("Pulumi.yaml", JSON.stringify({ name: `scale-${kind}`, runtime, plugins }));
    this.write("package.json", JSON.stringify({ name: `scale-${kind}`, private: true, main: "index.js" }));
    this.write("index.js", beginning + programs[kind]);
    this.write("idle.js", idleHandlers);
    symlinkSync(join(root, "node_modules"), join(this.dir, "node_modules"));
    const env = { HOME: parent, SSH_AUTH_SOCK: "", PULUMI_STACK: "test" };
    this.pulumi = new Pulumi({ installation, projectDir: this.dir, backendDir: join(parent, `${kind}-backend`), env });
  }

  /** The stack, with the first placement as the real `up` leaves it. */
  async begin(inventory: unknown): Promise<StackExport> {
    await this.pulumi.expect(["stack", "init", "test"]);
    const file = "Pulumi.test.yaml";
    const salt = readFileSync(join(this.dir, file), "utf8");
    this.write(file, `${salt}config: ${JSON.stringify({ "vm-placement:hosts": inventory })}\n`);
    this.declare(1, 1, 0);
    await this.pulumi.expect(["up", "--yes", "--skip-preview"]);
    return this.pulumi.stackExport();
  }

  /** Makes `count` of the one resource: of the placement's own state, for both kinds. */
  async fill(first: StackExport, own: StackExport, count: number, hosts: number): Promise<void> {
    const placement = first.deployment.resources!.find(({ urn }) => urn.endsWith(`::${vmOf(0)}`))!;
    const mine = own.deployment.resources!.find(({ urn }) => urn.endsWith(`::${vmOf(0)}`))!;
    const text = JSON.stringify({
      ...placement,
      urn: mine.urn,
      type: mine.type,
      provider: mine["provider"],
      parent: mine["parent"],
      inputs: { ...placement.inputs, __provider: mine.inputs!["__provider"], ...urnOf(mine.inputs!) },
      outputs: { ...placement.outputs, __provider: mine.outputs!["__provider"], ...urnOf(mine.outputs!) },
    });
    const copies = Array.from({ length: count }, (_, index): unknown =>
      JSON.parse(
        text
          .replaceAll(vmOf(0), vmOf(index))
          .replaceAll(uuidOf(0), uuidOf(index))
          .replaceAll(hostOf(0), hostOf(index % hosts)),
      ),
    );
    const others = own.deployment.resources!.filter((resource) => resource !== mine);
    this.write(
      "state.json",
      JSON.stringify({ ...own, deployment: { ...own.deployment, resources: [...others, ...copies] } }),
    );
    await this.pulumi.expect(["stack", "import", "--file", "state.json"]);
  }

  /** Of `count` VMs the program moves the first ones to the next host: of one host after the other. */
  declare(count: number, hosts: number, moves: number): void {
    const declared = Array.from({ length: count }, (_, index) => {
      const host = hostOf((index + (index < moves ? 1 : 0)) % hosts);
      return [vmOf(index), { domain: vmOf(index), host }];
    });
    this.write("declared.json", JSON.stringify(declared));
  }

  /** How long the command took, what it and its processes used of the processors, and the peak of its provider process. */
  async timed(
    args: readonly string[],
    expected: RegExp,
    env: Record<string, string> = {},
  ): Promise<{ ms: number; cpuMs: number; peakMB: number }> {
    const used = childrenMs();
    const memory = new PeakMemory(this.dir, providerProcesses[this.through]);
    const start = performance.now();
    const { stdout } = await this.pulumi.expect(args, { env });
    const ms = performance.now() - start;
    const peakMB = memory.stop();
    const cpuMs = childrenMs() - used;
    if (!expected.test(stdout))
      throw new Error(`pulumi ${args.join(" ")} of ${this.kind} printed:\n${stdout.slice(-3000)}`);
    return { ms, cpuMs, peakMB };
  }

  /** Of the state file, which holds all the stack. */
  stateBytes(): number {
    return statSync(join(this.dir, "state.json")).size;
  }

  private write(name: string, text: string): void {
    writeFileSync(join(this.dir, name), text);
  }
}

function urnOf(props: Record<string, unknown>): Record<string, unknown> {
  return props["__urn"] === undefined ? {} : { __urn: props["__urn"] };
}
