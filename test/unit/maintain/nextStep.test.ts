import assert from "node:assert/strict";
import { nextStep } from "../../../provider/maintain/nextStep";
import type { Asked, Facts, HostObservation, HostRecord, Journal, Plan, Step } from "../../../provider/maintain/model";

const asked: Asked = {
  hosts: ["kvm-a", "kvm-b"],
  run: "dnf -y upgrade",
  reboot: true,
  rebootCommand: "systemctl reboot",
  shutdownUnmovable: true,
};
const gpu = { uuid: "5c1e2f0a-6d0b-4f8e-9a37-000000000004", name: "gpu-01" };
const other = { uuid: "5c1e2f0a-6d0b-4f8e-9a37-000000000009", name: "other" };
const plan = (more: Partial<Plan> = {}): Plan => ({
  goal: "evacuate",
  hindrances: [],
  unmovable: [],
  partners: [],
  ...more,
});
const edit = { before: "1", text: "2", vms: ["db-01"], moves: ["db-01 → kvm-b"] };
const empty: HostObservation = { bootId: "one", active: [] };
const rebooted: HostObservation = { bootId: "two", active: [] };
const full: HostObservation = { bootId: "one", active: [gpu] };
const silent: HostObservation = { why: "connection refused" };
const ended = (code: number): HostObservation => ({ ...empty, command: { is: "ended", code } });
const cut: HostObservation = { ...empty, command: { is: "cut", why: "it was killed" } };
const command = { id: "ab12" };
const over = { ...command, end: { code: 0 } };
const reboot = { bootId: "one" };

interface Case {
  when: string;
  journal?: Partial<Journal>;
  /** Of the current host; null: there is none. */
  record?: Partial<HostRecord> | null;
  asked?: Partial<Asked>;
  withoutCommand?: true;
  host?: HostObservation | undefined;
  facts?: Facts;
  then: Step["do"];
  says?: RegExp;
}

