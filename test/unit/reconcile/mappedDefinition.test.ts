import assert from "node:assert/strict";
import { fakeDomain, type SimulatedDomain } from "../../../lab/simulated";
import { Placing } from "../../support/placing";

const mac = "52:54:00:00:00:01";
const secret = "s3cr3t";
const devices = (bridge: string, file: string) =>
  `<interface type='bridge'><mac address='${mac}'/><source bridge='${bridge}'/></interface><disk type='file' device='cdrom'><source file='${file}' startupPolicy='optional'/><target dev='sda'/><readonly/></disk><graphics type='vnc' passwd='${secret}'/>`;
const before = devices("br0", "/a.iso");
const options = { networks: { br0: "br-lan" }, disks: { sda: { path: "/b.iso" } } };
const vm = (change: Partial<SimulatedDomain> = {}) =>
  new Placing({ "kvm-a": [fakeDomain({ devices: { live: before, persistent: before }, ...change })] });

describe("a move with other disks and networks", () => {
  for (const [what, change, how] of [
    ["runs", {}, "live"],
    ["is shut off", { state: "shut off", reason: "shutdown" }, "offline"],
  ] as const) {
    it(`of a VM that ${what} runs the planned words, and the destination has what they name`, async () => {
      const world = vm(change);
      const { view, lastMigration } = await world.place({ options });
      assert.equal(view.host, "kvm-b");
      assert.equal(lastMigration!.command, world.plan({ options })[how]);
      const [sent] = world.host("kvm-a").commands.filter((line) => line.startsWith("migrate "));
      assert.equal(`virsh ${sent}`, lastMigration!.command);
      const after = devices("br-lan", "/b.iso");
      assert.deepEqual(world.host("kvm-b").domains[0]!.devices, { live: after, persistent: after });
      assert.ok(!JSON.stringify([world.rows, lastMigration, world.commands]).includes(secret));
    });
  }

  it("is said to have gone wrong where the destination has something else", async () => {
    const world = vm();
    world.host("kvm-b").answers.set("dumpxml --inactive", `<domain><devices>${before}</devices></domain>`);
    const problem = await world.fails({ options });
    assert.equal(problem.code, "verificationFailed");
    assert.match(
      problem.message,
      new RegExp(
        `${mac} should be on bridge br-lan, but is on bridge br0 and sda should be on /b.iso, but is on /a.iso`,
      ),
    );
    assert.equal(problem.seen?.host, "kvm-b");
    assert.ok(!JSON.stringify(problem).includes(secret));
  });

  it("starts nothing where the definition names backing files itself", async () => {
    const own = before.replace("<target", "<backingStore type='file'><source file='/c'/></backingStore><target");
    const world = vm({ devices: { live: before, persistent: own } });
    const problem = await world.fails({ options });
    assert.equal(problem.code, "migrationRefused");
    assert.match(problem.message, /it names the backing files of sda itself \(<backingStore>\); nothing was moved/);
    assert.deepEqual(world.commands, []);
    assert.equal(world.where, "kvm-a: running (booted), kvm-b: nothing, kvm-c: nothing");
  });

  it("names the images of the source as stale, also where another run has started it", async () => {
    const disk = (file: string) => `<disk type='file' device='disk'><source file='${file}'/><target dev='vda'/></disk>`;
    const of = (file: string) => ({ live: disk(file), persistent: disk(file) });
    const world = new Placing({ "kvm-a": [fakeDomain({ devices: of("/a.img") })] });
    world.lasts(5);
    void (await world.fakes.dial({ name: "kvm-a" })).exec(world.plan({}).live as string);
    await new Promise((resolve) => setImmediate(resolve));
    world.onCommand = (host) => {
      if (host.name === "kvm-b") for (const domain of host.domains) domain.devices = of("/b.img");
    };
    const { lastMigration } = await world.place({
      lastHost: "kvm-a",
      options: { copyStorage: "all", disks: { vda: { path: "/b.img" } } },
    });
    assert.deepEqual(
      lastMigration?.staleImages?.map(({ host, path }) => `${host} ${path}`),
      ["kvm-a /a.img"],
    );
  });
});
