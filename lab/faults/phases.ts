import { isAtGate, openGate, shutGate } from "./gate";
import type { Phase, PhaseName } from "./case";
import type { LabHost } from "../libvirt";
import { guest } from "./fixture";

const stateOn = async (host: LabHost) =>
  (await host.sh(`virsh -q domstate --reason ${guest}`, { timeoutMs: 5000 })).stdout.trim();

const slow = (kbit: number): Pick<Phase, "hold" | "release"> => ({
  hold: ({ source }) => source.slowMigrations(kbit),
  release: ({ source }) => source.unlimit(),
});

export const phases: Record<PhaseName, Phase> = {
  "before `up`": {
    means: "the fault is there when `up` is called",
    migration: {},
    reached: () => Promise.resolve(true),
  },
  "before start": {
    means: "`virsh migrate` was called on the source, and a stand-in for virsh there has not begun it",
    migration: {},
    hold: ({ source }) => shutGate(source, "before"),
    reached: ({ source }) => isAtGate(source, "before"),
    release: ({ source }) => openGate(source, "before"),
  },
  "pre-copy": {
    means: "the migration's own connection carries less than the guest writes",
    migration: {},
    ...slow(4000),
    reached: async ({ source }) => {
      const { stdout } = await source.sh(`virsh -q domjobinfo --rawstats ${guest}`, { timeoutMs: 5000 });
      const sent = [...stdout.matchAll(/^(?:memory|disk)_processed: (\d+)/gm)].reduce(
        (sum, [, n]) => sum + Number(n),
        0,
      );
      return sent > 1_000_000;
    },
  },
  "switch-over": {
    means: "the guest is stopped on the source, and what is left of its memory goes over a slow connection",
    migration: { maxDowntime: "100s" },
    ...slow(4000),
    // QEMU does not answer meanwhile, so nothing is asked of libvirt that needs it.
    reached: async ({ source }) => /^paused \(migrating\)/.test(await stateOn(source)),
  },
  "post-copy": {
    means: "the guest runs on the destination, and the rest of its memory follows over a slow connection",
    migration: { postCopy: { after: "2s" } },
    ...slow(4000),
    // Before the destination runs, the state of the devices is on its way.
    reached: async ({ source, destination }) =>
      (await stateOn(source)).startsWith("paused (post-copy)") && (await stateOn(destination)).startsWith("running"),
  },
  "after completion": {
    means: "the guest has moved, and a stand-in for virsh on the source has not reported it",
    migration: {},
    hold: ({ source }) => shutGate(source, "after"),
    reached: ({ source }) => isAtGate(source, "after"),
    release: ({ source }) => openGate(source, "after"),
  },
};
