/** The destination cannot take the VM: disk, ports, definitions. */
import type { Fault } from "../case";
import { guest } from "../fixture";
import * as inject from "../inject";
import { moved } from "./output";

export const destinationFaults: readonly Fault[] = [
  {
    title: "destination out of disk",
    means: "copyStorage to a file system of 4 MiB",
    guest: { disk: "file" },
    migration: { copyStorage: "all" },
    arrange: inject.fillSourceDisk,
    inject: inject.smallDisk,
    recover: inject.bigDisk,
    cases: { "before `up`": { up: "fails", output: /MiB free for the disks of db-01/, nextOutput: moved } },
  },
  {
    title: "data port refused",
    means: "the destination refuses connections to 49152–49215",
    inject: ({ destination }) => destination.blockPort("49152-49215"),
    recover: ({ destination }) => destination.unblock(),
    cases: {
      "before `up`": { up: "fails", output: /4915\d/, nextOutput: moved },
      "before start": { up: "fails", output: /4915\d/, heldUntil: "injected", nextOutput: moved },
      "pre-copy": { up: "fails", output: /on kvm-a as before/, nextOutput: moved },
    },
  },
  {
    title: "stale definition of the same VM",
    means: "the destination has a shut-off definition with its name and UUID",
    inject: (fixture) => inject.defineStale(fixture, ""),
    cases: {
      "before `up`": { up: "succeeds", output: moved },
      "before start": { up: "succeeds", output: moved, heldUntil: "injected" },
    },
  },
  {
    title: "stale definition with another UUID",
    means: "the destination has a shut-off definition with its name",
    inject: (fixture) => inject.defineStale(fixture, "/uuid/d"),
    recover: ({ destination }) => destination.virsh(`undefine ${guest}`).then(() => {}),
    cases: {
      "before `up`": { up: "fails", output: /another VM named .*domainConflict/s, nextOutput: moved },
      "before start": {
        up: "fails",
        output: /already exists|domainConflict/,
        heldUntil: "injected",
        nextOutput: moved,
      },
    },
  },
  {
    title: "stale definition with another name",
    means: "the destination has a shut-off definition with its UUID",
    inject: (fixture) => inject.defineStale(fixture, "s,<name>.*<,<name>old-db<,"),
    recover: ({ destination }) => destination.virsh("undefine old-db").then(() => {}),
    cases: {
      "before `up`": { up: "fails", output: /old-db/, nextOutput: moved },
    },
  },
];
