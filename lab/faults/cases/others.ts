/** Another person or another stack acts on the VM. */
import { eventually } from "../../libvirt/commands";
import type { Fault } from "../case";
import { guest } from "../fixture";
import * as inject from "../inject";
import { phases } from "../phases";
import { moved, takesOver } from "./output";

export const otherFaults: readonly Fault[] = [
  {
    title: "migrate by hand",
    means: "a person runs the same `virsh migrate`; after completion: the one back",
    inject: async (fixture) => {
      const { source, destination } = fixture;
      if ((await inject.whereItRuns(fixture)) === destination && (await phases["after completion"].reached(fixture))) {
        await inject.migrateByHand(fixture, destination, source);
      } else if (fixture.up === undefined) {
        await source.slowMigrations(4000);
        void inject.migrateByHand(fixture, source, destination);
        await eventually(async () => (await phases["pre-copy"].reached(fixture)) || undefined, 30_000);
      } else {
        await inject.migrateByHand(fixture, source, destination);
      }
    },
    recover: ({ source }) => source.unlimit(),
    cases: {
      "before `up`": { up: "succeeds", output: takesOver, recoverAfter: takesOver },
      "before start": { up: "succeeds", output: moved, heldUntil: "injected" },
      "pre-copy": { up: "succeeds", output: moved, heldUntil: "injected" },
      "post-copy": { up: "succeeds", output: moved, heldUntil: "injected" },
      "after completion": {
        up: "fails",
        output: /kvm-a as before|kvm-a: running/,
        heldUntil: "injected",
        nextOutput: moved,
      },
    },
  },
  {
    title: "domjobabort by hand",
    means: "a person runs `virsh domjobabort` on the source",
    inject: (fixture) => fixture.byHand(fixture.source, `domjobabort ${guest}`).then(() => {}),
    cases: {
      "before start": { up: "succeeds", output: moved, heldUntil: "injected" },
      "pre-copy": { up: "fails", output: /on kvm-a as before/, nextOutput: moved },
      "post-copy": { up: "succeeds", output: moved, heldUntil: "injected" },
    },
  },
  {
    title: "suspend by hand",
    means: "a person runs `virsh suspend` where it runs",
    inject: async (fixture) => {
      await fixture.byHand(await inject.whereItRuns(fixture), `suspend ${guest}`);
    },
    cases: {
      "before `up`": { up: "succeeds", output: moved, end: "paused" },
      "before start": { up: "succeeds", output: moved, heldUntil: "injected", end: "paused" },
      "pre-copy": { up: "succeeds", output: moved, heldUntil: "injected" },
      "after completion": { up: "succeeds", output: moved, heldUntil: "injected", end: "paused" },
    },
  },
  {
    title: "VM with a snapshot",
    means: "the VM has a snapshot; in pre-copy: a person takes one",
    inject: async (fixture) => {
      if (fixture.up === undefined) return inject.takeSnapshot(fixture);
      await fixture.byHand(fixture.source, `snapshot-create-as ${guest} now --disk-only --diskspec vda,snapshot=no`);
    },
    recover: async (fixture) => {
      await fixture.byHand(fixture.source, `snapshot-delete ${guest} before-upgrade --metadata`);
    },
    cases: {
      "before `up`": { up: "fails", output: /snapshot/, nextOutput: moved },
      "pre-copy": { up: "succeeds", output: moved, heldUntil: "injected" },
    },
  },
  {
    title: "VM with a block job",
    means: "a person copies the disk with `virsh blockcopy`",
    inject: async (fixture) => {
      const copy = "/var/lib/libvirt/images/copy.img";
      await fixture.byHand(fixture.source, `blockcopy ${guest} vda ${copy} --transient-job --format raw`);
    },
    recover: async (fixture) => {
      await fixture.byHand(fixture.source, `blockjob ${guest} vda --abort`);
    },
    cases: {
      "before `up`": { up: "fails", output: /block/, nextOutput: moved },
      "before start": { up: "fails", output: /block/, heldUntil: "injected", nextOutput: moved },
      "pre-copy": { up: "succeeds", output: moved, heldUntil: "injected" },
    },
  },
  {
    title: "two stacks at once",
    means: "another stack's `up` declares the same move",
    inject: async (fixture) => {
      const other = fixture.startOtherUp();
      if (fixture.up !== undefined) await other.printed(/no second one|starting|updated/, 60_000);
    },
    cases: {
      "before `up`": { up: "succeeds", output: moved },
      "before start": { up: "succeeds", output: moved, heldUntil: "injected" },
      "pre-copy": { up: "succeeds", output: moved, heldUntil: "injected" },
      "post-copy": { up: "succeeds", output: moved, heldUntil: "injected" },
      "after completion": { up: "succeeds", output: moved, heldUntil: "injected" },
    },
  },
];
