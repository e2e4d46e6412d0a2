import assert from "node:assert/strict";
import { createHandlers } from "../../../provider/handlers";
import type { Props } from "../../../provider/pulumi/state";
import { fakeDomain, SimulatedLab } from "../../../lab/simulated";

const hostNames = Array.from({ length: 200 }, (_, index) => `kvm-${index}`);
const uuidOf = (index: number) => `5c1e2f0a-6d0b-4f8e-9a37-${String(index).padStart(12, "0")}`;

/** The handlers of one preview, over hosts of one VM each. */
function fleet() {
  const lab = new SimulatedLab();
  hostNames.forEach((name, index) => {
    const host = lab.add(name, [fakeDomain({ name: `vm-${index}`, uuid: uuidOf(index) })]);
    host.answers.set("domdirtyrate-calc", "Start to calculate domain's memory dirty rate successfully.");
    const fields = "  dirtyrate.calc_status=2\n  dirtyrate.megabytes_per_second=1\n";
    host.answers.set("domstats --dirtyrate", `Domain: 'vm-${index}'\n${fields}`);
  });
  let sleptMs = 0;
  const nothing = () => {};
  const handlers = createHandlers({
    dial: () => lab.dial,
    sshHosts: () => [],
    clock: {
      now: () => 0,
      sleep: async (ms) => {
        sleptMs += ms;
        await new Promise((resolve) => setImmediate(resolve));
      },
    },
    display: { row: () => ({ live: nothing, info: nothing, warn: nothing }), debug: nothing, flush: async () => {} },
  });
  const inventory = JSON.stringify(Object.fromEntries(hostNames.map((name) => [name, {}])));
  void handlers.configure({ config: { get: (key) => (key === "vm-placement:hosts" ? inventory : undefined) } });
  return {
    /** The diff of a move of the host's VM to the next host. */
    move: async (index: number) => {
      const [host, next] = [hostNames[index]!, hostNames[index + 1]!];
      const asked = { domain: `vm-${index}`, host: next, __urn: `urn:${index}`, __dryRun: true };
      const news = (await handlers.check({}, asked)).inputs as Props;
      await handlers.diff(uuidOf(index), { ...news, host, currentHost: host }, news);
    },
    counting: () =>
      [...lab.hosts.values()].filter(({ commands }) => commands.some((each) => each.includes("domdirtyrate-calc")))
        .length,
    windows: () => Math.round(sleptMs / 1000),
  };
}

describe("a preview of moves between many hosts", () => {
  it("lets more hosts count with each change, and leaves the others alone where changes are few", async () => {
    const { move, counting } = fleet();
    await move(198);
    assert.equal(counting(), 1);
    await move(0);
    assert.ok(counting() <= 65, `${counting()} hosts count`);
    await move(1);
    await move(2);
    assert.equal(counting(), hostNames.length);
  });

  it("has each host count once", async () => {
    const { move, windows } = fleet();
    for (let index = 0; index < 30; index++) await move(index);
    assert.equal(windows(), hostNames.length);
  });
});
