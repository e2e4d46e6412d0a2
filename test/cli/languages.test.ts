/** The provider for every language, with a YAML program: what a dynamic resource does, import, and the way from one to the other and back. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { linkNodejsSdk } from "../support/nodejs-sdk";
import { copyPlugin } from "../support/plugin";
import { describeWithStack } from "../support/stack";

const dynamicType = "pulumi-nodejs:dynamic/libvirt:VmPlacement";
const servedType = "vm-placement:index:VmPlacement";

interface Span {
  name: string;
  spanId: string;
  parentSpanId?: string;
}

/** Of the file of `--otel-traces`: a message in each line. */
function spansIn(text: string): Span[] {
  interface Message {
    resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
  }
  const messages = text.split("\n").filter((line) => line !== "");
  return messages
    .flatMap((line) => (JSON.parse(line) as Message).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

describeWithStack("a placement in a YAML program", { stack: { through: "provider" } }, (lab, stack) => {
  const everywhere = () => Promise.all(lab().hosts.map((host) => host.virsh("list --all --name")));
  const uriOf = (host: string) => `qemu+ssh://${lab().host(host).address}/system`;
  const project = (file: string) => join(stack().dir, "project", file);
  let uuid: string;
  let plugin: string;

  before(async () => {
    plugin = copyPlugin(stack().dir);
    ({ uuid } = await lab().startGuest({ name: "db-01", host: "kvm-a" }));
  });

  const declare = (args: Record<string, unknown>, options: Record<string, unknown> = {}) =>
    stack().declare({ db: { args, options } });

  async function placement(type = servedType) {
    const { deployment } = await stack().pulumi.stackExport();
    const found = deployment.resources?.filter((resource) => /VmPlacement/.test(resource.type)) ?? [];
    assert.deepEqual(
      found.map((resource) => resource.type),
      [type],
    );
    return found[0]!;
  }

  const up = async (args: string[] = []) => {
    const { code, stdout, stderr } = await stack().up(args);
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  };

  it("adopts a VM that is where it should be", async () => {
    declare({ domain: "db-01", host: "kvm-a" });
    await up();
    const { id, inputs, outputs } = await placement();
    assert.equal(id, uuid);
    assert.equal(outputs!["currentHost"], "kvm-a");
    assert.deepEqual(Object.keys(inputs!).sort(), ["domain", "host", "plan"]);
  });

  it("names a wrong input with its property, and a wrong configuration once", async () => {
    declare({ domain: "db-01", host: "kvm-a", migration: { timeout: "5" } });
    const wrong = await stack().pulumi.run(["preview"]);
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stdout + wrong.stderr, /got "5"; expected a duration from 1 s to 168 h/);
    declare({ domain: "db-01", host: "kvm-a" });
    stack().configure({ "vm-placement:onInterrupt": "stop" });
    const config = await stack().pulumi.run(["preview"]);
    stack().configure({ "vm-placement:onInterrupt": undefined });
    assert.notEqual(config.code, 0);
    assert.match(config.stdout + config.stderr, /got "stop"; expected "leave"/);
  });

  it("shows what a move changes and how long it takes, and moves the running VM", async () => {
    declare({ domain: "db-01", host: "kvm-b" });
    const command = `virsh migrate --live --p2p --persistent --undefinesource db-01 ${uriOf("kvm-b")}`;
    const preview = await stack().preview();
    assert.match(preview.stdout, /~ host *: "kvm-a" => "kvm-b"/);
    assert.ok(preview.stdout.includes(`=> "${command}"`), preview.stdout);
    assert.match(preview.stdout + preview.stderr, /will pre-copy .+ in about/);
    const traces = project("traces.json");
    assert.match(
      await up(["--otel-traces", `file://${traces}`]),
      /moved kvm-a → kvm-b in [\d.]+ m?s, paused [\d.]+ m?s/,
    );
    assert.deepEqual(await everywhere(), ["", "db-01"]);
    const spans = spansIn(readFileSync(traces, "utf8"));
    const { parentSpanId } = spans.find(({ name }) => name === "vm-placement.place")!;
    assert.equal(spans.find(({ spanId }) => spanId === parentSpanId)?.name, "pulumirpc.ResourceProvider/Update");
    const last = (await placement()).outputs!["lastMigration"] as Record<string, unknown>;
    assert.deepEqual([last["from"], last["to"], last["command"]], ["kvm-a", "kvm-b", command]);
  });

  it("finds a VM that was moved by hand, and moves it back", async () => {
    await lab()
      .host("kvm-b")
      .virsh(`migrate --live --p2p --persistent --undefinesource db-01 ${uriOf("kvm-a")}`);
    const { code, stdout } = await stack().refresh();
    assert.equal(code, 0, stdout);
    assert.equal((await placement()).outputs!["currentHost"], "kvm-a");
    assert.match((await stack().preview()).stdout, /~ host *: "kvm-a" => "kvm-b"/);
    await up();
    assert.deepEqual(await everywhere(), ["", "db-01"]);
  });

  it("imports a VM by its name, as a program that changes nothing", async () => {
    const { urn } = await placement();
    await stack().pulumi.expect(["state", "delete", "--yes", urn]);
    const imported = await stack().pulumi.run(["import", "--yes", "--protect=false", servedType, "db", "db-01"]);
    assert.equal(imported.code, 0, imported.stdout + imported.stderr);
    assert.match(imported.stdout, /type: vm-placement:VmPlacement\s+properties:\s+domain: db-01\s+host: kvm-b/);
    assert.equal((await placement()).id, uuid);
    await stack().pulumi.expect(["preview", "--expect-no-changes"]);
    const none = await stack().pulumi.run(["import", "--yes", servedType, "db2", "db-09"]);
    assert.notEqual(none.code, 0);
    assert.match(none.stdout + none.stderr, /cannot import db-09 .+\[domainMissing\]/s);
  });

  it("passes to a dynamic resource and back without a move, and keeps the last one", async function () {
    this.timeout(180_000);
    declare({ domain: "db-01", host: "kvm-a" });
    await up();
    const { lastMigration } = (await placement()).outputs!;
    const started = () => lab().host("kvm-a").virsh("domstats --state --vcpu db-01");
    assert.ok(lastMigration);
    stack().switchTo("dynamic resource");
    stack().declare({ db: { args: { domain: "db-01", host: "kvm-a" }, options: { aliases: [{ type: servedType }] } } });
    assert.doesNotMatch(await up(), /moved|replaced/);
    const dynamic = await placement(dynamicType);
    assert.deepEqual([dynamic.id, dynamic.outputs!["lastMigration"]], [uuid, lastMigration]);
    assert.deepEqual(dynamic.outputs!["__provider"], dynamic.inputs!["__provider"]);
    assert.equal((await stack().refresh()).code, 0);

    stack().switchTo("provider");
    declare({ domain: "db-01", host: "kvm-a" }, { aliases: [dynamic.urn] });
    assert.doesNotMatch(await up(), /moved|replaced/);
    const served = await placement();
    assert.deepEqual([served.id, served.outputs!["lastMigration"]], [uuid, lastMigration]);
    assert.deepEqual(Object.keys(served.inputs!).sort(), ["domain", "host", "plan"]);
    assert.deepEqual(await everywhere(), ["db-01", ""]);
    assert.match(await started(), /state\.state=1/);
    // From then on it moves as before.
    declare({ domain: "db-01", host: "kvm-b" });
    assert.match(await up(), /moved kvm-a → kvm-b/);
  });

  it("takes the plugin from `packages` too, which `pulumi package add` may not write into a YAML project", async () => {
    const resources = { db: { type: "vm-placement:VmPlacement", properties: { domain: "db-01", host: "kvm-b" } } };
    const write = (more: object) =>
      writeFileSync(
        project("Pulumi.yaml"),
        JSON.stringify({ name: "placements", runtime: "yaml", resources, ...more }),
      );
    write({});
    const added = await stack().pulumi.run(["package", "add", plugin]);
    assert.match(readdirSync(project("sdks/vm-placement")).join(), /^vm-placement-[\d.]+\.yaml$/);
    // Pulumi's YAML host 1.25.
    if (added.code !== 0) {
      assert.match(added.stderr, /error: linking package: method Link not implemented/);
      write({ packages: { "vm-placement": plugin } });
    }
    await stack().pulumi.expect(["preview", "--expect-no-changes"]);
  });

  it("goes on as the same placement in a TypeScript program with the SDK", async function () {
    // The generator is built once.
    this.timeout(15 * 60_000);
    if (!(await linkNodejsSdk(project("")))) return this.skip();
    const runtime = { name: "nodejs", options: { typescript: false } };
    const packages = { "vm-placement": plugin };
    writeFileSync(project("Pulumi.yaml"), JSON.stringify({ name: "placements", runtime, packages }));
    const write = (host: string) =>
      writeFileSync(
        project("index.js"),
        `const { VmPlacement } = require("@pulumi-vm-placement/sdk");
        exports.where = new VmPlacement("db", { domain: "db-01", host: "${host}" }).currentHost;\n`,
      );
    write("kvm-b");
    assert.doesNotMatch(await up(), /moved|replaced/);
    await stack().pulumi.expect(["preview", "--expect-no-changes"]);
    write("kvm-a");
    assert.match(await up(), /moved kvm-b → kvm-a[^]*where: +"kvm-b" => "kvm-a"/);
    assert.deepEqual(await everywhere(), ["db-01", ""]);
    assert.equal((await placement()).id, uuid);
  });

  it("forgets the placement, and leaves the VM running", async () => {
    const { code, stdout } = await stack().destroy();
    assert.equal(code, 0, stdout);
    const running = await Promise.all(lab().hosts.map((host) => host.virsh("list --name")));
    assert.equal(running.join(""), "db-01");
  });
});
