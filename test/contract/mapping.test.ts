/** `migration.disks` and `migration.networks` through the real provider process, on simulated hosts behind ssh. */
import assert from "node:assert/strict";
import { fakeDomain, fakeUuid, type SimulatedDomain, type SimulatedHost, type SimulatedLab } from "../../lab/simulated";
import { type Key, makeKey } from "../../lab/simulated/ssh";
import {
  failing,
  inputsOf,
  installed,
  placement,
  providerFixture,
  type ProviderFixture,
} from "../support/provider-fixture";
import { type Props, ProviderProcess } from "../support/provider-process";
import { until } from "../support/until";

const nic = (source: string, type: string) =>
  `<interface type='${type}'><mac address='52:54:00:aa:00:01'/><source ${type}='${source}'/><model type='virtio'/></interface>`;
const onSource = { target: "vda", path: "/site-a/db.qcow2", format: "qcow2" as const };
const destinationPath = "/site-b/db.qcow2";
const migration = {
  networks: { br0: "br-lan" },
  disks: { vda: { path: destinationPath } },
  copyStorage: { mode: "all", createImages: true },
  // What a simulated host does not say of its bridges.
  accept: ["networks"],
};

for (const served of [false, true]) {
  describe(`contract: a mapping by ${served ? "the provider for every language" : "the provider process"}`, () => {
    let key: Key;
    let fixture: ProviderFixture;
    let world: SimulatedLab;
    let a: SimulatedHost;
    let b: SimulatedHost;
    let provider: ProviderProcess;

    before(() => void (key = makeKey("ed25519")));
    beforeEach(async function () {
      this.timeout(60_000);
      fixture = await providerFixture({ served, key });
      ({ world, a, b, provider } = fixture);
      const devices = { live: nic("br0", "bridge"), persistent: nic("br0", "bridge") };
      a.domains = [fakeDomain({ devices, disks: [onSource] })];
      a.images.set(onSource.path, { format: "qcow2", bytes: 2 ** 26, content: "the database" });
      await provider.configure({ "vm-placement:hosts": fixture.hosts });
    });
    afterEach(() => fixture.close());

    const inputs = (more: Props = {}) => inputsOf(provider, placement({ host: "kvm-b", migration, ...more }));
    const moving = () => provider.output.logs.some(({ message }) => message.startsWith("pre-copy"));
    /** Its connections break; it is asked by new ones. */
    async function lost(host: SimulatedHost): Promise<void> {
      const asked = host.commands.length;
      host.drop();
      await until("it is asked again", () => host.commands.length > asked);
    }
    const bridgesOf = ({ devices }: SimulatedDomain) =>
      [devices?.live, devices?.persistent].map((xml) => /bridge='([^']+)'/.exec(xml ?? "")?.[1]);

    /** Where the VM is, and what it has there: as it runs, and as it is defined. */
    function assertOnDestination(outputs: Props): void {
      assert.equal(outputs["currentHost"], "kvm-b");
      assert.equal(a.find("db-01"), undefined);
      const moved = b.find("db-01")!;
      assert.deepEqual([moved.uuid, moved.state, moved.persistent], [fakeUuid, "running", true]);
      assert.deepEqual(bridgesOf(moved), ["br-lan", "br-lan"]);
      assert.deepEqual(moved.disks, [{ ...onSource, path: destinationPath }]);
      assert.deepEqual(b.images.paths, [destinationPath]);
      const { content, createdFor } = b.images.get(destinationPath)!;
      assert.deepEqual([content, createdFor], ["the database", undefined]);
      const { staleImages } = outputs["lastMigration"] as { staleImages?: { host: string; path: string }[] };
      assert.deepEqual(
        staleImages?.map(({ host, path }) => `${host} ${path}`),
        [`kvm-a ${onSource.path}`],
      );
    }

    function assertOnSource(): void {
      const kept = a.find("db-01")!;
      assert.deepEqual([kept.state, kept.persistent], ["running", true]);
      assert.deepEqual(bridgesOf(kept), ["br0", "br0"]);
      assert.deepEqual(kept.disks, [onSource]);
      assert.equal(a.images.get(onSource.path)!.content, "the database");
      assert.equal(b.find("db-01"), undefined);
      assert.deepEqual(b.images.paths, []);
    }

    it("moves, and the definition on the destination has the other disk and bridge", async () => {
      const { id, outputs } = await provider.create(await inputs());
      assertOnDestination(outputs);
      assert.deepEqual((await provider.diff(id, outputs, await inputs())).changes, "none");
      assert.equal((await provider.read(id, outputs)).outputs["currentHost"], "kvm-b");
    });

    it("leaves the VM on the source as it was where the move fails, tells so, and moves it the next time", async () => {
      world.onMigrate = () => Promise.resolve("internal error: the bridge br-lan is gone");
      const { message, partial } = await failing(provider.create(await inputs()));
      assert.match(
        message,
        /^cannot move db-01 from kvm-a to kvm-b \(migrate, on kvm-a\): .*the bridge br-lan is gone/,
      );
      assert.equal(partial!.properties["currentHost"], "kvm-a");
      assertOnSource();
      world.onMigrate = () => Promise.resolve(undefined);
      assertOnDestination(await provider.update(partial!.id, partial!.properties, await inputs()));
    });

    it("names what differs where the destination did not take it, and that the VM is there", async () => {
      world.onMigrate = () => {
        // As soon as it is asked for there: the bridge of the source.
        b.onCommand = () => {
          const moved = b.find("db-01");
          if (moved?.devices?.live.includes("br-lan"))
            moved.devices = { ...moved.devices, persistent: nic("br0", "bridge") };
        };
        return Promise.resolve(undefined);
      };
      const { message, partial } = await failing(provider.create(await inputs()));
      assert.match(message, /differs from migration\.disks and migration\.networks: 52:54:00:aa:00:01 should be on bridge br-lan, but is on bridge br0/); // prettier-ignore
      assert.match(message, /\[verificationFailed\]$/);
      assert.equal(partial!.properties["currentHost"], "kvm-b");
      assert.equal(b.images.get(destinationPath)!.content, "the database");
    });

    it("goes on after an interrupt, and the next run finds it with the other disk and bridge", async () => {
      let release = () => {};
      world.onMigrate = () => new Promise((resolve) => (release = () => resolve(undefined)));
      const created = failing(provider.create(await inputs()));
      await until("it sends memory", moving);
      provider.signal("SIGINT");
      assert.equal(await provider.exit(), 130);
      await created;
      const warnings = provider.output.logs.filter(({ severity }) => severity === "warning");
      assert.match(
        warnings.at(-1)!.message,
        /^interrupted: db-01 runs on kvm-a, and its migration to kvm-b goes on without pulumi/,
      );
      assert.deepEqual(b.images.paths, [destinationPath]);
      await provider.stop();
      provider = fixture.provider = await ProviderProcess.start({ runtime: installed, home: fixture.home, served });
      await provider.configure({ "vm-placement:hosts": fixture.hosts });
      const next = provider.create(await inputs());
      await until("it sends memory", moving);
      release();
      assertOnDestination((await next).outputs);
    });

    it("follows the move to its end where the source's connection is lost in the middle", async () => {
      let release = () => {};
      world.onMigrate = () => new Promise((resolve) => (release = () => resolve(undefined)));
      const created = provider.create(await inputs());
      await until("it sends memory", moving);
      await lost(a);
      release();
      assertOnDestination((await created).outputs);
    });

    it("tells where the VM is where the source is lost and the move fails, and removes the image", async () => {
      let release = () => {};
      world.onMigrate = () =>
        new Promise((resolve) => (release = () => resolve("operation aborted: migration out job: canceled by client")));
      const created = failing(provider.create(await inputs()));
      await until("it sends memory", moving);
      await lost(a);
      release();
      const { partial } = await created;
      assert.equal(partial!.properties["currentHost"], "kvm-a");
      assertOnSource();
    });
  });
}
