/** `pulumi up` of a placement, and of a resource of the same shape whose provider does nothing: the difference is the product. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../../lab/libvirt";
import { Pulumi, type PulumiInstallation } from "../../lab/pulumi";

const root = join(__dirname, "../..");

const placement = `
const { VmPlacement } = require("pulumi-vm-placement");
const args = JSON.parse(require("fs").readFileSync(__dirname + "/args.json", "utf8"));
exports.where = new VmPlacement("db", args).currentHost;
`;

/** As short as a provider can be: neither serialised closures nor libraries of its own. */
const idle = `
const pulumi = require("@pulumi/pulumi");
const args = JSON.parse(require("fs").readFileSync(__dirname + "/args.json", "utf8"));
const __provider = "exports.handler = () => require(" + JSON.stringify(__dirname + "/idle.js") + ");";
const type = "pulumi-nodejs:dynamic/bench:Idle";
exports.where = new pulumi.CustomResource(type, "db", { ...args, currentHost: undefined, __provider }).currentHost;
`;

const idleHandlers = `
exports.check = async (_olds, inputs) => ({ inputs, failures: [] });
exports.diff = async (_id, olds, news) => ({ changes: olds.host !== news.host });
exports.create = async (inputs) => ({ id: "idle", outs: { ...inputs, currentHost: inputs.host } });
exports.update = async (_id, _olds, news) => ({ outs: { ...news, currentHost: news.host } });
`;

export class Project {
  private constructor(
    private readonly dir: string,
    private readonly pulumi: Pulumi,
    private readonly domain: string,
  ) {}

  static async create(
    kind: "placement" | "idle",
    lab: Lab,
    domain: string,
    installation: PulumiInstallation,
  ): Promise<Project> {
    const dir = join(lab.dir, "bench", kind);
    mkdirSync(dir, { recursive: true });
    const file = (name: string, text: string) => writeFileSync(join(dir, name), text);
    file("Pulumi.yaml", `name: bench-${kind}\nruntime: { name: nodejs, options: { typescript: false } }\n`);
    file("package.json", JSON.stringify({ name: `bench-${kind}`, private: true, main: "index.js" }));
    file("index.js", kind === "placement" ? placement : idle);
    file("idle.js", idleHandlers);
    symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
    const pulumi = new Pulumi({ installation, projectDir: dir, backendDir: backendOf(lab) });
    await pulumi.expect(["stack", "init", `bench-${kind}`]);
    const settings = join(dir, `Pulumi.bench-${kind}.yaml`);
    const config = { "vm-placement:hosts": lab.inventory() };
    writeFileSync(settings, `${readFileSync(settings, "utf8")}config: ${JSON.stringify(config)}\n`);
    return new Project(dir, pulumi, domain);
  }

  /** Returns the milliseconds that `pulumi up` took. */
  async up(host: string): Promise<number> {
    writeFileSync(join(this.dir, "args.json"), JSON.stringify({ domain: this.domain, host }));
    const start = performance.now();
    const { stdout } = await this.pulumi.expect(["up", "--yes", "--skip-preview"]);
    const ms = performance.now() - start;
    if (!/created|updated/.test(stdout)) throw new Error(`\`pulumi up\` had nothing to do:\n${stdout}`);
    return ms;
  }

  /** The state learns where the VM is after it was moved without Pulumi. */
  async refresh(): Promise<void> {
    await this.pulumi.expect(["refresh", "--yes"]);
  }
}

function backendOf(lab: Lab): string {
  return join(lab.dir, "bench", "pulumi");
}
