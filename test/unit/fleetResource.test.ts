import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import * as settings from "@pulumi/pulumi/runtime/settings";
import { VmFleet, type VmFleetArgs } from "../../provider";

type Props = Record<string, unknown>;
const placementType = "pulumi-nodejs:dynamic/libvirt:VmPlacement";

interface Registered {
  type: string;
  name: string;
  inputs: Props;
  parent: string | undefined;
  dependencies: string[];
  aliases: { name: string; type: string; noParent: boolean }[];
}

/** What the engine is sent. */
interface Request {
  getType(): string;
  getName(): string;
  getObject(): { toJavaScript(): Props };
  getParent(): string;
  getDependenciesList(): string[];
  getAliasesList(): { getSpec(): { getName(): string; getType(): string; getNoparent(): boolean } | undefined }[];
}

describe("a fleet: what a program registers", () => {
  const registered: Registered[] = [];
  let directory: string;
  const cwd = process.cwd();

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "vm-placement-fleet-"));
    await pulumi.runtime.setMocks(
      {
        newResource: ({ name, inputs }) => {
          const { host, ...rest } = inputs as Props;
          return { id: `${name}-id`, state: host === undefined ? rest : { ...rest, host, currentHost: host } };
        },
        call: () => ({}),
      },
      "placements",
      "prod",
    );
    // The mocks are not told of parents, dependencies and aliases.
    const monitor = settings.getMonitor() as unknown as {
      registerResource: (request: Request, done: unknown) => unknown;
    };
    const register = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, done) => {
      registered.push({
        type: request.getType(),
        name: request.getName(),
        inputs: request.getObject().toJavaScript(),
        parent: request.getParent(),
        dependencies: request.getDependenciesList(),
        aliases: request.getAliasesList().map((alias) => {
          const spec = alias.getSpec();
          return { name: spec?.getName() ?? "", type: spec?.getType() ?? "", noParent: spec?.getNoparent() ?? false };
        }),
      });
      return register(request, done);
    };
  });
  beforeEach(() => {
    registered.splice(0);
    pulumi.runtime.setAllConfig({});
    process.chdir(directory);
  });
  afterEach(() => process.chdir(cwd));
  after(() => rmSync(directory, { recursive: true, force: true }));

  const valueOf = <T>(output: pulumi.Output<T>): Promise<T> =>
    new Promise((resolve) => output.apply((value) => resolve(value)));

  async function make(args: VmFleetArgs, options?: pulumi.ComponentResourceOptions): Promise<VmFleet> {
    const fleet = new VmFleet("prod", args, options);
    await valueOf(pulumi.all(Object.values(fleet.placements).map(({ urn }) => urn)));
    await valueOf(fleet.hosts);
    return fleet;
  }

  const placed = () =>
    registered
      .filter(({ type }) => type === placementType)
      .map(({ name, inputs: { domain, host, migration } }) => [
        name,
        domain,
        host,
        ...(migration === undefined ? [] : [migration]),
      ])
      .sort();

  function refused(args: VmFleetArgs, hosts?: Record<string, object>): pulumi.ResourceError {
    pulumi.runtime.setAllConfig(hosts === undefined ? {} : { "vm-placement:hosts": JSON.stringify(hosts) });
    let refusal: unknown;
    try {
      new VmFleet("prod", args);
    } catch (error) {
      refusal = error;
    }
    assert.ok(pulumi.ResourceError.isInstance(refusal), String(refusal));
    assert.equal(refusal.hideStack, true);
    assert.deepEqual(placed(), []);
    return refusal;
  }

  it("is a placement for each VM, below the fleet, with the defaults under the VM's own options", async () => {
    writeFileSync(
      join(directory, "placements.yaml"),
      `vms:
  web-01: { host: kvm-b, after: [db-01], migration: { timeout: 10m } }
  db-01: kvm-a
  big: { host: kvm-a, domain: big-01 }
defaults: { migration: { autoConverge: true, timeout: 5m } }
`,
    );
    const fleet = await make({});
    const usual = { autoConverge: true, timeout: "5m" };
    assert.deepEqual(placed(), [
      ["prod-big", "big-01", "kvm-a", usual],
      ["prod-db-01", "db-01", "kvm-a", usual],
      ["prod-web-01", "web-01", "kvm-b", { autoConverge: true, timeout: "10m" }],
    ]);
    const urn = await valueOf(fleet.urn);
    assert.equal(urn, "urn:pulumi:prod::placements::vm-placement:index:VmFleet::prod");
    for (const { name, inputs } of registered.filter(({ type }) => type === placementType)) {
      assert.equal(
        inputs["__urn"],
        `urn:pulumi:prod::placements::vm-placement:index:VmFleet$${placementType}::${name}`,
      );
    }
    assert.deepEqual(Object.keys(fleet.placements).sort(), ["big", "db-01", "web-01"]);
    assert.equal(await valueOf(fleet.placements["db-01"]!.currentHost), "kvm-a");
    assert.deepEqual(await valueOf(fleet.hosts), { "db-01": "kvm-a", "web-01": "kvm-b", big: "kvm-a" });
  });

  it("gives each placement the limits of its host, over those of the fleet", async () => {
    const placements = `vms: { a: kvm-a, b: kvm-b }
hosts: { kvm-b: { limits: { memory: 82.5% } } }
limits: { memory: 90%, cpu: 400%, moves: 3 }
`;
    await make({ placements });
    const limits = registered.filter(({ type }) => type === placementType).map(({ inputs }) => inputs["limits"]);
    assert.deepEqual(limits, [
      { memory: "90%", cpu: "400%" },
      { memory: "82.5%", cpu: "400%" },
    ]);
  });

  it("takes the text or the value of a file", async () => {
    await make({ placements: "vms: { a: kvm-a }" });
    await make({ placements: { vms: { b: "kvm-b", c: { host: "kvm-c", priority: 1 } } } });
    assert.deepEqual(placed(), [
      ["prod-a", "a", "kvm-a"],
      ["prod-b", "b", "kvm-b"],
      ["prod-c", "c", "kvm-c"],
    ]);
  });

  it("lets each placement wait for those before it and for what the fleet waits for, and continues single placements", async () => {
    class Network extends pulumi.CustomResource {}
    const first = new Network("acme:index:Network", "net");
    for (const dependsOn of [first, [first], pulumi.output([first])]) {
      registered.splice(0);
      await make(
        {
          placements: { vms: { a: { host: "x", after: ["b"] }, b: "y" } },
          aliases: { b: [{ name: "old-b", parent: pulumi.rootStackResource }] },
        },
        { dependsOn },
      );
      const of = (name: string) => registered.find((each) => each.name === name)!;
      const names = (name: string) =>
        of(name)
          .dependencies.map((urn) => urn.split("::").at(-1))
          .sort();
      assert.deepEqual([names("prod-b"), names("prod-a")], [["net"], ["net", "prod-b"]]);
      const type = "vm-placement:index:VmPlacement";
      const usual = (name: string) => [
        { name: "", type, noParent: false },
        { name, type: "", noParent: true },
        { name, type, noParent: true },
      ];
      assert.deepEqual(of("prod-a").aliases, usual("a"));
      assert.deepEqual(of("prod-b").aliases, [...usual("b"), { name: "old-b", type: "", noParent: true }]);
      assert.match(of("prod-a").parent!, /VmFleet::prod$/);
    }
  });

  it("refuses placements that break their own rules, before any is made", () => {
    const vms = { a: { host: "x", labels: { app: "web" } }, b: { host: "x", labels: { app: "web" } }, c: "y" };
    const message = (placements: object) => refused({ placements: { vms, ...placements } }).message;
    assert.match(
      message({ rules: [{ apart: { app: "web" } }] }),
      /^cannot place the VMs as `placements` of the fleet says \(check\): a and b may not both be on x \(apart: app=web\)\n {2}What to do: /,
    );
    assert.match(message({ rules: [{ together: ["a", "c"] }] }), /a and c are to be on one host/);
    assert.match(message({ rules: [{ only: ["c"], on: ["x"] }] }), /c may not be on y/);
    assert.match(message({ rules: [{ only: ["c"], on: { site: "muc" } }] }), /c may not be on y/);
    const both = message({ rules: [{ together: ["a", "c"] }, { only: ["c"], on: ["x"] }] });
    assert.match(both, /one host[^]*may not be on y/);
    assert.match(
      message({ hosts: { x: { maintenance: true } } }),
      /a, b are placed on x, which is in maintenance[^]*place them on other hosts[^]*\[hostMaintenance\]$/,
    );
    assert.match(
      message({ vms: { g: { host: "x", pinned: true } }, hosts: { x: { maintenance: true } } }),
      /g is pinned to x, which is in maintenance[^]*onEvacuation: stay/,
    );
  });

  it("places what keeps to its rules, by the labels of the inventory and of the file", async () => {
    pulumi.runtime.setAllConfig({
      "vm-placement:hosts": JSON.stringify({
        x: { labels: { site: "muc", rack: "1" } },
        y: {},
        z: { address: "10.0.0.1" },
      }),
    });
    await make({
      placements: {
        hosts: { y: { labels: { site: "muc" } }, x: { labels: { rack: "2" } }, z: { maintenance: true } },
        vms: { a: "x", b: "y", left: { host: "z", pinned: true, onEvacuation: "stay" } },
        rules: [{ only: ["a", "b"], on: { site: "muc" } }, { only: ["a"], on: { rack: "2" } }, { apart: ["a", "b"] }],
      },
    });
    assert.equal(placed().length, 3);
  });

  it("places VMs on hosts that the program makes, and gives each placement the way to them", async () => {
    pulumi.runtime.setAllConfig({ "vm-placement:hosts": JSON.stringify({ "kvm-a": {} }) });
    const inventory = { "kvm-n": { address: pulumi.output("10.0.0.99"), privateKey: pulumi.secret("KEY") } };
    await make({ placements: { vms: { a: "kvm-a", b: "kvm-n" } }, inventory });
    assert.deepEqual(placed(), [
      ["prod-a", "a", "kvm-a"],
      ["prod-b", "b", "kvm-n"],
    ]);
    for (const { inputs } of registered.filter(({ type }) => type === placementType))
      assert.match(JSON.stringify(inputs["inventory"]), /"kvm-n":.*10\.0\.0\.99/);
  });

  it("refuses hosts that are neither in the configuration nor made by the program", () => {
    const args = { placements: { vms: { a: "kvm-m" } }, inventory: { "kvm-n": { address: "10.0.0.99" } } };
    for (const hosts of [{ "kvm-a": {} }, undefined])
      assert.match(refused(args, hosts).message, /vms\.a\.host: "kvm-m" is neither .*write .*kvm-n/);
    const apart = { vms: { a: "kvm-n", b: "kvm-n" }, rules: [{ apart: ["a", "b"] }] };
    assert.match(refused({ ...args, placements: apart }, { "kvm-a": {} }).message, /kvm-n/);
  });

  it("refuses faults of the file with their places, hosts that nobody knows, and what cannot be read", () => {
    writeFileSync(join(directory, "bad.yaml"), "vms:\n  a: kvm-x\n  b: { hots: kvm-a }\n");
    const { message } = refused({ file: "bad.yaml" }, { "kvm-a": {}, "kvm-b": {} });
    assert.match(
      message,
      /^cannot use bad\.yaml \(check\): 3 faults\n {2}bad\.yaml:2:6: vms\.a\.host: "kvm-x" is neither/,
    );
    assert.match(
      refused({ file: "none.yaml" }).message,
      /^cannot read none\.yaml: there is no such file; .*vm-placement discover --write none\.yaml/,
    );
    assert.match(refused({ file: "a", placements: "vms: {}" }).message, /`file` or `placements`, and not both/);
    const vms = { a: pulumi.output("x") as unknown as string };
    assert.match(refused({ placements: { vms } }).message, /has an output of another resource in it/);
  });

  it("loads neither YAML nor zod before there is a fleet", function () {
    this.timeout(60_000);
    const script = `
      require("ts-node/register/transpile-only");
      const { VmFleet } = require(${JSON.stringify(join(__dirname, "../../provider"))});
      const loaded = () => Object.keys(require.cache).filter((path) => /node_modules\\/(yaml|zod|ssh2|saxes)\\//.test(path)).length;
      const before = loaded();
      new VmFleet("f", { placements: { vms: {} } });
      console.log(before, loaded() > 0);
    `;
    const options = { encoding: "utf8", cwd } as const;
    const printed = execFileSync(
      process.execPath,
      [
        "-e",
        `require("@pulumi/pulumi").runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }).then(() => {${script}})`,
      ],
      options,
    );
    assert.match(printed, /^0 true$/m);
  });
});
