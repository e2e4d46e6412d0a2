/** The rows of the matrix in which a whole host loses power, or the computer that runs Pulumi inject. */
import type { LabHost } from "../../libvirt";
import type { Fault } from "../case";
import { kill, type Fixture } from "../fixture";
import { fillSourceDisk, silence } from "../inject";
import { moved, takesOver } from "./output";

const movedShutOff = /moved kvm-a → kvm-b \(shut off\)/;
const stayed = /kvm-b cannot be reached .* on kvm-a as before/s;
const lostContact = /lost contact with .* has lost power/s;
/** The refusal names the host that was restarted, and what that lost. */
const memoryGone = (host: string) =>
  new RegExp(`its (source|destination) ${host} was restarted .* a part of the VM's memory is lost`, "s");

const powerOff = (...hosts: LabHost[]) => Promise.all(hosts.map((host) => host.powerOff())).then(() => {});
const powerOn = async ({ lab }: Fixture) => {
  await Promise.all(lab.hosts.filter(({ isOn }) => !isOn).map((host) => host.powerOn()));
};

/** No packet tells the hosts that its connections and processes ended. */
async function controllerOff(fixture: Fixture): Promise<void> {
  for (const host of fixture.lab.hosts) await silence(fixture, host);
  for (const pid of fixture.processes()) kill(pid, "SIGKILL");
}

async function controllerOn({ lab, stack }: Fixture): Promise<void> {
  for (const host of lab.hosts) await host.unblock();
  await stack.pulumi.expect(["cancel", "--yes"]);
}

const started = /starting the live migration/;

export const powerFaults: readonly Fault[] = [
  {
    title: "source without power",
    means:
      "every process of the source ends at once, with its cable pulled before; it is switched on when `up` has ended",
    inject: ({ source }) => powerOff(source),
    recover: powerOn,
    cases: {
      "before `up`": { up: "fails", output: /hostUnreachable/, nextOutput: movedShutOff, end: "shut off" },
      "before start": { up: "fails", output: lostContact, nextOutput: movedShutOff, end: "shut off" },
      "pre-copy": { up: "fails", output: lostContact, nextOutput: movedShutOff, end: "shut off" },
      "switch-over": { up: "fails", output: lostContact, nextOutput: movedShutOff, end: "shut off" },
      "post-copy": {
        up: "fails",
        output: lostContact,
        nextOutput: memoryGone("kvm-a"),
        nextFails: true,
        followsRemedies: true,
      },
      "after completion": { up: "fails", output: /has arrived on kvm-b/, refresh: true },
    },
  },
  {
    title: "destination without power",
    means: "the same on the destination",
    inject: ({ destination }) => powerOff(destination),
    recover: powerOn,
    cases: {
      "before `up`": { up: "fails", output: /hostUnreachable/, nextOutput: moved },
      "before start": { up: "fails", output: stayed, heldUntil: "injected", nextOutput: moved },
      "pre-copy": { up: "fails", output: stayed, nextOutput: moved },
      "switch-over": { up: "fails", output: /is not answering libvirt|on kvm-a as before/, nextOutput: moved },
      "post-copy": {
        up: "fails",
        output: /reports what is lost|shows how to start/,
        nextOutput: memoryGone("kvm-b"),
        nextFails: true,
        followsRemedies: true,
      },
      "after completion": {
        up: "fails",
        output: /hostUnreachable|connectionLost/,
        heldUntil: "injected",
        end: "shut off",
      },
    },
  },
  {
    title: "both hosts without power",
    means: "the same on both",
    inject: ({ source, destination }) => powerOff(source, destination),
    recover: powerOn,
    cases: {
      "before `up`": { up: "fails", output: /hostUnreachable/, nextOutput: movedShutOff, end: "shut off" },
      "pre-copy": { up: "fails", output: lostContact, nextOutput: movedShutOff, end: "shut off" },
      "switch-over": { up: "fails", output: lostContact, nextOutput: movedShutOff, end: "shut off" },
      "post-copy": {
        up: "fails",
        output: /lost contact with .*kvm-b cannot be asked either/s,
        nextOutput: /began to move the VM to kvm-b .* had begun to run there/s,
        nextFails: true,
        followsRemedies: true,
      },
      "after completion": { up: "fails", output: /kvm-b cannot be asked either/, end: "shut off" },
    },
  },
  {
    title: "source without power, left off",
    means: "as above, but it stays off",
    inject: ({ source }) => powerOff(source),
    cases: {
      "before `up`": {
        up: "fails",
        output: /hostUnreachable/,
        nextOutput: /kvm-a cannot be asked/,
        nextFails: true,
        end: "stopped for good",
      },
      "pre-copy": {
        up: "fails",
        output: lostContact,
        nextOutput: /kvm-a cannot be asked/,
        nextFails: true,
        end: "stopped for good",
      },
      "post-copy": {
        up: "fails",
        output: lostContact,
        nextOutput: /its (source|destination) is not known: kvm-a cannot be reached/,
        nextFails: true,
        end: "stopped for good",
      },
      "after completion": { up: "fails", output: /has arrived on kvm-b/ },
    },
  },
  {
    title: "destination without power, left off",
    means: "the same on the destination",
    inject: ({ destination }) => powerOff(destination),
    cases: {
      "before `up`": {
        up: "fails",
        output: /kvm-b cannot be reached/,
        nextOutput: /is on kvm-a, but kvm-b cannot be reached/,
        nextFails: true,
        end: "running on the source",
      },
      "pre-copy": {
        up: "fails",
        output: stayed,
        nextOutput: /is on kvm-a, but kvm-b cannot be reached/,
        nextFails: true,
        end: "running on the source",
      },
      "post-copy": {
        up: "fails",
        output: /reports what is lost|shows how to start/,
        nextOutput: /its (source|destination) is not known: kvm-b cannot be reached/,
        nextFails: true,
        end: "stopped for good",
      },
      "after completion": {
        up: "fails",
        output: /hostUnreachable|connectionLost/,
        heldUntil: "injected",
        nextOutput: /kvm-b cannot be asked/,
        nextFails: true,
        end: "stopped for good",
      },
    },
  },
  {
    title: "destination without power while disks are copied",
    // A copy without its destination ends when the source's kernel gives the connection up, after a quarter of an hour, or when the
    // destination is back and answers with a reset.
    means: "the destination loses power in a move with `copyStorage`; it is switched on after a minute",
    guest: { disk: "file" },
    migration: { copyStorage: "all" },
    arrange: fillSourceDisk,
    inject: ({ destination }) => powerOff(destination),
    recover: powerOn,
    cases: { "pre-copy": { up: "fails", output: /on kvm-a as before/, recoverAfter: 60_000, nextOutput: moved } },
  },
  {
    title: "computer that runs Pulumi without power",
    means:
      "its packets vanish, and `pulumi`, the provider and all else of it get SIGKILL at once; `pulumi cancel` takes away the lock that it left",
    inject: controllerOff,
    recover: controllerOn,
    cases: {
      "before start": { up: "fails", output: started },
      "pre-copy": { up: "fails", output: started, heldUntil: takesOver, nextOutput: moved },
      "switch-over": { up: "fails", output: started },
      "post-copy": { up: "fails", output: started, heldUntil: takesOver, nextOutput: moved },
      "after completion": { up: "fails", output: started },
    },
  },
];