const cases: Case[] = [
  { when: "nothing is begun", record: null, then: "begin" },
  { when: "all hosts are through", record: null, journal: { done: asked.hosts }, then: "finish" },
  { when: "the host does not answer", host: silent, then: "stop", says: /connection refused/ },

  // VMs leave.
  { when: "a host is begun", then: "plan" },
  { when: "there is no plan", facts: { plan: plan({ hindrances: ["no room"] }) }, then: "stop", says: /no room/ },
  { when: "the file lacks moves", facts: { plan: plan({ edit }) }, then: "edit" },
  { when: "plans do not end", facts: { plan: plan({ edit }), edits: 10 }, then: "stop", says: /10 rounds/ },
  { when: "moves are in the file", record: { upDue: ["db-01"] }, then: "up" },
  { when: "up has ended", record: { upDue: ["db-01"] }, facts: { up: { code: 1, refresh: false } }, then: "compare" },
  { when: "up failed and all have moved", record: { upDue: ["db-01"] }, facts: { up: { code: 1, refresh: false }, astray: [] }, then: "noteMoved" }, // prettier-ignore
  { when: "up failed and not all have moved", record: { upDue: ["db-01"] }, facts: { up: { code: 1, refresh: false }, astray: ["db-01 is on kvm-a"] }, then: "stop", says: /exit code 1.*db-01 is on kvm-a/ }, // prettier-ignore
  { when: "up succeeded and not all have moved", record: { upDue: ["db-01"] }, facts: { up: { code: 0, refresh: false }, astray: ["db-01 is on kvm-a"] }, then: "up" }, // prettier-ignore
  { when: "a refresh does not help", record: { upDue: ["db-01"] }, facts: { up: { code: 0, refresh: true }, astray: ["db-01 is on kvm-a"] }, then: "stop" }, // prettier-ignore
  { when: "a VM cannot move", facts: { plan: plan({ unmovable: [{ ...gpu, reason: "it is pinned" }] }) }, host: full, then: "shutDown" }, // prettier-ignore
  { when: "a VM cannot move, and may not be shut down", asked: { shutdownUnmovable: false }, facts: { plan: plan({ unmovable: [{ ...gpu, reason: "it is pinned" }] }) }, host: full, then: "stop", says: /gpu-01 \(it is pinned\)/ }, // prettier-ignore
  { when: "a VM can neither move nor be shut down", facts: { plan: plan({ unmovable: [{ ...gpu, reason: "x", obstacle: "it is transient" }] }) }, host: full, then: "stop", says: /transient/ }, // prettier-ignore
  { when: "a VM that is to be shut down is active", record: { shutDown: [gpu] }, host: full, then: "shutDown" },
  { when: "it did not shut down in time", record: { shutDown: [gpu] }, host: full, facts: { stillActive: [gpu] }, then: "stop", says: /gpu-01 did not shut down/ }, // prettier-ignore

  // The command.
  { when: "the host is empty", facts: { plan: plan() }, then: "startCommand" },
  { when: "the host is not empty", facts: { plan: plan() }, host: { ...empty, active: [other] }, then: "stop", says: /other/ }, // prettier-ignore
  { when: "another VM is active beside one of ours", record: { shutDown: [gpu] }, host: { ...empty, active: [gpu, other] }, then: "stop", says: /not empty: other/ }, // prettier-ignore
  { when: "libvirt does not answer on it", facts: { plan: plan() }, host: { ...empty, active: undefined }, then: "awaitLibvirt" }, // prettier-ignore
  { when: "libvirt does not come", facts: { plan: plan(), libvirtTimedOut: true }, host: { ...empty, active: undefined }, then: "stop" }, // prettier-ignore
  { when: "killed before the command", record: { command }, host: { ...empty, command: { is: "absent" } }, then: "startCommand" }, // prettier-ignore
  { when: "killed before the command, and a VM came", record: { command }, host: { ...full, command: { is: "absent" } }, then: "stop" }, // prettier-ignore
  { when: "the command cannot be begun", record: { command }, host: { ...empty, command: { is: "absent" } }, facts: { commandNotBegun: "no space" }, then: "stop", says: /no space/ }, // prettier-ignore
  { when: "what the command left is gone", record: { command: { ...command, begun: true } }, host: { ...empty, command: { is: "absent" } }, then: "stop", says: /is gone/ }, // prettier-ignore
  { when: "the command runs", record: { command }, host: { ...empty, command: { is: "running" } }, then: "followCommand" }, // prettier-ignore
  { when: "it ended unseen", record: { command }, host: ended(0), then: "followCommand" },
  { when: "it ended", record: { command }, host: ended(0), facts: { outputShown: true }, then: "noteEnd" },
  { when: "its end was not seen", record: { command }, host: cut, facts: { outputShown: true }, then: "stop", says: /it was killed/ }, // prettier-ignore
  { when: "it is to run again", record: { command }, host: cut, facts: { outputShown: true, choice: "again" }, then: "forgetCommand" }, // prettier-ignore
  { when: "it counts as done", record: { command }, host: cut, facts: { outputShown: true, choice: "skip" }, then: "noteEnd" }, // prettier-ignore
  { when: "it failed", record: { command: { ...command, end: { code: 3 } } }, then: "stop", says: /exit code 3/ },
  { when: "it failed, and is to run again", record: { command: { ...command, end: { code: 3 } } }, facts: { choice: "again" }, then: "forgetCommand" }, // prettier-ignore
  { when: "it was taken for done", record: { command: { ...command, end: "skipped" } }, then: "reboot" },
  { when: "it succeeded, and no reboot is asked for", asked: { reboot: false }, record: { command: over }, then: "doctor" }, // prettier-ignore

  // The reboot.
  { when: "the command succeeded", record: { command: over }, then: "reboot" },
  { when: "only a reboot is asked for", withoutCommand: true, facts: { plan: plan() }, then: "reboot" },
  { when: "a VM is active before the reboot", record: { command: over }, host: full, then: "stop" },
  { when: "killed before the reboot", record: { command: over, reboot }, then: "reboot" },
  { when: "killed before the reboot, and a VM came", record: { command: over, reboot }, host: full, then: "stop" },
  { when: "it was told to reboot", record: { command: over, reboot }, facts: { rebootGiven: true }, then: "awaitBoot" },
  { when: "it does not answer", record: { command: over, reboot }, host: silent, then: "awaitBoot" },
  { when: "it does not come back", record: { command: over, reboot }, host: silent, facts: { bootTimedOut: true }, then: "stop", says: /after its reboot/ }, // prettier-ignore
  { when: "it does not go down", record: { command: over, reboot }, facts: { rebootGiven: true, bootTimedOut: true }, then: "stop", says: /runs as before/ }, // prettier-ignore
  { when: "it refuses the reboot", record: { command: over, reboot }, facts: { rebootGiven: true, rebootFailed: "code 1" }, then: "stop", says: /code 1/ }, // prettier-ignore
  { when: "it has booted", record: { command: over, reboot }, host: rebooted, then: "doctor" },
  { when: "it has booted, without libvirt yet", record: { command: over, reboot }, host: { ...rebooted, active: undefined }, then: "awaitLibvirt" }, // prettier-ignore
  { when: "it is not healthy", record: { command: over, reboot }, host: rebooted, facts: { health: ["no /dev/kvm"] }, then: "stop", says: /no \/dev\/kvm/ }, // prettier-ignore
  { when: "it is healthy", record: { command: over, reboot }, host: rebooted, facts: { health: [] }, then: "noteHealthy" }, // prettier-ignore

  // VMs come back.
  { when: "its VMs may come back", record: { reboot, back: true }, host: rebooted, then: "plan" },
  { when: "the plan of the evacuation is left", record: { reboot, back: true }, host: rebooted, facts: { plan: plan() }, then: "plan" }, // prettier-ignore
  { when: "the file lacks the moves back", record: { reboot, back: true }, host: rebooted, facts: { plan: plan({ goal: "restore", edit }) }, then: "edit" }, // prettier-ignore
  { when: "the way back is in the file", record: { reboot, back: true, upDue: ["db-01"] }, host: rebooted, then: "up" },
  { when: "a VM is off still", record: { reboot, back: true, shutDown: [gpu] }, host: rebooted, facts: { plan: plan({ goal: "restore" }) }, then: "start" }, // prettier-ignore
  { when: "a VM does not start", record: { reboot, back: true, shutDown: [gpu] }, host: rebooted, facts: { plan: plan({ goal: "restore" }), notStarted: ["gpu-01: no disk"] }, then: "stop", says: /no disk/ }, // prettier-ignore
  { when: "libvirt started it", record: { reboot, back: true, shutDown: [gpu] }, host: { ...rebooted, active: [gpu] }, facts: { plan: plan({ goal: "restore" }) }, then: "done" }, // prettier-ignore
  { when: "all is back", record: { reboot, back: true }, host: rebooted, facts: { plan: plan({ goal: "restore" }) }, then: "done" }, // prettier-ignore
  { when: "it does not answer on the way back", record: { reboot, back: true }, host: silent, then: "stop" },
];

