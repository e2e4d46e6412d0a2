import assert from "node:assert/strict";
import { createHandlers } from "../../provider/handlers";
import type { Props } from "../../provider/pulumi/state";
import { UNKNOWN } from "../../provider/schema";
import { boundary, commands, hostsConfig, news, provider, refusal, urn } from "../support/boundary";
import { fakeDomain, SimulatedLab, fakeUuid } from "../../lab/simulated";

describe("handlers: diff", () => {
  const state: Props = {
    ...news({ migration: { timeout: "5m" }, plan: commands("kvm-a") }),
    currentHost: "kvm-a",
    domainUuid: fakeUuid,
    state: "running",
    schemaVersion: 1,
    __name: "db-01",
  };
  const rows: [title: string, olds: Props, news: Props, changes: boolean, replaces?: string[]][] = [
    ["nothing", {}, {}, false],
    ["the plan", {}, { plan: commands("10.0.0.11") }, false],
    ["an unknown plan", {}, { plan: UNKNOWN }, false],
    ["the resource's own fields", {}, { __urn: "other", __provider: "other" }, false],
    ["the state of the VM", { state: "paused" }, {}, false],
    ["options in another spelling", {}, { migration: { timeout: "300s", mode: "auto" } }, false],
    [
      "options in another order",
      { migration: { timeout: "5m", tls: true } },
      { migration: { tls: true, timeout: "5m" } },
      false,
    ],
    ["the options", {}, { migration: { timeout: "6m" } }, true],
    ["the options, taken out", {}, { migration: undefined }, true],
    ["an option that is not known yet", {}, { migration: { timeout: UNKNOWN } }, true],
    ["the host", {}, { host: "kvm-b" }, true],
    ["the host, not known yet", {}, { host: UNKNOWN }, true],
    ["a list of hosts that it is on", { host: ["kvm-a", "kvm-b"] }, { host: ["kvm-a", "kvm-b"] }, false],
    ["the order of the list", { host: ["kvm-a", "kvm-b"] }, { host: ["kvm-b", "kvm-a"] }, true],
    ["a host that becomes a list", {}, { host: ["kvm-a"] }, true],
    ["where it is", { currentHost: "kvm-b" }, {}, true],
    ["an update that failed before", { __incomplete: true }, {}, true],
    ["the domain's name to its UUID", {}, { domain: fakeUuid }, true],
    ["the domain's UUID to its name", { domain: fakeUuid }, {}, true],
    ["the case of a UUID", { domain: fakeUuid }, { domain: fakeUuid.toUpperCase() }, false],
    ["the name to the UUID in capitals", {}, { domain: fakeUuid.toUpperCase() }, true],
    ["the domain, not known yet", {}, { domain: UNKNOWN }, true],
    ["the domain to another", {}, { domain: "db-02" }, true, ["domain"]],
    ["state without a name, from an older version", { __name: undefined, schemaVersion: undefined }, {}, false],
  ];
  for (const [title, olds, given, changes, replaces = []] of rows) {
    it(`${title}: ${changes ? (replaces.length > 0 ? "a replacement" : "a change") : "no change"}`, async () => {
      const { diff, fake } = boundary({ config: { ...hostsConfig, "vm-placement:preview": "static" } });
      assert.deepEqual(await diff(fakeUuid, { ...state, ...olds }, { ...inputsOf(state), ...given }), {
        changes,
        replaces,
        deleteBeforeReplace: false,
      });
      assert.deepEqual(fake.dialled, []);
    });
  }

  it("asks hosts only where the placement changes, and only what it can know", async () => {
    const { check, diff, fake } = boundary();
    const inputs = inputsOf(state);
    await check({}, inputs);
    for (const given of [
      {},
      { migration: { timeout: "6m" } },
      { domain: "db-02" },
      { host: UNKNOWN },
      { host: "kvm-b", migration: { timeout: UNKNOWN } },
    ]) {
      await diff(fakeUuid, state, { ...inputs, ...given });
      assert.deepEqual(fake.dialled, [], JSON.stringify(given));
    }
    await diff(fakeUuid, state, { ...inputs, host: "kvm-b", plan: commands("10.0.0.12") });
    assert.deepEqual([...new Set(fake.dialled)].sort(), ["kvm-a", "kvm-b"]);
    for (const host of fake.hosts.values()) {
      assert.ok(
        !host.commands.some((command) =>
          /^(migrate|migrate-set\w+|undefine|resume|suspend|autostart|domjobabort) /.test(command),
        ),
      );
    }
  });

  function inputsOf({ domain, host, migration, plan, __provider, __urn }: Props): Props {
    return { domain, host, migration, plan, __provider, __urn };
  }
});

