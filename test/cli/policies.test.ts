import assert from "node:assert/strict";
import { cpSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../../lab/libvirt";
import { Stack } from "../../lab/pulumi/stack";
import type { MigrationArgs } from "../../provider";
import { type PolicyName, placementPolicies, type PolicySettings } from "../../provider/policy";

const root = join(__dirname, "../..");
const hosts = {
  "kvm-a": { labels: { site: "muc" }, hostKey: `SHA256:${"a".repeat(43)}` },
  "kvm-b": { labels: { site: "muc" }, hostKey: `SHA256:${"b".repeat(43)}` },
  "kvm-c": { labels: { site: "ber" }, hostKey: `SHA256:${"c".repeat(43)}`, maintenance: true },
  "kvm-d": { labels: { site: "ber" } },
};
/** Previews that ask no host, so there need be none. */
const noLab = { inventory: () => hosts } as unknown as Lab;

const all = placementPolicies().map(({ name }) => name as PolicyName);
/** A window that is open now, or one that is not, at any time of the day. */
const hour = (offset: number) => `${String((new Date().getUTCHours() + offset) % 24).padStart(2, "0")}:00`;
const open = { windows: [{ from: hour(23), to: hour(2) }], timeZone: "UTC" };
const closed = { windows: [{ from: hour(3), to: hour(5) }], timeZone: "UTC" };

const db = { maxDowntime: "300ms", timeout: "30m", tls: true };
const placed = (domain: string, host: string | string[], migration: MigrationArgs = {}) => ({
  [domain]: { args: { domain, host, migration } },
});
const good = {
  ...placed("db-01", "kvm-a", db),
  ...placed("db-02", "kvm-b", db),
  ...placed("cache-01", "kvm-a", { tls: true }),
  ...placed("web-01", ["kvm-b", "kvm-c"], { tls: true }),
};
const bad = {
  ...placed("db-01", "kvm-c", { postCopy: { after: "20s" } }),
  ...placed("db-02", "kvm-c", db),
  ...placed("web-01", "kvm-c", { tls: true, unsafe: true }),
  ...placed("web-02", "kvm-d", { tls: true, accept: ["cpu"] }),
};
/** Of the policy, the VMs or hosts that its violations in `bad` begin with. */
const refused: Record<PolicyName, readonly string[]> = {
  "no-unsafe": ["web-01"],
  "no-accepted-blockers": ["web-02"],
  "pinned-host-keys": ["web-02"],
  "peer-transport": ["web-02"],
  encryption: ["db-01"],
  "no-post-copy": ["db-01"],
  "migration-limits": ["db-01"],
  "allowed-hosts": ["db-01", "db-02"],
  "apart-and-together": ["db-01, db-02"],
  maintenance: ["db-01", "db-02", "web-01"],
  capacity: ["kvm-c"],
  "moves-per-update": ["this update"],
  "change-windows": ["db-01", "db-02"],
};

describe("the example of a policy pack, in a preview that asks no host", () => {
  let stack: Stack;
  let pack: string;

  before(async function () {
    // Where no CLI is to be had by other means it is built, once.
    this.timeout(15 * 60_000);
    stack = await Stack.create(noLab, { config: { "vm-placement:preview": "static" } });
    pack = join(stack.dir, "policy");
    cpSync(join(root, "examples/policy"), pack, { recursive: true });
    symlinkSync(join(root, "node_modules"), join(pack, "node_modules"));
  });
  after(() => stack?.remove());

  async function preview(placements: Parameters<Stack["declare"]>[0], config: PolicySettings) {
    stack.declare(placements);
    const file = join(stack.dir, "policies.json");
    writeFileSync(file, JSON.stringify(config));
    const args = ["preview", "--diff", "--policy-pack", pack, "--policy-pack-config", file];
    const { code, stdout, stderr } = await stack.pulumi.run(args);
    return { code, output: `${stdout}\n${stderr}` };
  }

  /** A file with the state of a stack whose VMs are on these hosts. */
  function stateOf(vms: Record<string, string>): string {
    const urn = (type: string, name: string) => `urn:pulumi:test::placements::${type}::${name}`;
    const [stackType, type] = ["pulumi:pulumi:Stack", "pulumi-nodejs:dynamic/libvirt:VmPlacement"];
    const providerType = "pulumi:providers:pulumi-nodejs";
    const id = "00000000-0000-4000-8000-000000000001";
    const __provider = 'exports.handler = () => require("pulumi-vm-placement/handlers");';
    const resources = Object.entries(vms).map(([domain, host]) => {
      const inputs = { domain, host, migration: {}, plan: {}, __provider };
      const outputs = { ...inputs, currentHost: host, domainUuid: id, state: "running", schemaVersion: 1 };
      const [parent, provider] = [urn(stackType, "placements-test"), `${urn(providerType, "default")}::${id}`];
      return { urn: urn(type, domain), custom: true, id, type, inputs, outputs, parent, provider };
    });
    const deployment = {
      manifest: { time: "2026-01-01T00:00:00Z", magic: "", version: "" },
      resources: [
        { urn: urn(stackType, "placements-test"), custom: false, type: stackType },
        { urn: urn(providerType, "default"), custom: true, id, type: providerType, inputs: {}, outputs: {} },
        ...resources,
      ],
    };
    const file = join(stack.dir, "state.json");
    writeFileSync(file, JSON.stringify({ version: 3, deployment }));
    return file;
  }

  /** What the violations of each policy begin with, each once. */
  function violationsIn(output: string): Record<string, string[]> {
    const found: Record<string, Set<string>> = {};
    let policy: string | undefined;
    for (const line of output.split("\n")) {
      policy = all.find((name) => new RegExp(`\\b${name}\\b {2}\\(`).test(line)) ?? policy;
      const [, subject] = /^\s*(\S.*?): got /.exec(line) ?? [];
      if (policy && subject) (found[policy] ??= new Set()).add(subject);
    }
    return Object.fromEntries(Object.entries(found).map(([name, subjects]) => [name, [...subjects].sort()]));
  }

  it("vetoes what each policy is against", async () => {
    const { code, output } = await preview(bad, {
      "moves-per-update": { max: 3 },
      "change-windows": closed,
      "peer-transport": { allowed: ["tls"], vms: ["web-02"] },
    });
    assert.notEqual(code, 0, output);
    assert.deepEqual(violationsIn(output), refused, output);
  });

  it("passes a program that keeps to all of them", async () => {
    const { code, output } = await preview(good, { "change-windows": open });
    assert.equal(code, 0, output);
    assert.deepEqual(violationsIn(output), {}, output);
  });

  it("takes levels and settings from --policy-pack-config, and encrypts what a remediation may change", async () => {
    const config = Object.fromEntries(all.map((name) => [name, { enforcementLevel: "disabled" }])) as PolicySettings;
    const { code, output } = await preview(bad, {
      ...config,
      "no-accepted-blockers": { enforcementLevel: "mandatory", allowed: ["cpu"] },
      "no-unsafe": { enforcementLevel: "advisory" },
      encryption: { enforcementLevel: "remediate" },
    });
    assert.equal(code, 0, output);
    assert.deepEqual(violationsIn(output), { "no-unsafe": ["web-01"] }, output);
    assert.match(output, /remediate.*encryption/, output);
  });

  it("counts as moved what the update makes or changes, and lets a VM stay on a host in maintenance", async () => {
    await stack.pulumi.expect(["stack", "import", "--file", stateOf({ "db-01": "kvm-c", "web-01": "kvm-b" })]);
    const disabled = all.map((name) => [name, { enforcementLevel: "disabled" }]);
    const mandatory = { enforcementLevel: "mandatory" } as const;
    const { code, output } = await preview(
      { ...placed("db-01", "kvm-c"), ...placed("web-01", "kvm-c") },
      {
        ...(Object.fromEntries(disabled) as PolicySettings),
        maintenance: mandatory,
        "moves-per-update": { ...mandatory, max: 0 },
      },
    );
    assert.notEqual(code, 0, output);
    assert.deepEqual(violationsIn(output), { maintenance: ["web-01"], "moves-per-update": ["this update"] }, output);
    assert.match(output, /got 1 placements that it makes or changes \(web-01\)/, output);
  });
});
