import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UNKNOWN } from "../../provider/schema";
import { ensureRuntime, newest, oldestSdk, type Runtime, runtimeNotRun, runtimeTitle } from "../../lab/runtimes";
import { fakeDomain, type SimulatedHost, type SimulatedLab, fakeUuid } from "../../lab/simulated";
import { type Key, makeKey } from "../../lab/simulated/ssh";
import {
  failing,
  inputsOf,
  installed,
  placement as news,
  placementUrn as urn,
  providerFixture,
  type ProviderFixture,
  providerTexts as texts,
} from "../support/provider-fixture";
import { projectOf, type Props, ProviderProcess } from "../support/provider-process";
import { until } from "../support/until";

const root = join(__dirname, "../..");
const installedSdk = (
  JSON.parse(readFileSync(join(root, "node_modules/@pulumi/pulumi/package.json"), "utf8")) as { version: string }
).version;

const moveToB = "virsh migrate --live --p2p --persistent --undefinesource db-01 qemu+ssh://b.peer/system";

const runtimes: { title: string; notRun?: string | undefined; get: () => Promise<Runtime> }[] = [
  {
    title: `${runtimeTitle({ sdk: installedSdk })}, as installed here`,
    get: () => Promise.resolve(installed),
  },
  ...[newest, oldestSdk].map((spec) => ({
    title: runtimeTitle(spec),
    notRun: runtimeNotRun(spec),
    get: () => ensureRuntime(spec, (line) => console.error(line)),
  })),
];

const kinds = [
  { what: "the provider process", served: false },
  { what: "the provider for every language", served: true },
];

