import assert from "node:assert/strict";
import { fakeDomain } from "../../../lab/simulated";
import { Hosts } from "../../../provider/observe/hosts";
import { Placing } from "../../support/placing";

const path = "/vms/db.qcow2";
const options = { copyStorage: "all", copyStorageCreateImages: true } as const;

/** A move of so many seconds; kvm-c does not answer and is given up after ten. */
async function moved(seconds: number): Promise<{ tookMs: number; asked: string[] }> {
  const world = new Placing({ "kvm-a": [fakeDomain({ disks: [{ target: "vda", path, format: "qcow2" }] })] });
  world.host("kvm-a").images.set(path, { format: "qcow2", bytes: 2 ** 26, content: "its own" });
  world.host("kvm-c").down = true;
  world.lasts(seconds);
  const asked: string[] = [];
  const inventory = Object.fromEntries(["kvm-a", "kvm-b", "kvm-c"].map((name) => [name, { name }]));
  const dial: typeof world.fakes.dial = async (host) => {
    asked.push(host.name);
    if (host.name === "kvm-c") await world.clock.sleep(10_000);
    return world.fakes.dial(host);
  };
  const hosts = new Hosts(dial, inventory, "qemu:///system", world.clock);
  // The run goes on: its connections stay.
  Object.assign(world, { hosts: Object.assign(hosts, { close: () => Promise.resolve() }) });
  const { view } = await world.place({ lastHost: "kvm-a", options });
  assert.equal(view.host, "kvm-b");
  return { tookMs: world.clock.elapsedMs, asked: asked.filter((name) => name === "kvm-c") };
}

describe("hosts that are asked for images of interrupted moves", () => {
  it("are connected to while the VM moves: one that is off is not waited for afterwards", async () => {
    const { tookMs, asked } = await moved(12);
    assert.deepEqual(asked, ["kvm-c"]);
    assert.ok(tookMs < 14_000, `${tookMs} ms`);
  });

  it("are waited for two seconds after a short move", async () => {
    const { tookMs, asked } = await moved(1);
    assert.deepEqual(asked, ["kvm-c"]);
    assert.ok(tookMs >= 3000 && tookMs < 6000, `${tookMs} ms`);
  });
});