describe("nextStep", () => {
  for (const {
    when,
    journal,
    record = {},
    asked: own,
    withoutCommand,
    host = empty,
    facts = {},
    then,
    says,
  } of cases) {
    it(`${when}: ${then}`, () => {
      const given: Journal = {
        version: 1,
        asked: { ...asked, ...own },
        done: [],
        ...(record !== null && { current: { host: "kvm-a", ...record } }),
        ...journal,
      };
      if (withoutCommand) delete given.asked.run;
      const step = nextStep(given, record === null ? undefined : host, facts);
      assert.equal(step.do, then, JSON.stringify(step));
      if (says !== undefined) assert.match((step as Extract<Step, { do: "stop" }>).why, says);
    });
  }

  it("takes the hosts in their order", () => {
    const first = nextStep({ version: 1, asked, done: [] }, undefined, {});
    const second = nextStep({ version: 1, asked, done: ["kvm-a"] }, undefined, {});
    assert.deepEqual(
      [first, second],
      [
        { do: "begin", host: "kvm-a" },
        { do: "begin", host: "kvm-b" },
      ],
    );
  });

  it("refreshes once, and only after an up that succeeded", () => {
    const current = { host: "kvm-a", upDue: ["db-01"] };
    const refresh = (facts: Facts) => nextStep({ version: 1, asked, done: [], current }, empty, facts);
    assert.deepEqual(refresh({}), { do: "up", refresh: false });
    assert.deepEqual(refresh({ up: { code: 0, refresh: false }, astray: ["x"] }), { do: "up", refresh: true });
  });
});
