import assert from "node:assert/strict";
import { createHandlers, type World } from "../../provider/handlers";
import { UNKNOWN } from "../../provider/schema";
import { fakeDomain, FakeHosts, fakeUuid } from "../support/fake-virsh";

type Props = Record<string, unknown>;

const urn = "urn:pulumi:prod::placements::pulumi-nodejs:dynamic/libvirt:VmPlacement::db";
const provider = "exports.handler = …";
const commands = (peer: string) => ({
  live: `virsh migrate --live --p2p --persistent --undefinesource db-01 qemu+ssh://${peer}/system`,
  offline: `virsh migrate --offline --p2p --persistent --undefinesource db-01 qemu+ssh://${peer}/system`,
});

const hostsConfig = {
  "vm-placement:hosts": JSON.stringify({ "kvm-a": {}, "kvm-b": { address: "10.0.0.12" }, "kvm-c": {} }),
};

/** Handlers over hosts that are models, and what they said. */
function boundary({
  config = hostsConfig,
  sshHosts = [],
}: { config?: Record<string, string>; sshHosts?: string[] } = {}) {
  const fake = new FakeHosts();
  fake.add("kvm-a", [fakeDomain()]);
  fake.add("kvm-b", [], { address: "10.0.0.12" });
  fake.add("kvm-c");
  const said: { urn: string; kind: string; text: string }[] = [];
  let nowMs = Date.UTC(2026, 0, 2);
  let sshReads = 0;
  const world: World = {
    dial: () => fake.dial,
    sshHosts: () => {
      sshReads++;
      return sshHosts;
    },
    clock: {
      now: () => nowMs,
      sleep: async (ms) => {
        nowMs += ms;
        await new Promise((resolve) => setImmediate(resolve));
      },
    },
    display: {
      row: (of) => ({
        live: (text) => void said.push({ urn: of, kind: "live", text }),
        info: (text) => void said.push({ urn: of, kind: "info", text }),
        warn: (text) => void said.push({ urn: of, kind: "warn", text }),
      }),
      debug: () => {},
      flush: () => Promise.resolve(),
    },
  };
  const handlers = createHandlers(world);
  void handlers.configure({ config: { get: (key) => config[key] } });
  return {
    ...handlers,
    fake,
    said,
    host: (name: string) => fake.hosts.get(name)!,
    sshReads: () => sshReads,
    later: (ms: number) => (nowMs += ms),
    inputs: async (more: Props = {}) => {
      const checked = await handlers.check({}, news(more));
      assert.deepEqual(checked.failures, []);
      return checked.inputs as Props;
    },
  };
}

function news(more: Props = {}): Props {
  return { domain: "db-01", host: "kvm-a", __provider: provider, __urn: urn, ...more };
}