describe("handlers: create, update and delete", () => {
  it("create adopts a VM that is there already: no migration, no record of one", async () => {
    const { create, inputs, host } = boundary();
    const given = await inputs();
    assert.deepEqual(await create(given), {
      id: fakeUuid,
      outs: {
        ...given,
        currentHost: "kvm-a",
        domainUuid: fakeUuid,
        state: "running",
        schemaVersion: 1,
        __name: "db-01",
      },
    });
    assert.ok(!host("kvm-a").commands.some((command) => command.startsWith("migrate")));
  });

  it("create moves a VM that is elsewhere by the planned command, word for word", async () => {
    const { create, inputs, host, shown } = boundary();
    const given = await inputs({ host: "kvm-b" });
    const { outs } = (await create(given)) as { outs: Props };
    assert.deepEqual(
      host("kvm-a").commands.filter((command) => command.startsWith("migrate ")),
      [commands("10.0.0.12").live.replace(/^virsh /, "")],
    );
    const last = outs["lastMigration"] as Props;
    assert.deepEqual(
      {
        currentHost: outs["currentHost"],
        plan: outs["plan"],
        from: last["from"],
        to: last["to"],
        command: last["command"],
      },
      { currentHost: "kvm-b", plan: given["plan"], from: "kvm-a", to: "kvm-b", command: commands("10.0.0.12").live },
    );
    assert.equal(host("kvm-a").find("db-01"), undefined);
    assert.equal(host("kvm-b").find("db-01")?.state, "running");
    assert.deepEqual([...new Set(shown.map((line) => line.urn))], [urn]);
  });

  it("update of the options alone opens no connection, and keeps what was known", async () => {
    const { create, update, inputs, fake } = boundary();
    const { outs } = (await create(await inputs({ host: "kvm-b" }))) as { outs: Props };
    fake.dialled.length = 0;
    for (const host of fake.hosts.values()) host.down = true;
    const given = await inputs({ host: "kvm-b", migration: { maxDowntime: "1s" } });
    assert.deepEqual((await update(fakeUuid, outs, given)).outs, { ...outs, ...given });
    assert.deepEqual(fake.dialled, []);
  });

  it("a failure leaves the truth for the next run, which continues from there", async () => {
    const { create, update, diff, inputs, fake, host } = boundary();
    const { outs } = (await create(await inputs())) as { outs: Props };
    fake.onMigrate = () => Promise.resolve("internal error: client socket is closed");
    const given = await inputs({ host: "kvm-b" });
    const error = await refusal(update(fakeUuid, outs, given));
    assert.equal(error.id, fakeUuid);
    assert.deepEqual(error.reasons, [error.message]);
    assert.match(
      error.message,
      /^cannot move db-01 from kvm-a to kvm-b .+client socket is closed.+What to do: .+ \[\w+\]$/s,
    );
    assert.deepEqual(error.properties, {
      ...outs,
      ...given,
      currentHost: "kvm-a",
      state: "running",
      __incomplete: true,
    });
    assert.equal(outs["__provider"], provider);
    assert.equal((await diff(fakeUuid, error.properties, given)).changes, true);

    fake.onMigrate = () => Promise.resolve(undefined);
    const after = (await update(fakeUuid, error.properties, given)).outs as Props;
    assert.equal(after["currentHost"], "kvm-b");
    assert.ok(!("__incomplete" in after));
    assert.equal((await diff(fakeUuid, after, given)).changes, false);
    assert.equal(host("kvm-a").find("db-01"), undefined);
  });

  it("a failure before the VM was seen leaves nothing in state", async () => {
    const { create, inputs } = boundary();
    const error = await refusal(create(await inputs({ domain: "db-02" })));
    assert.equal(error.id, undefined);
    assert.match(error.message, /\[domainMissing\]$/);
  });

  it("delete touches nothing, whatever the state and the configuration", async () => {
    const { delete: remove, fake, host } = boundary({ config: { "vm-placement:hosts": "nonsense" } });
    await remove();
    assert.deepEqual(fake.dialled, []);
    assert.deepEqual(host("kvm-a").domains, [fakeDomain()]);
  });
});

describe("handlers: configure", () => {
  it("lets calls that came first wait for it", async () => {
    const fake = new SimulatedLab();
    const silent = { live: () => {}, info: () => {}, warn: () => {} };
    const handlers = createHandlers({
      dial: () => fake.dial,
      sshHosts: () => [],
      clock: { now: () => 0, sleep: () => Promise.resolve() },
      display: { row: () => silent, debug: () => {}, flush: () => Promise.resolve() },
    });
    let checked = false;
    const checks = [1, 2].map(() => handlers.check({}, news()).then(() => (checked = true)));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(checked, false);
    await handlers.configure({ config: { get: () => undefined } });
    await Promise.all(checks);
  });
});