for (const { title, notRun, get, what, served } of runtimes.flatMap((runtime) =>
  kinds.map((kind) => ({ ...runtime, ...kind })),
)) {
  if (notRun !== undefined) {
    describe(`contract: ${what} on ${title} (not run: ${notRun})`, () => {
      it("needs that runtime");
    });
    continue;
  }
  describe(`contract: ${what} on ${title}`, () => {
    const passphrase = "correct-horse-battery";
    let runtime: Runtime;
    let key: Key;
    let fixture: ProviderFixture;
    let home: string;
    let world: SimulatedLab;
    let a: SimulatedHost;
    let b: SimulatedHost;
    let provider: ProviderProcess;
    let inventory: Record<string, Props>;

    before(async function () {
      this.timeout(12 * 60_000);
      runtime = await get();
      key = makeKey("ed25519", passphrase);
    });

    beforeEach(async function () {
      this.timeout(60_000);
      fixture = await providerFixture({ runtime, served, key, host: { passphrase } });
      ({ home, world, a, b, provider, hosts: inventory } = fixture);
    });

    afterEach(() => fixture.close());

    const configured = () => provider.configure({ "vm-placement:hosts": inventory });

    const inputs = (more: Props = {}) => inputsOf(provider, news(more));

    const logged = (start: string) => provider.output.logs.some(({ message }) => message.startsWith(start));

    function noSecrets(): void {
      const everything = [
        provider.answers,
        provider.output.stderr,
        provider.output.stdout,
        JSON.stringify(provider.output.logs),
      ].join("\n");
      assert.ok(!everything.includes(passphrase), "a passphrase");
      for (const line of key.private.split("\n").filter((text) => text.length > 20)) {
        assert.ok(!everything.includes(line), "a line of a private key");
      }
    }

    // The protocol of a provider has no such text.
    for (const [version, text] of served ? [] : texts.entries()) {
      it(`loads the provider text that state of text ${version + 1} holds`, async () => {
        await configured();
        const { inputs: checked, failures } = await provider.check(news({ __provider: text }));
        assert.deepEqual(failures, []);
        assert.equal(checked["__provider"], text);
      });
    }

    it("answers calls that come before its configuration is worked through", async () => {
      await configured();
      const answers = await Promise.all([1, 2, 3].map(() => provider.check(news({ host: "kvm-b" }))));
      for (const { inputs: checked, failures } of answers) {
        assert.deepEqual(failures, []);
        assert.equal((checked["plan"] as Props)["live"], moveToB);
      }
    });

    it("adopts, and sends nothing that is undefined", async () => {
      await configured();
      const { id, outputs } = await provider.create(await inputs());
      assert.equal(id, fakeUuid);
      assert.deepEqual(outputs, {
        ...(await inputs()),
        currentHost: "kvm-a",
        domainUuid: fakeUuid,
        state: "running",
        schemaVersion: 1,
        __name: "db-01",
      });
      assert.deepEqual(await provider.diff(id, outputs, await inputs()), { changes: "none", replaces: [] });
      const options = await inputs({ migration: { timeout: "5m" } });
      const asked = a.commands.length;
      const updated = await provider.update(id, outputs, options);
      assert.deepEqual(updated, { ...outputs, ...options });
      assert.equal(a.commands.length, asked, "a change of options alone asks no host");
      const read = await provider.read(id, updated);
      assert.deepEqual(read, { id, outputs: updated, inputs: options });
      await provider.delete(id, updated);
      assert.deepEqual(a.find("db-01"), fakeDomain());
    });

    it("moves, with live rows under the resource's URN and one lasting line", async () => {
      let release = () => {};
      world.onMigrate = () => new Promise((resolve) => (release = () => resolve(undefined)));
      await configured();
      const created = provider.create(await inputs({ host: "kvm-b" }));
      await until("half is sent", () => logged("pre-copy 50 %"));
      release();
      const { outputs } = await created;
      assert.equal(outputs["currentHost"], "kvm-b");
      assert.equal((outputs["lastMigration"] as Props)["command"], moveToB);
      assert.deepEqual(b.find("db-01")?.state, "running");
      assert.equal(a.find("db-01"), undefined);
      const { logs } = provider.output;
      assert.deepEqual([...new Set(logs.map((line) => line.urn))], [urn]);
      const lasting = logs.filter(({ ephemeral }) => !ephemeral);
      assert.equal(lasting.length, 1);
      assert.match(lasting[0]!.message, /^moved kvm-a → kvm-b in .+, paused 43 ms, 163 MiB sent$/);
      assert.equal(logs.at(-1), lasting[0]);
      noSecrets();
    });

    it("creates the images that the destination lacks, and removes them where the move fails", async () => {
      const disks = [
        { target: "vda", path: "/vms/db.qcow2", format: "qcow2" as const },
        { target: "vdb", path: "/vms/log.img", format: "raw" as const },
      ];
      a.domains = [fakeDomain({ disks })];
      for (const { path, format } of disks)
        a.images.set(path, { format, bytes: 2 ** 26, content: `content of ${path}` });
      b.images.set("/vms/other.img", { format: "raw", bytes: 2 ** 20, content: "mine" });
      const paths = disks.map(({ path }) => path);
      await configured();
      const desired = await inputs({ host: "kvm-b", migration: { copyStorage: { mode: "all", createImages: true } } });
      let made: unknown;
      world.onMigrate = () => {
        made = paths.map((path) => b.images.get(path));
        return Promise.resolve("internal error: the disks cannot be copied");
      };
      const failed = await failing(provider.create(desired));
      assert.match(failed.message, /the disks cannot be copied/);
      const asMade = paths.map((path) => ({ path, format: a.images.get(path)!.format, bytes: 2 ** 26, content: "" }));
      assert.deepEqual((made as { inode: number; createdFor: string }[]).map(({ inode: _, createdFor, ...rest }, at) => (assert.equal(createdFor, fakeUuid), { path: paths[at], ...rest })), asMade); // prettier-ignore
      assert.deepEqual(b.images.paths, ["/vms/other.img"]);
      // What an interrupted run has left is used, and removed where that fails, too.
      b.images.set(paths[0]!, { format: "qcow2", bytes: 2 ** 26, content: "half", createdFor: fakeUuid });
      await failing(provider.create(desired));
      assert.deepEqual(b.images.paths, ["/vms/other.img"]);
      // One of somebody else's stays.
      b.images.set(paths[0]!, { format: "qcow2", bytes: 2 ** 26, content: "" });
      await failing(provider.create(desired));
      assert.deepEqual(b.images.paths, [paths[0], "/vms/other.img"]);
      world.onMigrate = () => Promise.resolve(undefined);
      await provider.create(desired);
      assert.deepEqual(paths.map((path) => [b.images.get(path)!.content, b.images.get(path)!.createdFor]), paths.map((path) => [`content of ${path}`, undefined])); // prettier-ignore
    });

    it("looks ahead in a preview alone: neither in the diff of an update nor in that of a refresh", async () => {
      await configured();
      const { id, outputs } = await provider.create(await inputs());
      const desired = await inputs({ host: "kvm-b", __dryRun: false });
      assert.ok(!("__dryRun" in desired));
      const estimates = () => provider.output.logs.filter(({ message }) => message.startsWith("will ")).length;
      await provider.diff(id, outputs, desired);
      assert.equal(estimates(), 0);
      const found = await provider.read(id, outputs);
      await provider.diff(id, found.outputs, desired);
      assert.equal(estimates(), 0);
      assert.deepEqual(await inputs({ host: "kvm-b", __dryRun: true }), desired);
      await provider.diff(id, outputs, desired);
      assert.equal(estimates(), 1);
    });

    it("works where no engine listens", async () => {
      await provider.stop();
      provider = fixture.provider = await ProviderProcess.start({ runtime, home, served, engine: false });
      await configured();
      const { outputs } = await provider.create(await inputs({ host: "kvm-b" }));
      assert.equal(outputs["currentHost"], "kvm-b");
    });

    it("lets values that are not known yet through check and diff, and makes no plan of them", async () => {
      await configured();
      const { id, outputs } = await provider.create(await inputs());
      for (const unknown of [
        { host: UNKNOWN },
        { host: ["kvm-a", UNKNOWN] },
        { domain: UNKNOWN },
        { migration: UNKNOWN },
        { migration: { timeout: UNKNOWN } },
      ]) {
        const checked = await inputs(unknown);
        assert.deepEqual(checked, { ...news(unknown), plan: UNKNOWN });
        assert.deepEqual(await provider.diff(id, outputs, checked), { changes: "some", replaces: [] });
      }
    });

    it("names each wrong input with its property, its reason and its code", async () => {
      await configured();
      const { failures } = await provider.check(news({ host: "kvm-q", migration: { timeout: 30 }, hosts: "kvm-a" }));
      assert.deepEqual(failures, [
        {
          property: "hosts",
          reason:
            'unknown field "hosts" (did you mean host?); the fields are domain, host, migration, onDrift, limits and inventory [invalidInput]',
        },
        {
          property: "migration.timeout",
          reason:
            'got 30; expected a duration from 1 s to 168 h with its unit (ms, s, m, h), also per GiB of memory ("30s/GiB"), for example "5m" [invalidInput]',
        },
        {
          property: "host",
          reason:
            "\"kvm-q\" is neither in the inventory (vm-placement:hosts) nor a Host of ~/.ssh/config; write kvm-a or kvm-b if you meant that; or add it: `pulumi config set --path 'vm-placement:hosts.kvm-q.address' ADDRESS` [unknownHost]",
        },
      ]);
      assert.deepEqual(provider.output.stderr, "");
    });

    it("takes a literal Host of the account's ssh_config beside the inventory", async () => {
      mkdirSync(join(home, ".ssh"));
      writeFileSync(join(home, ".ssh/config"), "Host kvm-c kvm-*.example.net\n  HostName 127.0.0.1\n");
      await configured();
      const checked = await inputs({ host: "kvm-c" });
      assert.match(String((checked["plan"] as Props)["live"]), / qemu\+ssh:\/\/kvm-c\/system$/);
      const { failures } = await provider.check(news({ host: "kvm-d.example.net" }));
      assert.match(failures[0]!.reason, /^"kvm-d\.example\.net" is neither in the inventory/);
    });

    it("names an ssh_config that cannot be used, without a stack", async () => {
      mkdirSync(join(home, ".ssh"), { recursive: true });
      writeFileSync(join(home, ".ssh/config"), 'Host "kvm-c\n  Port 22\n');
      await configured();
      const error = await failing(provider.check(news({ host: "kvm-c" })));
      assert.match(error.message, /^cannot use the ssh configuration .+\[invalidInput\]$/s);
      assert.doesNotMatch(provider.output.stderr, /^ {4}at /m);
    });

    it("reports a failed move as a partial failure that tells where the VM is, and continues from it", async () => {
      world.onMigrate = () => Promise.resolve("Unsafe migration: Migration without shared storage is unsafe");
      await configured();
      const desired = await inputs({ host: "kvm-b" });
      const error = await failing(provider.create(desired));
      assert.match(
        error.message,
        /^cannot move db-01 from kvm-a to kvm-b \(migrate, on kvm-a\): .*Unsafe migration.*What to do: .+ \[unsafeStorage\]$/s,
      );
      const { partial } = error;
      assert.ok(partial);
      assert.equal(partial.id, fakeUuid);
      assert.deepEqual(partial.reasons, [error.message]);
      const { currentHost, state, __provider, host, plan } = partial.properties;
      assert.deepEqual(
        { currentHost, state, __provider, host, plan },
        { currentHost: "kvm-a", state: "running", __provider: texts.at(-1), host: "kvm-b", plan: desired["plan"] },
      );
      assert.equal(provider.output.stderr, "");

      world.onMigrate = () => Promise.resolve(undefined);
      assert.equal((await provider.diff(partial.id, partial.properties, desired)).changes, "some");
      const outputs = await provider.update(partial.id, partial.properties, desired);
      assert.equal(outputs["currentHost"], "kvm-b");
      assert.equal((await provider.diff(partial.id, outputs, desired)).changes, "none");
      noSecrets();
    });

    it("fails plainly where no VM was found: nothing is to be kept in state", async () => {
      await configured();
      const error = await failing(provider.create(await inputs({ domain: "db-02" })));
      assert.equal(error.partial, undefined);
      assert.match(error.message, /\[domainMissing\]$/);
      assert.doesNotMatch(provider.output.stderr, /^ {4}at /m);
    });

    it("fails a refresh when the VM is nowhere to be seen, and never calls it gone", async () => {
      await configured();
      const { id, outputs } = await provider.create(await inputs());
      a.domains = [];
      await sleep(3500);
      const missing = await failing(provider.read(id, outputs));
      assert.match(
        missing.message,
        /^cannot tell where db-01 \(UUID .+\) is .+the VM is not on kvm-a or kvm-b.+\[domainMissing\]$/s,
      );
      // The server prints an error and its stack; ours is the message, once.
      if (!served) await until("it is printed", () => provider.output.stderr.includes("cannot tell where"));
      assert.equal(provider.output.stderr.split("cannot tell where").length, served ? 1 : 2);
      assert.doesNotMatch(provider.output.stderr, /^ {4}at /m);
    });

    it("ends at once on SIGINT when nothing runs", async () => {
      await configured();
      await provider.create(await inputs({ host: "kvm-b" }));
      provider.signal("SIGINT");
      assert.equal(await provider.exit(), "SIGINT");
    });

    it("says where the VM is going and ends before the engine kills it, on SIGINT while a migration runs", async () => {
      world.onMigrate = () => new Promise(() => {});
      await configured();
      const created = failing(provider.create(await inputs({ host: "kvm-b" })));
      await until("it sends memory", () => logged("pre-copy"));
      const start = Date.now();
      provider.signal("SIGINT");
      assert.equal(await provider.exit(), 130);
      // The engine's own limit before it kills.
      assert.ok(Date.now() - start < 5000, `${Date.now() - start} ms`);
      await created;
      const warnings = provider.output.logs.filter(({ severity }) => severity === "warning");
      assert.deepEqual(warnings, [
        {
          severity: "warning",
          urn,
          ephemeral: false,
          message:
            "interrupted: db-01 runs on kvm-a, and its migration to kvm-b goes on without pulumi. The next `pulumi up` watches it to its end; `virsh domjobabort db-01` on kvm-a cancels it",
        },
      ]);
      assert.ok(!a.commands.some((command) => command.startsWith("domjobabort")));
    });

    const wrong: [title: string, change: (key: Key) => Record<string, unknown>, expected: RegExp][] = [
      ["the passphrase", () => ({ passphrase: `${passphrase}-wrong` }), /\[privateKeyUnusable\]$/],
      ["the key's text", ({ private: text }) => ({ privateKey: text.replaceAll("A", "B") }), /\[privateKeyUnusable\]$/],
      ["no key at all", () => ({ privateKey: undefined, passphrase: undefined }), /\[authRefused\]$/],
      ["the host's key", () => ({ hostKey: `SHA256:${"A".repeat(43)}` }), /\[hostKeyChanged\]$/],
      [
        "the field of the key's text",
        ({ private: text }) => ({ privateKey: undefined, identityFile: text }),
        /put the text of a key in privateKey \[invalidInput\]$/,
      ],
      ["a field's name", () => ({ pasphrase: passphrase }), /unknown field "pasphrase"/],
      ["a secret's shape", () => ({ passphrase: { value: passphrase } }), /^got an object; expected the passphrase/],
    ];
    for (const [what, change, expected] of wrong) {
      it(`shows no secret of the inventory where ${what} is wrong`, async () => {
        await provider.configure({ "vm-placement:hosts": { "kvm-a": { ...inventory["kvm-a"], ...change(key) } } });
        const { inputs: checked, failures } = await provider.check(news());
        assert.match(failures[0]?.reason ?? (await failing(provider.create(checked))).message, expected);
        noSecrets();
      });
    }

    it("shows no secret of an inventory that is a list", async () => {
      await provider.configure({ "vm-placement:hosts": [inventory["kvm-a"]] });
      const { failures } = await provider.check(news());
      assert.match(failures[0]!.reason, /^got a list; /);
      noSecrets();
    });

    it("names the key of a configuration that is wrong, in check and in a refresh; deleting works all the same", async () => {
      await provider.configure({
        "vm-placement:hosts": { "kvm-a": { port: "22" } },
        "vm-placement:uri": "qemu:///session",
      });
      const { failures } = await provider.check(news());
      assert.deepEqual(
        failures.map(({ property }) => property),
        ["vm-placement:hosts.kvm-a.port", "vm-placement:uri"],
      );
      const state = news({ currentHost: "kvm-a", domainUuid: fakeUuid, state: "running", schemaVersion: 1 });
      const error = await failing(provider.read(fakeUuid, state));
      assert.match(
        error.message,
        /vm-placement:hosts\.kvm-a\.port cannot be used.+the configuration of the last up \[invalidInput\]$/s,
      );
      await provider.delete(fakeUuid, state);
    });

    it("accepts state of an older schema version, and of none", async () => {
      await configured();
      const checked = await inputs();
      for (const schemaVersion of [undefined, 0]) {
        const old: Props = {
          ...news(),
          currentHost: "kvm-a",
          domainUuid: fakeUuid,
          state: "running",
          ...(schemaVersion !== undefined && { schemaVersion }),
          fieldOfAnotherAge: { a: 1 },
        };
        assert.deepEqual(await provider.diff(fakeUuid, old, checked), { changes: "none", replaces: [] });
        const read = await provider.read(fakeUuid, old);
        assert.equal(read.outputs["currentHost"], "kvm-a");
        assert.equal(read.inputs["host"], "kvm-a");
        const updated = await provider.update(fakeUuid, old, await inputs({ migration: { mode: "live" } }));
        assert.equal(updated["schemaVersion"], 1);
        assert.equal(updated["currentHost"], "kvm-a");
        await provider.delete(fakeUuid, old);
      }
    });

    it("finds a VM that was moved by hand, and tells the engine as an input", async () => {
      await configured();
      const { id, outputs } = await provider.create(await inputs({ migration: { timeout: "5m" } }));
      b.domains = a.domains;
      a.domains = [];
      await until("it is found on kvm-b", async () => {
        const read = await provider.read(id, outputs);
        if (read.outputs["currentHost"] !== "kvm-b") return false;
        assert.deepEqual(read.inputs, await inputs({ host: "kvm-b", migration: { timeout: "5m" } }));
        assert.equal(read.outputs["host"], "kvm-b");
        assert.deepEqual(await provider.diff(id, read.outputs, await inputs({ migration: { timeout: "5m" } })), {
          changes: "some",
          replaces: [],
        });
        return true;
      });
    });
  });
}

