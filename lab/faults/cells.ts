/** The matrix: each fault, how the lab does it, and the phases it strikes in, with what must come of it. */
import { eventually } from "../libvirt/commands";
import type { Fault } from "./cell";
import { phases } from "./phases";
import { guest, kill } from "./scene";
import { powerFaults } from "./power";
import * as does from "./strikes";

/** What `up` says of a move that it found running. */
const takesOver = /no second one is started/;
const moved = /moved kvm-a → kvm-b/;
/** Where what libvirt does depends on the moment: each of the two is told. */
const stayedOrMoved = /on kvm-a as before|moved kvm-a → kvm-b/;

/** The controller is gone, at once or by Ctrl-C. The hosts go on, and the next `up` joins them. */
const controllerLost = (says: RegExp): Fault["cells"] => ({
  "before start": { up: "fails", says },
  "pre-copy": { up: "fails", says, held: takesOver, next: moved },
  "switch-over": { up: "fails", says },
  "post-copy": { up: "fails", says, held: takesOver, next: moved },
  "after completion": { up: "fails", says },
});

export const faults: readonly Fault[] = [
  {
    title: "provider killed",
    means: "SIGKILL to the provider's process",
    strike: does.killProvider,
    cells: controllerLost(/error reading from server|the provider/),
  },
  {
    title: "pulumi killed",
    means: "SIGKILL to `pulumi`; `pulumi cancel` takes away the lock that it left",
    strike: ({ up }) => Promise.resolve(kill(up!.child.pid!, "SIGKILL")),
    heal: async ({ stack }) => void (await stack.pulumi.expect(["cancel", "--yes"])),
    cells: controllerLost(/starting the live migration/),
  },
  {
    title: "second Ctrl-C",
    means: "SIGINT to `pulumi`, and another one",
    strike: does.twoCtrlC,
    cells: {
      ...controllerLost(/interrupted: db-01 runs on kvm-a, and its migration to kvm-b goes on without pulumi/),
      "post-copy": { up: "fails", says: /interrupted: db-01 runs on kvm-b already/, held: takesOver, next: moved },
    },
  },
  {
    title: "link to the source silent",
    means: "packets from this computer to the source vanish, until `up` has given up",
    strike: (scene) => does.silence(scene, scene.source),
    heal: ({ source }) => source.unblock(),
    cells: {
      "before `up`": { up: "fails", says: /hostUnreachable/, next: moved },
      "before start": { up: "fails", says: /hostUnreachable|connectionLost/ },
      "pre-copy": { up: "fails", says: /lost sight of/, held: takesOver, next: moved },
      "post-copy": { up: "fails", says: /lost sight of/, refresh: true },
      "after completion": {
        up: "fails",
        says: /hostUnreachable|connectionLost|lost sight/,
        refresh: true,
      },
    },
  },
  {
    title: "link to the source broken for a moment",
    means: "the source's sshd is ended with its sessions, and started again after three seconds",
    strike: ({ source }) => source.stopSshd({ cut: true }),
    heal: ({ source }) => source.startSshd(),
    cells: {
      "pre-copy": { up: "succeeds", says: moved, stands: 3000 },
      "switch-over": { up: "succeeds", says: moved, stands: 3000 },
      "post-copy": { up: "succeeds", says: moved, stands: 3000 },
      "after completion": { up: "succeeds", says: moved, stands: 3000 },
    },
  },
  {
    title: "link to the destination silent",
    means: "packets from this computer to the destination vanish, until `up` has ended",
    strike: (scene) => does.silence(scene, scene.destination),
    heal: ({ destination }) => destination.unblock(),
    cells: {
      "before `up`": { up: "fails", says: /hostUnreachable/, next: moved },
      "before start": { up: "fails", says: /hostUnreachable|connectionLost/, held: "struck" },
      "pre-copy": { up: "fails", says: /hostUnreachable|connectionLost/, held: "struck" },
      "post-copy": {
        up: "fails",
        says: /hostUnreachable|connectionLost/,
        held: "struck",
        refresh: true,
      },
      "after completion": { up: "fails", says: /hostUnreachable|connectionLost/, held: "struck" },
    },
  },
  {
    title: "virsh killed",
    means: "SIGKILL to `virsh migrate` on the source",
    strike: does.killVirsh,
    cells: {
      "before start": { up: "fails", says: /as before/, next: moved },
      "pre-copy": { up: "succeeds", says: moved, stands: 5000 },
      "switch-over": { up: "succeeds", says: moved, stands: 5000 },
      "post-copy": { up: "succeeds", says: moved, stands: 5000 },
      "after completion": { up: "succeeds", says: moved },
    },
  },
  {
    title: "hosts cut off from each other",
    means: "every connection between source and destination is reset and refused",
    strike: (scene) => does.cut(scene, "reject"),
    heal: ({ source }) => source.unblock(),
    cells: {
      "before `up`": { up: "fails", says: /peerUnreachable/, next: moved },
      "before start": { up: "fails", says: /peerUnreachable/, held: "struck", next: moved },
      "pre-copy": { up: "fails", says: /running \(.*\) on kvm-a as before/, next: moved },
      "switch-over": { up: "fails", says: /does not answer libvirt|on kvm-a as before/, next: moved },
      "post-copy": { up: "fails", says: /postCopyInterrupted/, next: /resum|removed the leftover/ },
      "after completion": { up: "succeeds", says: moved, stands: 1000 },
    },
  },
  {
    title: "silence between the hosts",
    means: "packets between source and destination vanish, until `up` has ended",
    strike: (scene) => does.cut(scene, "drop"),
    heal: ({ source }) => source.unblock(),
    cells: {
      "pre-copy": { up: "fails", says: /on kvm-a as before/, next: moved },
      "post-copy": { up: "fails", says: /postCopyInterrupted/, next: /resum|removed the leftover/ },
    },
  },
  {
    title: "silence between the hosts for 70 s",
    means: "the same, ended after 70 s while `up` watches: libvirt gives the migration up, QEMU may end it by itself",
    strike: (scene) => does.cut(scene, "drop"),
    heal: ({ source }) => source.unblock(),
    cells: {
      // QEMU on the source may end its half without libvirt there noticing: then a person has to.
      "post-copy": {
        up: "either",
        says: /moved kvm-a → kvm-b|postCopyInterrupted|has arrived on kvm-b/,
        stands: 70_000,
        follows: "ifRefused",
      },
    },
  },
  {
    title: "libvirtd restarted on the source",
    means: "libvirtd is ended by SIGTERM (killed when it does not end) and started",
    strike: ({ source }) => does.restartLibvirtd(source),
    cells: {
      "before start": { up: "succeeds", says: moved, held: "struck" },
      "pre-copy": { up: "fails", says: /on kvm-a as before/, next: moved },
      "switch-over": { up: "either", says: stayedOrMoved, held: "struck" },
      "post-copy": { up: "either", says: /postCopyInterrupted|moved kvm-a → kvm-b/, held: "struck" },
      "after completion": { up: "succeeds", says: moved, held: "struck" },
    },
  },
  {
    title: "libvirtd restarted on the destination",
    means: "the same on the destination",
    strike: ({ destination }) => does.restartLibvirtd(destination),
    cells: {
      "before start": { up: "succeeds", says: moved, held: "struck" },
      "pre-copy": { up: "fails", says: /on kvm-a as before/, next: moved },
      "switch-over": { up: "either", says: stayedOrMoved, held: "struck" },
      "post-copy": { up: "either", says: /postCopyInterrupted|moved kvm-a → kvm-b/, held: "struck" },
      "after completion": { up: "succeeds", says: moved, held: "struck" },
    },
  },
  {
    title: "libvirtd killed on the source",
    means: "SIGKILL to libvirtd; it is started when `up` has ended",
    strike: ({ source }) => does.killLibvirtd(source),
    heal: ({ source }) => source.startLibvirtd(),
    cells: {
      "before `up`": { up: "fails", says: /libvirtDown/, next: moved },
      "before start": { up: "fails", says: /libvirtDown/, held: "struck", next: moved },
      "pre-copy": { up: "fails", says: /libvirtDown/, next: moved },
      "switch-over": { up: "fails", says: /libvirtDown/, held: "struck" },
      "post-copy": { up: "fails", says: /libvirtDown/, held: "struck" },
      "after completion": { up: "fails", says: /libvirtDown/, held: "struck", refresh: true },
    },
  },
  {
    title: "libvirtd killed on the destination",
    means: "the same on the destination",
    strike: ({ destination }) => does.killLibvirtd(destination),
    heal: ({ destination }) => destination.startLibvirtd(),
    cells: {
      "before `up`": { up: "fails", says: /libvirtDown/, next: moved },
      "before start": { up: "fails", says: /libvirtDown/, held: "struck", next: moved },
      "pre-copy": { up: "fails", says: /libvirtDown/, next: moved },
      "switch-over": { up: "fails", says: /libvirtDown/, held: "struck" },
      "post-copy": { up: "fails", says: /libvirtDown/, held: "struck" },
      "after completion": { up: "fails", says: /libvirtDown/, held: "struck", refresh: true },
    },
  },
  {
    title: "QEMU killed on the source",
    means: "SIGKILL to the guest's QEMU. Before the move has switched this is the only one: what was in memory is lost",
    strike: ({ source }) => source.signalQemu(guest, "SIGKILL"),
    heal: does.libvirtdRuns,
    cells: {
      "before `up`": { up: "succeeds", says: /shut off/, end: "shut off" },
      "before start": { up: "fails", says: /shut off|not running/, held: "struck", end: "shut off" },
      "pre-copy": { up: "fails", says: /shut off|crashed/, end: "shut off" },
      "switch-over": { up: "fails", says: /shut off|crashed/, end: "shut off" },
      "post-copy": {
        up: "fails",
        says: /half ended on kvm-a/,
        next: /half ended on kvm-a/,
        nextFails: true,
        end: "stopped for good",
      },
    },
  },
  {
    title: "QEMU killed on the destination",
    means: "SIGKILL to the guest's QEMU there. Once the move has switched, what was in memory is lost",
    strike: ({ destination }) => destination.signalQemu(guest, "SIGKILL"),
    heal: does.libvirtdRuns,
    cells: {
      "pre-copy": { up: "fails", says: /on kvm-a as before/, next: moved },
      "switch-over": { up: "fails", says: /on kvm-a as before/, next: moved },
      "post-copy": {
        up: "fails",
        says: /half ended on kvm-b/,
        next: /half ended on kvm-b/,
        nextFails: true,
        end: "stopped for good",
      },
      "after completion": {
        up: "fails",
        says: /had arrived on kvm-b, and ended there/,
        held: "struck",
        end: "shut off",
      },
    },
  },
  {
    title: "QEMU crashes",
    means: "SIGABRT to the guest's QEMU where it runs",
    strike: async (scene) => (await does.whereItRuns(scene)).signalQemu(guest, "SIGABRT"),
    heal: does.libvirtdRuns,
    cells: {
      "pre-copy": { up: "fails", says: /shut off|crashed/, end: "shut off" },
      "after completion": {
        up: "fails",
        says: /had arrived on kvm-b, and ended there/,
        held: "struck",
        end: "shut off",
      },
    },
  },
  {
    title: "guest shuts down",
    means: "the guest switches itself off through ACPI, as an operating system does",
    strike: async (scene) => {
      const { sampler } = scene;
      (await does.whereItRuns(scene)).switchOffGuest(guest);
      await eventually(() => (sampler.runsOn().length === 0 ? true : undefined), 20_000);
    },
    heal: does.libvirtdRuns,
    cells: {
      "before `up`": { up: "succeeds", says: /moved kvm-a → kvm-b \(shut off\)/, end: "shut off" },
      "before start": { up: "fails", says: /shut off|not running/, held: "struck", end: "shut off" },
      "pre-copy": { up: "fails", says: /shut off/, end: "shut off" },
      "post-copy": {
        up: "fails",
        says: /was shut down on kvm-b .* nothing is lost by that/s,
        next: /was shut down on kvm-b/,
        nextFails: true,
        end: "stopped for good",
      },
      "after completion": {
        up: "succeeds",
        says: /shut off \(shutdown\) on kvm-b: it ended there after it had arrived/,
        held: "struck",
        end: "shut off",
      },
    },
  },
  {
    title: "destination out of disk",
    means: "copyStorage to a file system of 4 MiB",
    guest: { disk: "file" },
    migration: { copyStorage: "all" },
    arrange: does.fillSourceDisk,
    strike: does.smallDisk,
    heal: does.bigDisk,
    cells: { "before `up`": { up: "fails", says: /[Nn]o space left|on kvm-a as before/, next: moved } },
  },
  {
    title: "data port refused",
    means: "the destination refuses connections to 49152–49215",
    strike: ({ destination }) => destination.blockPort("49152-49215"),
    heal: ({ destination }) => destination.unblock(),
    cells: {
      "before `up`": { up: "fails", says: /4915\d/, next: moved },
      "before start": { up: "fails", says: /4915\d/, held: "struck", next: moved },
      "pre-copy": { up: "fails", says: /on kvm-a as before/, next: moved },
    },
  },
  {
    title: "stale definition of the same VM",
    means: "the destination has a shut-off definition with its name and UUID",
    strike: (scene) => does.defineStale(scene, ""),
    cells: {
      "before `up`": { up: "succeeds", says: moved },
      "before start": { up: "succeeds", says: moved, held: "struck" },
    },
  },
  {
    title: "stale definition with another UUID",
    means: "the destination has a shut-off definition with its name",
    strike: (scene) => does.defineStale(scene, "/uuid/d"),
    heal: ({ destination }) => destination.virsh(`undefine ${guest}`).then(() => {}),
    cells: {
      "before `up`": { up: "fails", says: /another VM of the name .*domainConflict/s, next: moved },
      "before start": { up: "fails", says: /already exists|domainConflict/, held: "struck", next: moved },
    },
  },
  {
    title: "stale definition with another name",
    means: "the destination has a shut-off definition with its UUID",
    strike: (scene) => does.defineStale(scene, "s,<name>.*<,<name>old-db<,"),
    heal: ({ destination }) => destination.virsh("undefine old-db").then(() => {}),
    cells: {
      "before `up`": { up: "fails", says: /old-db/, next: moved },
    },
  },
  {
    title: "migrate by hand",
    means: "someone types the same `virsh migrate`; after completion: the one back",
    strike: async (scene) => {
      const { source, destination } = scene;
      if ((await does.whereItRuns(scene)) === destination && (await phases["after completion"].reached(scene))) {
        await does.migrateByHand(scene, destination, source);
      } else if (scene.up === undefined) {
        await source.slowMigrations(4000);
        void does.migrateByHand(scene, source, destination);
        await eventually(async () => (await phases["pre-copy"].reached(scene)) || undefined, 30_000);
      } else {
        await does.migrateByHand(scene, source, destination);
      }
    },
    heal: ({ source }) => source.unlimit(),
    cells: {
      "before `up`": { up: "succeeds", says: takesOver, stands: takesOver },
      "before start": { up: "succeeds", says: moved, held: "struck" },
      "pre-copy": { up: "succeeds", says: moved, held: "struck" },
      "post-copy": { up: "succeeds", says: moved, held: "struck" },
      "after completion": { up: "fails", says: /kvm-a as before|kvm-a: running/, held: "struck", next: moved },
    },
  },
  {
    title: "domjobabort by hand",
    means: "someone types `virsh domjobabort` on the source",
    strike: (scene) => scene.byHand(scene.source, `domjobabort ${guest}`).then(() => {}),
    cells: {
      "before start": { up: "succeeds", says: moved, held: "struck" },
      "pre-copy": { up: "fails", says: /on kvm-a as before/, next: moved },
      "post-copy": { up: "succeeds", says: moved, held: "struck" },
    },
  },
  {
    title: "suspend by hand",
    means: "someone types `virsh suspend` where it runs",
    strike: async (scene) => {
      await scene.byHand(await does.whereItRuns(scene), `suspend ${guest}`);
    },
    cells: {
      "before `up`": { up: "succeeds", says: moved, end: "paused" },
      "before start": { up: "succeeds", says: moved, held: "struck", end: "paused" },
      "pre-copy": { up: "succeeds", says: moved, held: "struck" },
      "after completion": { up: "succeeds", says: moved, held: "struck", end: "paused" },
    },
  },
  {
    title: "snapshot in the way",
    means: "the VM has a snapshot; in pre-copy: someone takes one",
    strike: async (scene) => {
      if (scene.up === undefined) return does.takeSnapshot(scene);
      await scene.byHand(scene.source, `snapshot-create-as ${guest} now --disk-only --diskspec vda,snapshot=no`);
    },
    heal: async (scene) => {
      await scene.byHand(scene.source, `snapshot-delete ${guest} before-upgrade --metadata`);
    },
    cells: {
      "before `up`": { up: "fails", says: /snapshot/, next: moved },
      "pre-copy": { up: "succeeds", says: moved, held: "struck" },
    },
  },
  {
    title: "block job in the way",
    means: "someone copies the disk with `virsh blockcopy`",
    strike: async (scene) => {
      const copy = "/var/lib/libvirt/images/copy.img";
      await scene.byHand(scene.source, `blockcopy ${guest} vda ${copy} --transient-job --format raw`);
    },
    heal: async (scene) => {
      await scene.byHand(scene.source, `blockjob ${guest} vda --abort`);
    },
    cells: {
      "before `up`": { up: "fails", says: /block/, next: moved },
      "before start": { up: "fails", says: /block/, held: "struck", next: moved },
      "pre-copy": { up: "succeeds", says: moved, held: "struck" },
    },
  },
  {
    title: "source hangs",
    means: "the source's sshd takes connections and says nothing (SIGSTOP), nor do its sessions",
    strike: ({ source }) => does.stopAnswering(source),
    heal: ({ source }) => does.answerAgain(source),
    cells: {
      "before `up`": { up: "fails", says: /hostUnreachable/, next: moved },
      "pre-copy": { up: "succeeds", says: moved, stands: 5000 },
      "switch-over": { up: "succeeds", says: moved, stands: 5000 },
      "post-copy": { up: "succeeds", says: moved, stands: 5000 },
      "after completion": { up: "succeeds", says: moved, stands: 5000 },
    },
  },
  {
    title: "destination hangs",
    means: "the same on the destination",
    strike: ({ destination }) => does.stopAnswering(destination),
    heal: ({ destination }) => does.answerAgain(destination),
    cells: {
      "before `up`": { up: "fails", says: /hostUnreachable/, next: moved },
      "pre-copy": { up: "succeeds", says: moved, stands: 5000 },
      "post-copy": { up: "succeeds", says: moved, stands: 5000 },
      "after completion": { up: "succeeds", says: moved, stands: 5000 },
    },
  },
  {
    title: "two stacks at once",
    means: "another stack's `up` wants the same move",
    strike: async (scene) => {
      const other = await scene.startOtherUp();
      if (scene.up !== undefined) await other.said(/no second one|starting|updated/, 60_000);
    },
    cells: {
      "before `up`": { up: "succeeds", says: moved },
      "before start": { up: "succeeds", says: moved, held: "struck" },
      "pre-copy": { up: "succeeds", says: moved, held: "struck" },
      "post-copy": { up: "succeeds", says: moved, held: "struck" },
      "after completion": { up: "succeeds", says: moved, held: "struck" },
    },
  },
  ...powerFaults,
];
