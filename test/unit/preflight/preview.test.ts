import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { Hosts } from "../../../provider/observe/hosts";
import { preview } from "../../../provider/preflight/preview";
import { fakeDomain, fakeUuid } from "../../../lab/simulated";
import { Placing } from "../../support/placing";

describe("a preview of a move", () => {
  /** The milliseconds after which each host is connected to. */
  async function connections(whereFirst: "answers" | "is silent") {
    const world = new Placing({ "kvm-a": [fakeDomain()] });
    const at: Record<string, number> = {};
    const dial: typeof world.fakes.dial = (host) => {
      at[host.name] ??= world.clock.elapsedMs;
      if (host.name === "kvm-a" && whereFirst === "is silent") return new Promise(() => {});
      return world.fakes.dial(host);
    };
    const hosts = new Hosts(
      dial,
      { "kvm-a": { name: "kvm-a" }, "kvm-b": { name: "kvm-b" } },
      "qemu:///system",
      world.clock,
    );
    const desired = {
      domain: "db-01",
      uuid: fakeUuid,
      hosts: ["kvm-b"],
      options: { mode: "live" as const },
      plan: world.plan({}),
      lastHost: "kvm-a",
      inState: {
        ...{ host: "kvm-a", uuid: fakeUuid, name: "db-01", state: "running" as const, reason: "booted" },
        ...{ persistent: true, autostart: false, managedSave: false },
      },
    };
    void preview(hosts, desired, { dirtyRateSeconds: 1 }, world.clock).catch(() => {});
    for (let turns = 0; turns < 200; turns++) await turn();
    return at;
  }

  it("connects to the destination at once, where the source counts dirty pages", async () => {
    assert.deepEqual(await connections("answers"), { "kvm-a": 0, "kvm-b": 0 });
  });

  it("connects to the destination after half a second, where the source does not answer", async () => {
    assert.deepEqual(await connections("is silent"), { "kvm-a": 0, "kvm-b": 500 });
  });
});