for (const { title, get } of runtimes.filter((runtime) => runtime.notRun === undefined)) {
  describe(`contract: the package on ${title}`, () => {
    it("loads neither zod nor ssh2 on the program's side, two files on the provider's, and shares the project's SDK", async function () {
      this.timeout(12 * 60_000);
      const runtime = await get();
      const loaded = (module: string) =>
        execFileSync(
          runtime.node,
          ["-e", `require("${module}"); console.log(Object.keys(require.cache).join("\\n"))`],
          { cwd: projectOf(runtime), encoding: "utf8", env: { PATH: process.env["PATH"] } },
        );
      const foreign = /node_modules\/(zod|ssh2|ssh-config|saxes)\//;
      const program = loaded("pulumi-vm-placement");
      assert.doesNotMatch(program, foreign);
      assert.doesNotMatch(program, /dist\/(handlers|schema|engine)\.js/);
      const sdk = program.split("\n").filter((path) => path.includes("/@pulumi/pulumi/"));
      assert.ok(sdk.length > 0);
      assert.ok(sdk.every((path) => path.startsWith(runtime.modules)));
      const handlers = loaded("pulumi-vm-placement/handlers");
      assert.doesNotMatch(handlers, foreign);
      const own = handlers.split("\n").filter((path) => path.includes("/pulumi-vm-placement/"));
      assert.deepEqual(own.map((path) => basename(path)).sort(), ["handlers-shared.js", "handlers.js"]);
    });
  });
}
