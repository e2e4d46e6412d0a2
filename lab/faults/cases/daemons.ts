/** Faults of what libvirt runs on a host: virsh and libvirtd. */
import type { Fault } from "../case";
import * as inject from "../inject";
import { moved, stayedOrMoved } from "./output";

export const daemonFaults: readonly Fault[] = [
  {
    title: "virsh killed",
    means: "SIGKILL to `virsh migrate` on the source",
    inject: inject.killVirsh,
    cases: {
      "before start": { up: "fails", output: /as before/, nextOutput: moved },
      "pre-copy": { up: "succeeds", output: moved, recoverAfter: 5000 },
      "switch-over": { up: "succeeds", output: moved, recoverAfter: 5000 },
      "post-copy": { up: "succeeds", output: moved, recoverAfter: 5000 },
      "after completion": { up: "succeeds", output: moved },
    },
  },
  restarted("source", "libvirtd is ended by SIGTERM (killed when it does not end) and started"),
  restarted("destination", "the same on the destination"),
  killed("source", "SIGKILL to libvirtd; it is started when `up` has ended"),
  killed("destination", "the same on the destination"),
];

function restarted(end: "source" | "destination", means: string): Fault {
  return {
    title: `libvirtd restarted on the ${end}`,
    means,
    inject: (fixture) => inject.restartLibvirtd(fixture[end]),
    cases: {
      "before start": { up: "succeeds", output: moved, heldUntil: "injected" },
      "pre-copy": { up: "fails", output: /on kvm-a as before/, nextOutput: moved },
      "switch-over": { up: "either", output: stayedOrMoved, heldUntil: "injected" },
      "post-copy": { up: "either", output: /postCopyInterrupted|moved kvm-a → kvm-b/, heldUntil: "injected" },
      "after completion": { up: "succeeds", output: moved, heldUntil: "injected" },
    },
  };
}

function killed(end: "source" | "destination", means: string): Fault {
  const output = /libvirtDown/;
  return {
    title: `libvirtd killed on the ${end}`,
    means,
    inject: (fixture) => inject.killLibvirtd(fixture[end]),
    recover: (fixture) => fixture[end].startLibvirtd(),
    cases: {
      "before `up`": { up: "fails", output, nextOutput: moved },
      "before start": { up: "fails", output, heldUntil: "injected", nextOutput: moved },
      "pre-copy": { up: "fails", output, nextOutput: moved },
      "switch-over": { up: "fails", output, heldUntil: "injected" },
      "post-copy": { up: "fails", output, heldUntil: "injected" },
      "after completion": { up: "fails", output, heldUntil: "injected", refresh: true },
    },
  };
}
