import assert from "node:assert/strict";
import { violations } from "../../support/policies";

const on = (host: string | string[], domain: string, currentHost?: string) => ({ domain, host, currentHost });

describe("policy: the program as a whole", () => {
  describe("capacity", () => {
    const hosts = { "kvm-a": { memory: "64GiB", cpus: 8 }, "kvm-b": { memory: "64GiB", limits: { memory: 0.5 } } };
    const vms = {
      "db-01": { memory: "32GiB", vcpus: 8 },
      "db-02": { memory: "24GiB", vcpus: 16 },
      "web-01": { memory: "16GiB", vcpus: 9 },
    };
    const options = { hosts, vms };

    it("adds up the memory of each host", async () => {
      const good = [on("kvm-a", "db-01"), on("kvm-a", "db-02"), on("kvm-b", "web-01")];
      assert.deepEqual(await violations("capacity", good, { options }), []);
      const bad = [on("kvm-a", "db-01"), on("kvm-a", "db-02"), on("kvm-a", "web-01", "kvm-a")];
      assert.deepEqual(await violations("capacity", bad, { options }), [
        "kvm-a: got memory 72 GiB (db-01 32 GiB, db-02 24 GiB, web-01 16 GiB); allowed: 64 GiB (100 % of 64GiB); place some of these VMs on another host",
      ]);
    });

    it("keeps to the limits of the host, else of all, and to those of the pack's configuration first", async () => {
      assert.deepEqual(await violations("capacity", [on("kvm-b", "db-01")], { options }), []);
      const two = [on("kvm-b", "db-02"), on("kvm-b", "web-01")];
      assert.match((await violations("capacity", two, { options }))[0]!, /allowed: 32 GiB \(50 % of 64GiB\)/);
      assert.deepEqual(await violations("capacity", two, { options, config: { memory: 0.9 } }), []);
      const onA = [on("kvm-a", "db-01"), on("kvm-a", "db-02")];
      const limited = { ...options, limits: { memory: 0.8 } };
      assert.equal((await violations("capacity", onA, { options: limited })).length, 1);
    });

    it("counts virtual CPUs where a limit is given", async () => {
      const all = [on("kvm-a", "db-02"), on("kvm-a", "web-01")];
      assert.deepEqual(await violations("capacity", all, { options }), []);
      assert.deepEqual(await violations("capacity", all, { options, config: { cpu: 3 } }), [
        "kvm-a: got vcpus 25 (db-02 16, web-01 9); allowed: 24 (3 for each of 8 CPUs); place some of these VMs on another host",
      ]);
      assert.deepEqual(await violations("capacity", all, { options, config: { cpu: 4 } }), []);
    });

    it("names a VM whose size it is not told", async () => {
      const found = await violations("capacity", [on("kvm-a", "new-01")], { options });
      assert.equal(found.length, 1);
      assert.match(found[0]!, /^new-01: got no memory, so what kvm-a is given cannot be added up; give it in vms/);
      assert.deepEqual(await violations("capacity", [on("kvm-z", "new-01")], { options }), []);
    });

    it("counts a VM with a list of hosts once", async () => {
      const list = [on(["kvm-a", "kvm-b"], "db-01"), on(["kvm-a", "kvm-b"], "db-02", "kvm-b")];
      assert.deepEqual(await violations("capacity", list, { options }), []);
    });
  });

  describe("moves-per-update", () => {
    const three = [on("kvm-a", "a"), on("kvm-a", "b"), on("kvm-a", "c", "kvm-a")];

    it("counts what the update makes or changes", async () => {
      assert.deepEqual(await violations("moves-per-update", three, { config: { max: 2 } }), []);
      const options = { limits: { moves: 1 } };
      const found = await violations("moves-per-update", three, { options });
      assert.equal(found.length, 1);
      assert.match(found[0]!, /^this update: got 2 placements .* \(a, b\); allowed: 1; /);
    });

    it("knows what stays where the pack is told where VMs run", async () => {
      const options = { current: { a: "kvm-a", b: "kvm-b" } };
      assert.deepEqual(await violations("moves-per-update", three, { options, config: { max: 1 } }), []);
      assert.equal((await violations("moves-per-update", three, { options, config: { max: 0 } })).length, 1);
    });
  });
});
