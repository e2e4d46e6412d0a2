/** The VM itself ends: its QEMU, or its operating system. */
import { eventually } from "../../libvirt/commands";
import type { Fault } from "../case";
import { guest } from "../fixture";
import * as inject from "../inject";
import { moved } from "./output";

export const qemuFaults: readonly Fault[] = [
  {
    title: "QEMU killed on the source",
    means: "SIGKILL to the guest's QEMU. Before the move has switched this is the only one: what was in memory is lost",
    inject: ({ source }) => source.signalQemu(guest, "SIGKILL"),
    recover: inject.libvirtdRuns,
    cases: {
      "before `up`": { up: "succeeds", output: /shut off/, end: "shut off" },
      "before start": { up: "fails", output: /shut off|not running/, heldUntil: "injected", end: "shut off" },
      "pre-copy": { up: "fails", output: /shut off|crashed/, end: "shut off" },
      "switch-over": { up: "fails", output: /shut off|crashed/, end: "shut off" },
      "post-copy": {
        up: "fails",
        output: /the VM ended on kvm-a/,
        nextOutput: /the VM ended on kvm-a/,
        nextFails: true,
        end: "stopped for good",
      },
    },
  },
  {
    title: "QEMU killed on the destination",
    means: "SIGKILL to the guest's QEMU there. Once the move has switched, what was in memory is lost",
    inject: ({ destination }) => destination.signalQemu(guest, "SIGKILL"),
    recover: inject.libvirtdRuns,
    cases: {
      "pre-copy": { up: "fails", output: /on kvm-a as before/, nextOutput: moved },
      "switch-over": { up: "fails", output: /on kvm-a as before/, nextOutput: moved },
      "post-copy": {
        up: "fails",
        output: /the VM ended on kvm-b/,
        nextOutput: /the VM ended on kvm-b/,
        nextFails: true,
        end: "stopped for good",
      },
      "after completion": {
        up: "fails",
        output: /had arrived on kvm-b, and ended there/,
        heldUntil: "injected",
        end: "shut off",
      },
    },
  },
  {
    title: "QEMU crashes",
    means: "SIGABRT to the guest's QEMU where it runs",
    inject: async (fixture) => (await inject.whereItRuns(fixture)).signalQemu(guest, "SIGABRT"),
    recover: inject.libvirtdRuns,
    cases: {
      "pre-copy": { up: "fails", output: /shut off|crashed/, end: "shut off" },
      "after completion": {
        up: "fails",
        output: /had arrived on kvm-b, and ended there/,
        heldUntil: "injected",
        end: "shut off",
      },
    },
  },
  {
    title: "guest shuts down",
    means: "the guest switches itself off through ACPI, as an operating system does",
    inject: async (fixture) => {
      const { sampler } = fixture;
      (await inject.whereItRuns(fixture)).switchOffGuest(guest);
      await eventually(() => (sampler.runsOn().length === 0 ? true : undefined), 20_000);
    },
    recover: inject.libvirtdRuns,
    cases: {
      "before `up`": { up: "succeeds", output: /moved kvm-a → kvm-b \(shut off\)/, end: "shut off" },
      "before start": { up: "fails", output: /shut off|not running/, heldUntil: "injected", end: "shut off" },
      "pre-copy": { up: "fails", output: /shut off/, end: "shut off" },
      "post-copy": {
        up: "fails",
        output: /was shut down on kvm-b/,
        nextOutput: /was shut down on kvm-b/,
        nextFails: true,
        end: "stopped for good",
      },
      "after completion": {
        up: "succeeds",
        output: /shut off \(shutdown\) on kvm-b: it ended there after it had arrived/,
        heldUntil: "injected",
        end: "shut off",
      },
    },
  },
];
