/** The component `VmFleet` of the provider, in a YAML program. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeWithStack } from "../support/stack";

const fleetType = "vm-placement:index:VmFleet";
const servedType = "vm-placement:index:VmPlacement";
const dynamicType = "pulumi-nodejs:dynamic/libvirt:VmPlacement";

describeWithStack("a fleet in a YAML program", { stack: { through: "provider" } }, (lab, stack) => {
  const file = () => join(stack().dir, "project/placements.yaml");
  const write = (db: string, web: string, more = "") =>
    writeFileSync(file(), `vms:\n  db-01: ${db}\n  web-01: { host: ${web}, after: [db-01] }\n${more}`);
  const names = (host: string) => lab().host(host).virsh("list --name");
  /** On kvm-b. */
  const running = async () => (await names("kvm-b")).split(/\s+/).sort().join(" ");

  before(async () => {
    for (const name of ["db-01", "web-01", "cache-01"]) await lab().startGuest({ name, host: "kvm-a" });
    write("kvm-a", "kvm-a");
  });

  const declare = (properties: object = {}, options: object = {}) =>
    stack().declareInYaml(
      { prod: { type: "vm-placement:VmFleet", properties, options } },
      { hosts: "${prod.hosts}", web: '${prod.placements["web-01"].currentHost}' },
    );

  async function up(): Promise<string> {
    const { code, stdout, stderr } = await stack().up();
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  }

  async function resources() {
    const { deployment } = await stack().pulumi.stackExport({ showSecrets: true });
    return deployment.resources!;
  }

  const placements = async (type = servedType) => (await resources()).filter((each) => each.type === type);

  async function refused(pattern: RegExp): Promise<void> {
    const { code, stdout, stderr } = await stack().preview();
    assert.notEqual(code, 0, stdout);
    assert.match(stdout + stderr, pattern);
  }

  it("takes over a placement by its URN, and adopts the VMs of its file, all below the fleet and through one provider", async function () {
    this.timeout(180_000);
    stack().declare({ "old-db": { args: { domain: "db-01", host: "kvm-a" } } });
    await up();
    const old = (await placements())[0]!.urn;
    declare({ aliases: { "db-01": [old] } });
    const preview = await stack().preview();
    assert.equal(preview.code, 0, preview.stdout + preview.stderr);
    assert.match(preview.stdout, /VmFleet: \(create\)[^]*host *: "kvm-a"/);
    const text = await up();
    assert.match(text, /\+ 2 created/);
    assert.doesNotMatch(text, /deleted/);
    assert.match(text, /web +: "kvm-a"/);
    const all = await resources();
    const fleet = all.find(({ type }) => type === fleetType)!;
    assert.deepEqual(fleet.outputs!["hosts"], { "db-01": "kvm-a", "web-01": "kvm-a" });
    assert.deepEqual((await placements()).map(({ urn, parent }) => [urn.split("::").at(-1), parent]).sort(), [
      ["prod-db-01", fleet.urn],
      ["prod-web-01", fleet.urn],
    ]);
    assert.deepEqual(all.filter(({ type }) => type === "pulumi:providers:vm-placement").length, 1);
    await stack().pulumi.expect(["preview", "--expect-no-changes"]);
  });

  it("moves them in the order of the file, as the preview says", async () => {
    write("kvm-b", "kvm-b");
    const preview = await stack().preview();
    assert.equal(preview.stdout.match(/~ host *: "kvm-a" => "kvm-b"/g)?.length, 2, preview.stdout);
    assert.match(preview.stdout + preview.stderr, /will pre-copy .+ in about/);
    const text = await up();
    assert.ok(text.match(/moved kvm-a → kvm-b in /g)!.length >= 2, text);
    assert.match(text, /web: +"kvm-b"|"kvm-a" => "kvm-b"/);
    assert.deepEqual(await running(), "db-01 web-01");
    const [db, web] = (await placements()).sort((a, b) => (a.urn < b.urn ? -1 : 1));
    assert.deepEqual(web!["dependencies"], [db!.urn]);
  });

  it("finds a VM that was moved by hand in a refresh, and moves it back", async () => {
    const uri = `qemu+ssh://${lab().host("kvm-a").address}/system`;
    await lab().host("kvm-b").virsh(`migrate --live --p2p --persistent --undefinesource web-01 ${uri}`);
    const { code, stdout } = await stack().refresh();
    assert.equal(code, 0, stdout);
    const hosts = (await placements()).map(({ outputs }) => outputs!["currentHost"]);
    assert.deepEqual(hosts.sort(), ["kvm-a", "kvm-b"]);
    await up();
    assert.deepEqual(await running(), "db-01 web-01");
  });

  it("refuses a file that breaks its rules, unknown hosts and what is not known yet; nothing changes", async function () {
    this.timeout(180_000);
    write("kvm-b", "kvm-b", "rules: [{ apart: [db-01, web-01] }]\n");
    await refused(/cannot place the VMs as placements\.yaml says .*db-01 and web-01 may not both be on kvm-b/s);
    write("kvm-b", "kvm-q");
    await refused(/"kvm-q" is neither/);
    write("kvm-b", "kvm-b");
    declare({ placements: { "fn::secret": { vms: { "db-01": "kvm-b" } } } });
    await refused(/has an output of another resource in it/);
    declare();
  });

  it("says that a fleet is not complete where a move is refused", async () => {
    write("kvm-a", "kvm-a", "defaults: { migration: { mode: offline } }\n");
    const { code, stdout, stderr } = await stack().up();
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /db-01 is running .+ but migration\.mode is "offline"/);
    assert.match(stdout + stderr, /'prod' has a problem: prod is not complete: .+ an error of its own/);
    assert.doesNotMatch(stdout + stderr, /client connection is closing/);
    assert.equal(await running(), "db-01 web-01");
  });

  it("lets other fleets go on where a move is refused, and says what is in the state", async () => {
    write("kvm-a", "kvm-a", "defaults: { migration: { mode: offline } }\n");
    stack().declareInYaml({
      prod: { type: "vm-placement:VmFleet" },
      more: { type: "vm-placement:VmFleet", properties: { placements: { vms: { "cache-01": "kvm-b" } } } },
    });
    const { code, stdout, stderr } = await stack().up(["--continue-on-error"]);
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /db-01 is running .+ but migration\.mode is "offline"/);
    assert.match(stdout, /moved kvm-a → kvm-b/);
    assert.equal(await running(), "cache-01 db-01 web-01");
    const hosts = (await placements()).map(({ urn, outputs }) => [urn.split("::").at(-1), outputs!["currentHost"]]);
    assert.deepEqual(
      hosts.sort(),
      ["more-cache-01", "prod-db-01", "prod-web-01"].map((name) => [name, "kvm-b"]),
    );
    write("kvm-b", "kvm-b");
    declare();
    await up();
  });

  it("takes placements as a value, its inventory, and a provider of its own, whose hosts it knows", async () => {
    const hosts = lab().inventory() as Record<string, object>;
    const { "kvm-a": first, "kvm-b": second } = hosts;
    const value = { vms: { "db-01": "kvm-b", "web-01": { host: "kvm-b", after: ["db-01"] } } };
    stack().configure({ "vm-placement:hosts": undefined });
    const properties = { placements: value, inventory: { "kvm-b": second } };
    stack().declareInYaml({
      own: { type: "pulumi:providers:vm-placement", properties: { hosts: { "kvm-a": first } } },
      prod: { type: "vm-placement:VmFleet", properties, options: { provider: "${own}" } },
    });
    assert.doesNotMatch(await up(), /moved|replaced/);
    const own = (await resources()).find(({ urn }) => urn.endsWith("::own"))!;
    const all = await placements();
    assert.deepEqual(
      all.map(({ provider }) => provider),
      all.map(() => `${own.urn}::${own.id}`),
    );
    const { deployment } = await stack().pulumi.stackExport();
    const kept = deployment.resources!.filter(({ type }) => type === servedType);
    for (const { inputs } of kept) assert.ok("ciphertext" in (inputs!["inventory"] as object));
    stack().configure({ "vm-placement:hosts": hosts });
    declare();
    assert.doesNotMatch(await up(), /moved|replaced/);
  });

  it("passes to a fleet in TypeScript and back without a move, and keeps the last ones", async () => {
    const last = async (type: string) => (await placements(type)).map(({ outputs }) => outputs!["lastMigration"]);
    const before = await last(servedType);
    assert.ok(before.every((each) => each !== undefined));
    stack().switchTo("dynamic resource");
    const program = `const { VmFleet } = require("pulumi-vm-placement");\nexports.hosts = new VmFleet("prod").hosts;\n`;
    writeFileSync(join(stack().dir, "project/index.js"), program);
    assert.doesNotMatch(await up(), /moved|replaced/);
    assert.deepEqual([await last(dynamicType), await last(servedType)], [before, []]);
    stack().switchTo("provider");
    declare();
    assert.doesNotMatch(await up(), /moved|replaced/);
    assert.deepEqual([await last(dynamicType), await last(servedType)], [[], before]);
    assert.deepEqual(await running(), "cache-01 db-01 web-01");
  });

  it("forgets its placements, and leaves the VMs running", async () => {
    const { code, stdout } = await stack().destroy();
    assert.equal(code, 0, stdout);
    assert.deepEqual(await running(), "cache-01 db-01 web-01");
  });
});