async function refusal(
  work: Promise<unknown>,
): Promise<Error & { id?: string; properties?: Props; reasons?: string[] }> {
  const error = await work.then(
    () => assert.fail("it succeeded"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Error);
  assert.equal(error.stack, "", "a stack would be printed beside the message");
  return error;
}

describe("handlers: check", () => {
  const plans: [title: string, inputs: Props, plan: unknown][] = [
    ["one host", { host: "kvm-b" }, commands("10.0.0.12")],
    [
      "a list of hosts",
      { host: ["kvm-b", "kvm-c"] },
      {
        live: { "kvm-b": commands("10.0.0.12").live, "kvm-c": commands("kvm-c").live },
        offline: { "kvm-b": commands("10.0.0.12").offline, "kvm-c": commands("kvm-c").offline },
      },
    ],
    ["mode live", { host: "kvm-b", migration: { mode: "live" } }, { live: commands("10.0.0.12").live }],
    ["mode offline", { host: "kvm-b", migration: { mode: "offline" } }, { offline: commands("10.0.0.12").offline }],
    [
      "a maximum downtime, which is set before",
      { host: "kvm-b", migration: { maxDowntime: "500ms" } },
      { ...commands("10.0.0.12"), before: ["virsh migrate-setmaxdowntime db-01 500"] },
    ],
  ];
  for (const [title, given, plan] of plans) {
    it(`plans ${title}, the same each time, and asks nobody`, async () => {
      const { check, fake, sshReads } = boundary();
      const first = await check({}, news(given));
      assert.deepEqual(first, { inputs: { ...news(given), plan }, failures: [] });
      assert.deepEqual(await check(first.inputs as Props, news(given)), first);
      assert.deepEqual(fake.dialled, []);
      assert.equal(sshReads(), 0, "ssh_config matters only for names that the inventory lacks");
    });
  }

  it("makes no plan of what is not known yet, and none of what is wrong", async () => {
    const { check } = boundary();
    const unknown = await check({}, news({ host: UNKNOWN }));
    assert.deepEqual(unknown, { inputs: { ...news({ host: UNKNOWN }), plan: UNKNOWN }, failures: [] });
    const wrong = await check({}, news({ migration: { timeout: 5 } }));
    assert.ok(!("plan" in (wrong.inputs as Props)));
  });

  it("names all that is wrong at once, with codes", async () => {
    const { check } = boundary();
    const { failures } = await check({}, { domain: "7", host: "kvm-d", migration: { tunnelled: true, tls: true } });
    assert.deepEqual(
      failures?.map(({ property, reason }) => [property, /\[(\w+)\]$/.exec(reason)?.[1]]),
      [
        ["domain", "invalidInput"],
        ["migration.tls", "conflictingOptions"],
        ["host", "unknownHost"],
      ],
    );
  });

  const hosts: [title: string, host: string, options: Parameters<typeof boundary>[0], reason: string | undefined][] = [
    ["one of the inventory", "kvm-c", {}, undefined],
    ["a literal Host of ssh_config", "nas", { sshHosts: ["nas"] }, undefined],
    ["any without an inventory", "root@kvm-z", { config: {} }, undefined],
    [
      "one that is nearly another",
      "kvm_b",
      { sshHosts: ["nas"] },
      "\"kvm_b\" is neither in the inventory (vm-placement:hosts) nor a Host of ~/.ssh/config; did you mean kvm-b, kvm-a or kvm-c? Add it with `pulumi config set --path 'vm-placement:hosts.kvm_b.address' ADDRESS` [unknownHost]",
    ],
    [
      "one that is like none, with a dot in its name",
      "hypervisor.example.net",
      {},
      '"hypervisor.example.net" is neither in the inventory (vm-placement:hosts) nor a Host of ~/.ssh/config; its hosts are kvm-a, kvm-b and kvm-c. Add it with `pulumi config set --path \'vm-placement:hosts["hypervisor.example.net"].address\' ADDRESS` [unknownHost]',
    ],
    [
      "what every object has",
      "constructor",
      {},
      "\"constructor\" is neither in the inventory (vm-placement:hosts) nor a Host of ~/.ssh/config; its hosts are kvm-a, kvm-b and kvm-c. Add it with `pulumi config set --path 'vm-placement:hosts.constructor.address' ADDRESS` [unknownHost]",
    ],
  ];
  for (const [title, host, options, reason] of hosts) {
    it(`${reason === undefined ? "takes" : "refuses"} as host ${title}`, async () => {
      const { failures } = await boundary(options).check({}, news({ host }));
      assert.deepEqual(failures, reason === undefined ? [] : [{ property: "host", reason }]);
    });
  }

  it("blames a wrong inventory, not the names that cannot be looked up in it", async () => {
    const { check } = boundary({ config: { "vm-placement:hosts": '{"kvm-a":{"port":"22"}}' } });
    const { failures } = await check({}, news({ host: "kvm-z" }));
    assert.deepEqual(failures, [
      {
        property: "vm-placement:hosts.kvm-a.port",
        reason: 'got "22"; expected a whole number from 1 to 65535, for example 22 [invalidInput]',
      },
    ]);
  });

  it("warns of two placements of one domain, in the row of the second, and of one placement seen twice not", async () => {
    const { check, said } = boundary();
    await check({}, news());
    await check({}, news());
    await check({}, news({ domain: UNKNOWN, __urn: `${urn}3` }));
    assert.deepEqual(said, []);
    await check({}, news({ host: "kvm-b", __urn: `${urn}2` }));
    assert.deepEqual(said, [
      {
        urn: `${urn}2`,
        kind: "warn",
        text: `db-01 is also placed by ${urn}: if they name different hosts, each up moves it back and forth`,
      },
    ]);
  });
});

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
    const { diff, fake } = boundary();
    const inputs = inputsOf(state);
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

describe("handlers: create, update, read and delete", () => {
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
    const { create, inputs, host, said } = boundary();
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
    assert.deepEqual([...new Set(said.map((line) => line.urn))], [urn]);
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

  it("inputs that a policy spoilt after check are refused by their own code, and nothing is asked", async () => {
    const { create, inputs, fake } = boundary();
    const given = await inputs();
    for (const [spoilt, expected] of [
      [{ host: "kvm-q" }, /^host cannot be used \(check\): "kvm-q" is neither.+\[unknownHost\]$/s],
      [{ migration: { timeout: 5 } }, /^migration\.timeout cannot be used \(check\): got 5; .+\[invalidInput\]$/s],
      [{ migration: { zeroCopy: true } }, /^migration\.zeroCopy cannot be used .+\[conflictingOptions\]$/s],
    ] as const) {
      assert.match((await refusal(create({ ...given, ...spoilt }))).message, expected);
    }
    assert.deepEqual(fake.dialled, []);
  });

  it("read returns the state as it is, and the inputs", async () => {
    const { create, read, inputs } = boundary();
    const given = await inputs({ migration: { timeout: "5m" } });
    const { outs } = (await create(given)) as { outs: Props };
    const { __provider: _, ...kept } = given;
    assert.deepEqual(await read(fakeUuid, outs), { id: fakeUuid, props: outs, inputs: kept });
  });

  it("read finds a VM that was moved by hand, and says so as an input too", async () => {
    const { create, read, inputs, host, later } = boundary();
    const { outs } = (await create(await inputs())) as { outs: Props };
    host("kvm-c").domains = [fakeDomain({ state: "paused", reason: "user" })];
    host("kvm-a").domains = [];
    later(60_000);
    const found = (await read(fakeUuid, outs)) as { props: Props; inputs: Props };
    const { plan } = await inputs({ host: "kvm-c" });
    assert.deepEqual(found.props, { ...outs, host: "kvm-c", plan, currentHost: "kvm-c", state: "paused" });
    assert.equal(found.inputs["host"], "kvm-c");
    assert.deepEqual(found.inputs["plan"], plan);
  });

  it("read keeps a list of hosts while the VM is on one of them", async () => {
    const { create, read, inputs, host, later } = boundary();
    const { outs } = (await create(await inputs({ host: ["kvm-a", "kvm-b"] }))) as { outs: Props };
    host("kvm-b").domains = host("kvm-a").domains;
    host("kvm-a").domains = [];
    later(60_000);
    const found = (await read(fakeUuid, outs)) as { props: Props; inputs: Props };
    assert.deepEqual(found.inputs["host"], ["kvm-a", "kvm-b"]);
    assert.equal(found.props["currentHost"], "kvm-b");
  });

  it("read of many placements asks each host once", async () => {
    const { create, read, inputs, host, later } = boundary();
    const { outs } = (await create(await inputs())) as { outs: Props };
    later(60_000);
    host("kvm-a").commands.length = 0;
    await Promise.all([1, 2, 3, 4].map(() => read(fakeUuid, outs)));
    assert.equal(host("kvm-a").commands.filter((command) => command === "list --all --uuid --name").length, 1);
  });

  const unreadable: [title: string, spoil: (world: ReturnType<typeof boundary>) => void, code: string][] = [
    ["is on no host", ({ host }) => (host("kvm-a").domains = []), "domainMissing"],
    ["may be on a host that cannot be reached", ({ host }) => (host("kvm-a").down = true), "hostUnreachable"],
    ["runs on two hosts", ({ host }) => (host("kvm-b").domains = [fakeDomain()]), "domainOnTwoHosts"],
  ];
  for (const [title, spoil, code] of unreadable) {
    it(`read fails, and never calls a VM gone, where it ${title}`, async () => {
      const world = boundary();
      const { outs } = (await world.create(await world.inputs({ host: ["kvm-a", "kvm-b"] }))) as { outs: Props };
      spoil(world);
      world.later(60_000);
      if (world.host("kvm-a").down) world.fake.connectionsLost();
      assert.match((await refusal(world.read(fakeUuid, outs))).message, new RegExp(`\\[${code}\\]$`));
    });
  }

  it("delete touches nothing, whatever the state and the configuration", async () => {
    const { delete: remove, fake, host } = boundary({ config: { "vm-placement:hosts": "nonsense" } });
    await remove();
    assert.deepEqual(fake.dialled, []);
    assert.deepEqual(host("kvm-a").domains, [fakeDomain()]);
  });
});

describe("handlers: configure", () => {
  it("lets calls that came first wait for it", async () => {
    const fake = new FakeHosts();
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

  it("names a wrong configuration in a refresh, with what to do", async () => {
    const { read } = boundary({ config: { "vm-placement:uri": "qemu:///session" } });
    assert.match(
      (await refusal(read(fakeUuid, news({ currentHost: "kvm-a" })))).message,
      /^the stack's configuration vm-placement:uri cannot be used \(configure\): got "qemu:\/\/\/session".+refresh and destroy use the configuration of the last up \[invalidInput\]$/s,
    );
  });
});
