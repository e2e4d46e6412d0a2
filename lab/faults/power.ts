/** The rows of the matrix in which a whole host loses power, or the computer that runs Pulumi does. */
import type { LabHost } from "../libvirt";
import type { Fault } from "./cell";
import { kill, type Scene } from "./scene";
import { fillSourceDisk, silence } from "./strikes";

const moved = /moved kvm-a → kvm-b/;
const movedShutOff = /moved kvm-a → kvm-b \(shut off\)/;
const stayed = /kvm-b cannot be reached .* on kvm-a as before/s;
const lostSight = /lost sight of .* has lost it/s;
const takesOver = /no second one is started/;
/** The refusal names who was restarted, and what that cost. */
const memoryGone = (host: string) =>
  new RegExp(`${host}, where the other half was, was restarted .* a part of its memory is gone`, "s");

const powerOff = (...hosts: LabHost[]) => Promise.all(hosts.map((host) => host.powerOff())).then(() => {});
const powerOn = async ({ lab }: Scene) => {
  await Promise.all(lab.hosts.filter(({ isOn }) => !isOn).map((host) => host.powerOn()));
};

/** Its connections end without a word to the hosts, as the processes do. */
async function controllerOff(scene: Scene): Promise<void> {
  for (const host of scene.lab.hosts) await silence(scene, host);
  for (const pid of scene.processes()) kill(pid, "SIGKILL");
}

async function controllerOn({ lab, stack }: Scene): Promise<void> {
  for (const host of lab.hosts) await host.unblock();
  await stack.pulumi.expect(["cancel", "--yes"]);
}

const started = /starting the live migration/;

export const powerFaults: readonly Fault[] = [
  {
    title: "source without power",
    means:
      "every process of the source ends at once, with its cable pulled before; it is switched on when `up` has ended",
    strike: ({ source }) => powerOff(source),
    heal: powerOn,
    cells: {
      "before `up`": { up: "fails", says: /hostUnreachable/, next: movedShutOff, end: "shut off" },
      "before start": { up: "fails", says: lostSight, next: movedShutOff, end: "shut off" },
      "pre-copy": { up: "fails", says: lostSight, next: movedShutOff, end: "shut off" },
      "switch-over": { up: "fails", says: lostSight, next: movedShutOff, end: "shut off" },
      "post-copy": {
        up: "fails",
        says: lostSight,
        next: memoryGone("kvm-a"),
        nextFails: true,
        follows: true,
      },
      "after completion": { up: "fails", says: /It has arrived on kvm-b/, refresh: true },
    },
  },
  {
    title: "destination without power",
    means: "the same on the destination",
    strike: ({ destination }) => powerOff(destination),
    heal: powerOn,
    cells: {
      "before `up`": { up: "fails", says: /hostUnreachable/, next: moved },
      "before start": { up: "fails", says: stayed, held: "struck", next: moved },
      "pre-copy": { up: "fails", says: stayed, next: moved },
      "switch-over": { up: "fails", says: /does not answer libvirt|on kvm-a as before/, next: moved },
      "post-copy": {
        up: "fails",
        says: /tells what is lost where a host has lost power/,
        next: memoryGone("kvm-b"),
        nextFails: true,
        follows: true,
      },
      "after completion": { up: "fails", says: /hostUnreachable|connectionLost/, held: "struck", end: "shut off" },
    },
  },
  {
    title: "both hosts without power",
    means: "the same on both",
    strike: ({ source, destination }) => powerOff(source, destination),
    heal: powerOn,
    cells: {
      "before `up`": { up: "fails", says: /hostUnreachable/, next: movedShutOff, end: "shut off" },
      "pre-copy": { up: "fails", says: lostSight, next: movedShutOff, end: "shut off" },
      "switch-over": { up: "fails", says: lostSight, next: movedShutOff, end: "shut off" },
      "post-copy": {
        up: "fails",
        says: /lost sight of .*kvm-b cannot be asked either/s,
        next: /began to move it to kvm-b .* had begun to run there/s,
        nextFails: true,
        follows: true,
      },
      "after completion": { up: "fails", says: /kvm-b cannot be asked either/, end: "shut off" },
    },
  },
  {
    title: "source without power, left off",
    means: "as above, and nobody switches it on",
    strike: ({ source }) => powerOff(source),
    cells: {
      "before `up`": {
        up: "fails",
        says: /hostUnreachable/,
        next: /kvm-a cannot be asked/,
        nextFails: true,
        end: "stopped for good",
      },
      "pre-copy": {
        up: "fails",
        says: lostSight,
        next: /kvm-a cannot be asked/,
        nextFails: true,
        end: "stopped for good",
      },
      "post-copy": {
        up: "fails",
        says: lostSight,
        next: /the other half is not to be seen: kvm-a cannot be reached/,
        nextFails: true,
        end: "stopped for good",
      },
      "after completion": { up: "fails", says: /It has arrived on kvm-b/ },
    },
  },
  {
    title: "destination without power, left off",
    means: "the same on the destination",
    strike: ({ destination }) => powerOff(destination),
    cells: {
      "before `up`": {
        up: "fails",
        says: /kvm-b cannot be reached/,
        next: /it is on kvm-a, and kvm-b cannot be reached/,
        nextFails: true,
        end: "running on the source",
      },
      "pre-copy": {
        up: "fails",
        says: stayed,
        next: /it is on kvm-a, and kvm-b cannot be reached/,
        nextFails: true,
        end: "running on the source",
      },
      "post-copy": {
        up: "fails",
        says: /tells what is lost where a host has lost power/,
        next: /the other half is not to be seen: kvm-b cannot be reached/,
        nextFails: true,
        end: "stopped for good",
      },
      "after completion": {
        up: "fails",
        says: /hostUnreachable|connectionLost/,
        held: "struck",
        next: /kvm-b cannot be asked/,
        nextFails: true,
        end: "stopped for good",
      },
    },
  },
  {
    title: "destination without power while disks are copied",
    // A copy that has nobody to send to ends when the source's kernel gives the connection up, after a quarter of an hour, or when the
    // destination is back and knows nothing of it.
    means: "the destination loses power in a move with `copyStorage`; it is switched on after a minute",
    guest: { disk: "file" },
    migration: { copyStorage: "all" },
    arrange: fillSourceDisk,
    strike: ({ destination }) => powerOff(destination),
    heal: powerOn,
    cells: { "pre-copy": { up: "fails", says: /on kvm-a as before/, stands: 60_000, next: moved } },
  },
  {
    title: "computer that runs Pulumi without power",
    means:
      "its packets vanish, and `pulumi`, the provider and all else of it get SIGKILL at once; `pulumi cancel` takes away the lock that it left",
    strike: controllerOff,
    heal: controllerOn,
    cells: {
      "before start": { up: "fails", says: started },
      "pre-copy": { up: "fails", says: started, held: takesOver, next: moved },
      "switch-over": { up: "fails", says: started },
      "post-copy": { up: "fails", says: started, held: takesOver, next: moved },
      "after completion": { up: "fails", says: started },
    },
  },
];
