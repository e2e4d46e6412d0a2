import assert from "node:assert/strict";
import type { Clock, Dial } from "../../../provider/core/ports";
import { Hosts } from "../../../provider/placement/hosts";

const clock: Clock = { now: () => 0, sleep: () => Promise.resolve() };

describe("hosts and their connections", () => {
  it("tell all who wait for one connection that it failed, and dial anew for who comes later", async () => {
    let dialled = 0;
    const dial: Dial = () => {
      dialled++;
      return new Promise((_, reject) => setImmediate(() => reject(new Error(`dial ${dialled}`))));
    };
    const hosts = new Hosts(dial, { "kvm-a": { name: "kvm-a" } }, "qemu:///system", clock);
    const said = await Promise.all([1, 2, 3].map(() => hosts.virsh("kvm-a").then(String, String)));
    assert.deepEqual(said, ["Error: dial 1", "Error: dial 1", "Error: dial 1"]);
    assert.equal(await hosts.virsh("kvm-a").then(String, String), "Error: dial 2");
  });
});
