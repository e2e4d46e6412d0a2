import assert from "node:assert/strict";
import type { LastMigration } from "../../provider/core/args";
import type { Host } from "../../provider/core/model";
import type { Progress } from "../../provider/core/ports";
import { preview } from "../../provider/preflight/preview";
import { Hosts } from "../../provider/observe/hosts";
import { reconcile } from "../../provider/reconcile/reconcile";
import { show } from "../../provider/pulumi/showPreview";
import { createDial } from "../../provider/ssh";
import { makePlan } from "../../provider/virsh/migrateCommand";
import { describeWithLab } from "../support/lab";
import { systemClock as clock } from "../../provider/observe/clock";

const silent: Progress = { live: () => {}, info: () => {}, warn: () => {} };

/** Guests of which a move sends a megabyte, and one of which it sends hundreds. */
const guests = [
  { name: "idle", memoryMiB: 512, dirtyMiB: 1, dirtyRate: 1 },
  { name: "small", memoryMiB: 64, dirtyMiB: 16, dirtyRate: 5 },
  { name: "busy", memoryMiB: 512, dirtyMiB: 400, dirtyRate: 40 },
];

describeWithLab("moves back and forth", {}, (lab) => {
  // A network slow enough that the rate can be measured, however fast the computer.
  before(() => Promise.all(lab().hosts.map((host) => host.limitBandwidth(2000))));

  for (const guest of guests) {
    it(`which converge are previewed without a warning: ${guest.name}`, async function () {
      this.timeout(180_000);
      await lab().startGuest({ ...guest, host: "kvm-a" });
      // The first turn over its memory is faster than those that follow.
      await clock.sleep((guest.dirtyMiB / guest.dirtyRate) * 1000 + 1000);
      const rates: (number | undefined)[] = [];
      let lastMigration: LastMigration | undefined;
      for (const [from, to] of [
        ["kvm-a", "kvm-b"],
        ["kvm-b", "kvm-a"],
        ["kvm-a", "kvm-b"],
        ["kvm-b", "kvm-a"],
      ] as const) {
        const inventory = Object.fromEntries(
          Object.entries(lab().inventory()).map(([name, host]): [string, Host] => [name, { name, ...host }]),
        );
        // Nothing is remembered from one move to the next but what state keeps, as from one `pulumi up` to the next.
        const hosts = new Hosts(createDial({ inventory }), inventory, "qemu:///system", clock);
        try {
          const options = { mode: "auto" } as const;
          const uri = "qemu:///system";
          const plan = makePlan({ domain: guest.name, hosts: [to], anyOf: false, options, inventory, uri });
          const desired = {
            domain: guest.name,
            uuid: undefined,
            hosts: [to],
            options,
            plan,
            lastHost: from,
            lastMigration,
          };
          const warnings: string[] = [];
          const foresight = await preview(hosts, desired, { dirtyRateSeconds: 1 }, clock);
          show(foresight, { ...silent, warn: (text) => void warnings.push(text) });
          assert.deepEqual(warnings, [], `${from} → ${to}, after ${JSON.stringify(lastMigration)}`);
          assert.ok(foresight.predicted);
          ({ lastMigration } = await reconcile(hosts, desired, { clock, progress: silent }));
          assert.equal(lastMigration!.mode, "live");
          rates.push(lastMigration!.bytesPerSecond);
        } finally {
          await hosts.close();
        }
      }
      if (guest.name === "idle") assert.deepEqual(rates, [undefined, undefined, undefined, undefined]);
      // One stream of QEMU's between two namespaces of one computer.
      for (const rate of rates) assert.ok(rate === undefined || (rate > 10 * 2 ** 20 && rate < 2 ** 35), String(rate));
      if (guest.name === "busy")
        assert.ok(
          rates.some((rate) => rate !== undefined),
          JSON.stringify({ rates, lastMigration }),
        );
    });
  }
});
