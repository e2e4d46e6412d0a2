import assert from "node:assert/strict";
import { SimulatedLab } from "../../../../lab/simulated";
import type { Host } from "../../../../provider/core/model";
import { Hosts } from "../../../../provider/observe/hosts";
import { ownersOf } from "../../../../provider/preflight/probes/resolved";
import { FakeClock } from "../../../support/fake-clock";

describe("whose address it is that the source would connect to", () => {
  const inventory: Record<string, Host> = Object.fromEntries(
    [
      { name: "kvm-a", address: "10.0.0.11" },
      { name: "kvm-b", address: "10.0.0.12" },
      { name: "kvm-c", address: "c.lan", migrationAddress: "10.9.0.13" },
      { name: "kvm-d", address: "10.0.0.14" },
    ].map((host) => [host.name, host]),
  );

  async function owners(addresses: string[], own: Record<string, string>, down: string[] = []) {
    const lab = new SimulatedLab();
    const clock = new FakeClock();
    for (const name of Object.keys(inventory)) {
      const host = lab.add(name);
      host.down = down.includes(name);
      host.answers.set("ip -o address", `@@ addresses\n${own[name] ?? ""}\n@@ end\n`);
    }
    // What the source resolves: each name of the others.
    lab.hosts
      .get("kvm-a")!
      .answers.set(
        "getent ahosts",
        "@@ name c.lan\n10.0.0.13\n@@ name 10.9.0.13\n10.9.0.13\n@@ name 10.0.0.14\n10.0.0.14\n@@ end\n",
      );
    const hosts = new Hosts(lab.dial, inventory, "qemu:///system", clock);
    const found = await ownersOf(hosts, await hosts.on("kvm-a"), "kvm-b", addresses, clock);
    const script = lab.hosts.get("kvm-a")!.scripts.find((each) => each.includes("getent"));
    const asked = lab.dialled.filter((name) => name !== "kvm-a");
    await hosts.close();
    return { found, asked, script };
  }

  it("is another host's of the inventory, which has it on an interface", async () => {
    const { found, asked, script } = await owners(["10.0.0.13"], { "kvm-c": "10.0.0.13/24" });
    assert.deepEqual([found, asked], [{ "10.0.0.13": "kvm-c" }, ["kvm-c"]]);
    assert.match(script!, /getent ahosts c\.lan [^]*getent ahosts 10\.9\.0\.13 [^]*getent ahosts 10\.0\.0\.14 /);
    assert.doesNotMatch(script!, /10\.0\.0\.1[12]/);
  });

  it("is not known where that host has others, does not answer, or is reached otherwise", async () => {
    assert.deepEqual((await owners(["10.0.0.13"], { "kvm-c": "192.168.1.3/24" })).found, {});
    assert.deepEqual((await owners(["10.0.0.13"], { "kvm-c": "10.0.0.13/24" }, ["kvm-c"])).found, {});
    // The same address on a network of its own, behind a router.
    assert.deepEqual((await owners(["10.0.0.99"], { "kvm-d": "10.0.0.99/24" })).asked, []);
    assert.equal((await owners([], {})).script, undefined);
  });
});
