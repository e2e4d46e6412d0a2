/** What the protocol of a provider has beyond that of dynamic resources. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fakeDomain, fakeUuid, type SimulatedHost, type SimulatedLab } from "../../lab/simulated";
import { type Key, makeKey } from "../../lab/simulated/ssh";
import { UNKNOWN } from "../../provider/schema";
import { failing, inputsOf, providerFixture, type ProviderFixture } from "../support/provider-fixture";
import type { Props, ProviderProcess } from "../support/provider-process";
import { until } from "../support/until";

const root = join(__dirname, "../..");
const json = (file: string) => JSON.parse(readFileSync(join(root, file), "utf8")) as Props;
const urn = "urn:pulumi:prod::placements::vm-placement:index:VmPlacement::db";
const secret = (value: unknown) => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value });
const moveToB = "virsh migrate --live --p2p --persistent --undefinesource db-01 qemu+ssh://b.peer/system";

describe("contract: the provider for every language, beyond dynamic resources", () => {
  let key: Key;
  let fixture: ProviderFixture;
  let world: SimulatedLab;
  let a: SimulatedHost;
  let b: SimulatedHost;
  let provider: ProviderProcess;
  let hosts: Record<string, Props>;

  before(() => {
    key = makeKey("ed25519");
  });

  beforeEach(async function () {
    this.timeout(60_000);
    fixture = await providerFixture({ served: true, key });
    ({ world, a, b, provider, hosts } = fixture);
  });

  afterEach(() => fixture.close());

  const configured = (more: Props = {}) => provider.configure({ hosts, ...more });
  const inputs = (more: Props = {}) => inputsOf(provider, { domain: "db-01", host: "kvm-a", __urn: urn, ...more });
  const without = ({ __urn: _, ...props }: Props): Props => props;

  it("says its version and its schema, before anything else", async () => {
    assert.equal(await provider.version(), json("package.json")["version"]);
    assert.deepEqual(await provider.schema(), json("schema.json"));
  });

  it("checks a configuration with the path of what is wrong, shows no secret, and lets through what is not known yet", async () => {
    const wrong = { hosts: JSON.stringify({ "kvm-a": { port: "x", privateKey: secret("") } }), onInterrupt: "stop" };
    const failures = await provider.checkConfig(wrong);
    assert.deepEqual(
      failures.map(({ property }) => property),
      ["hosts.kvm-a.port", "hosts.kvm-a.privateKey", "onInterrupt"],
    );
    assert.deepEqual(await provider.checkConfig({ hosts: JSON.stringify(hosts), strictPreview: "true" }), []);
    assert.deepEqual(await provider.checkConfig({ hosts: UNKNOWN }), []);
    const whole = { hosts: secret(JSON.stringify(hosts)), uri: secret("qemu:///system"), strictPreview: secret(true) };
    assert.deepEqual(await provider.checkConfig(whole), []);
  });

  it("names what changed in a configuration, and replaces no provider for it", async () => {
    const before = { hosts: JSON.stringify(hosts), uri: "qemu:///system", strictPreview: "true" };
    assert.deepEqual(await provider.diffConfig(before, { ...before, hosts: secret(before.hosts) }), {});
    const after = { hosts: JSON.stringify({ "kvm-a": hosts["kvm-a"] }), uri: UNKNOWN, onInterrupt: "abort" };
    assert.deepEqual(await provider.diffConfig(before, after), {
      ...{ hosts: "UPDATE", uri: "UPDATE", onInterrupt: "ADD", strictPreview: "DELETE" },
    });
  });

  it("keeps in state neither a provider text nor a URN", async () => {
    await configured();
    const { outputs } = await provider.create(await inputs());
    const names = Object.keys(without(outputs)).sort();
    assert.deepEqual(names, [
      ...["__name", "currentHost", "domain", "domainUuid", "host", "plan", "schemaVersion", "state"],
    ]);
  });

  it("tells in a preview what will be known, and asks the hosts for a move alone", async () => {
    await configured();
    const created = await provider.create(await inputs(), true);
    assert.deepEqual(without(created.outputs), {
      ...without(await inputs()),
      ...{ currentHost: UNKNOWN, domainUuid: UNKNOWN, lastMigration: UNKNOWN, schemaVersion: 1, state: UNKNOWN },
    });
    assert.equal(a.commands.length, 0);
    const { id, outputs } = await provider.create(await inputs());
    const asked = a.commands.length;
    const options = await provider.update(id, outputs, await inputs({ migration: { timeout: "5m" } }), true);
    assert.equal(options["currentHost"], "kvm-a");
    assert.equal(a.commands.length, asked);
    const moved = await provider.update(id, outputs, await inputs({ host: "kvm-b" }), true);
    assert.deepEqual([moved["currentHost"], moved["domainUuid"]], [UNKNOWN, fakeUuid]);
    assert.ok(provider.output.logs.some(({ message }) => message.startsWith("will ")));
    assert.notEqual(a.find("db-01"), undefined);
  });

  it("fails the preview of a move that is blocked, with strictPreview", async () => {
    await configured({ strictPreview: "true" });
    const { id, outputs } = await provider.create(await inputs());
    b.domains.push(fakeDomain({ uuid: "11111111-2222-3333-4444-555555555555", state: "shut off" }));
    const error = await failing(provider.update(id, outputs, await inputs({ host: "kvm-b" }), true));
    assert.match(error.message, /vm-placement:strictPreview is true/);
    assert.equal(error.partial, undefined);
  });

  it("names each changed property with its kind", async () => {
    await configured();
    const { id, outputs } = await provider.create(await inputs({ migration: { timeout: "5m", tls: false } }));
    const before = await inputs({ migration: { timeout: "5m", tls: false } });
    const news = await inputs({ host: "kvm-b", migration: { timeout: "6m", autoConverge: true } });
    assert.deepEqual(await provider.detailedDiff(id, outputs, before, news), {
      host: "UPDATE",
      "migration.autoConverge": "ADD",
      "migration.timeout": "UPDATE",
      "migration.tls": "DELETE",
      "plan.live": "UPDATE",
      "plan.offline": "UPDATE",
    });
    const other = await inputs({ domain: "db-02" });
    assert.equal((await provider.detailedDiff(id, outputs, before, other))["domain"], "UPDATE_REPLACE");
    assert.deepEqual(await provider.detailedDiff(id, outputs, before, before), {});
  });

  it("returns a secret as one, and what is made of it", async () => {
    await configured();
    const checked = await inputs({ domain: secret("db-01") });
    assert.deepEqual(checked["domain"], secret("db-01"));
    const { outputs } = await provider.create(checked);
    assert.deepEqual(outputs["domain"], secret("db-01"));
    assert.deepEqual((outputs["plan"] as Props)["value"], (checked["plan"] as Props)["value"]);
    assert.equal(outputs["currentHost"], "kvm-a");
    const own = await provider.check({ domain: "db-01", host: "kvm-a", inventory: { "kvm-c": null }, __urn: urn });
    assert.deepEqual([own.failures, own.inputs["inventory"]], [[], secret({ "kvm-c": {} })]);
  });

  it("takes each spelling of what is not known yet, and null for what is not given", async () => {
    await configured();
    const unknowns = { timeout: UNKNOWN, tls: "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7" };
    const checked = await inputs({ migration: unknowns, limits: null });
    assert.deepEqual(checked["migration"], { timeout: UNKNOWN, tls: UNKNOWN });
    assert.ok(!("limits" in checked));
    assert.equal(checked["plan"], UNKNOWN);
  });

  for (const id of ["db-01", fakeUuid]) {
    it(`imports a VM by ${id} from whichever host has it, so that its program changes nothing`, async () => {
      b.domains.push(a.domains.pop()!);
      await configured();
      const found = await provider.read(id, { __urn: urn });
      assert.equal(found.id, fakeUuid);
      const { plan, ...program } = without(found.inputs);
      assert.deepEqual(program, { domain: id, host: "kvm-b" });
      const news = await inputs(program);
      assert.deepEqual(news["plan"], plan);
      assert.deepEqual(await provider.diff(found.id, found.outputs, news), { changes: "none", replaces: [] });
      // What SDKs write of their own accord: the schema's default.
      const withDefault = await inputs({ ...program, onDrift: "moveBack" });
      assert.deepEqual(await provider.diff(found.id, found.outputs, withDefault), { changes: "none", replaces: [] });
    });
  }

  it("imports a VM whose name has spaces, quotes and other letters, and one that another host has only defined", async () => {
    const name = `Datenbank für "München" it's $1`;
    a.domains = [fakeDomain({ name })];
    b.domains = [fakeDomain({ name, state: "shut off" })];
    await configured();
    const { id, outputs, inputs: found } = await provider.read(name, { __urn: urn });
    assert.deepEqual([id, found["domain"], found["host"]], [fakeUuid, name, "kvm-a"]);
    const news = await inputs({ domain: name });
    assert.deepEqual(await provider.diff(id, outputs, news), { changes: "none", replaces: [] });
  });

  it("imports no VM that is nowhere, or that there are two of", async () => {
    await configured();
    const refused = async (id: string) => (await failing(provider.read(id, { __urn: urn }))).message;
    assert.match(await refused("db-09"), /^cannot import db-09 .+ is not on kvm-a or kvm-b.+\[domainMissing\]$/s);
    assert.match(
      await refused("7"),
      /^cannot import 7 .+a number, which virsh reads as a domain id.+What to do: give its name or UUID.+\[invalidInput\]$/s,
    );
    b.domains.push(fakeDomain({ uuid: "11111111-2222-3333-4444-555555555555" }));
    await sleep(3500);
    assert.match(
      await refused("db-01"),
      /several VMs have that name: .+ on kvm-a and .+ on kvm-b.+\[domainConflict\]$/s,
    );
  });

  it("says which host cannot be asked where it finds no VM to import", async () => {
    await provider.configure({ hosts: { ...hosts, "kvm-c": { address: "127.0.0.1", port: 1 } } });
    const { message } = await failing(provider.read("db-09", { __urn: urn }));
    assert.match(
      message,
      /not on kvm-a or kvm-b; kvm-c cannot be asked .+What to do: bring the hosts back .+\[hostUnreachable\]$/s,
    );
    assert.equal((await provider.read("db-01", { __urn: urn })).inputs["host"], "kvm-a");
  });

  it("imports no VM that two hosts run", async () => {
    b.domains = [fakeDomain()];
    await configured();
    const { message } = await failing(provider.read("db-01", { __urn: urn }));
    assert.match(message, /^cannot import db-01 .+ on kvm-a: running .+ and kvm-b: running .+\[domainOnTwoHosts\]$/s);
  });

  it("answers getPlacements and planMove, and names wrong arguments", async () => {
    await configured();
    const found = await provider.invoke("vm-placement:index:getPlacements", {});
    const placement = { domain: "db-01", uuid: fakeUuid, host: "kvm-a", state: "running" };
    assert.deepEqual(found, { outputs: { placements: [placement], unclear: [], unreachable: [] }, failures: [] });
    const planned = await provider.invoke("vm-placement:index:planMove", { domain: "db-01", host: "kvm-b" });
    const { plan, source, possible, estimate } = planned.outputs;
    assert.deepEqual([source, possible, (plan as Props)["live"]], ["kvm-a", true, moveToB]);
    assert.match(String(estimate), /^will /);
    const wrong = await provider.invoke("vm-placement:index:getPlacements", { hosts: ["kvm-q"], host: "kvm-a" });
    assert.deepEqual(
      wrong.failures.map(({ property }) => property),
      ["host", "hosts"],
    );
    const migration = { timeout: 5 };
    const refused = await provider.invoke("vm-placement:index:planMove", { domain: "db-01", host: "kvm-b", migration });
    assert.deepEqual(
      refused.failures.map(({ property }) => property),
      ["migration.timeout"],
    );
    await assert.rejects(provider.invoke("vm-placement:index:move", {}), /unknown function move; the functions are/);
  });

  for (const onInterrupt of ["leave", "abort"]) {
    it(`ends a move at a cancel as onInterrupt: ${onInterrupt} says, and the state has where the VM is`, async () => {
      let end = (_error?: string) => {};
      world.onMigrate = () => new Promise((resolve) => (end = resolve));
      await configured({ onInterrupt });
      const { id, outputs } = await provider.create(await inputs());
      const news = await inputs({ host: "kvm-b" });
      const moving = failing(provider.update(id, outputs, news));
      const sends = () => provider.output.logs.some(({ message }) => message.startsWith("pre-copy"));
      await until("it sends memory", sends);
      await provider.cancel();
      const { partial, message } = await moving;
      assert.equal(partial?.properties["currentHost"], "kvm-a");
      assert.equal(partial?.id, fakeUuid);
      const cancelled = a.commands.some((command) => command.includes("domjobabort"));
      assert.equal(cancelled, onInterrupt === "abort");
      if (onInterrupt === "leave") {
        assert.match(message, /its migration to kvm-b goes on without pulumi.+\[migrationRunning\]$/s);
        end();
        assert.equal((await provider.diff(id, partial.properties, news)).changes, "some");
      } else assert.match(message, /\[migrationCancelled\]$/);
      // Nothing is started any more.
      world.onMigrate = () => Promise.resolve(undefined);
    });
  }
});
