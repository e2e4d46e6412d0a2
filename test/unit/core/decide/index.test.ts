import assert from "node:assert/strict";
import { decide } from "../../../../provider/core/decide";
import type { Decision, Desired, Observed } from "../../../../provider/core/decide/types";
import type { DomainView, JobInfo } from "../../../../provider/core/domain";
import type { MigrationOptions } from "../../../../provider/core/options";
import { dbUuid, view } from "../../../support/views";

const otherUuid = "1117c344-47b0-4597-a2ce-291e1dd8606a";
const outgoing: JobInfo = { type: "unbounded", operation: "outgoing" };
const incoming: JobInfo = { type: "unbounded", operation: "incoming" };

interface Case {
  /** Default kvm-b alone. */
  hosts?: string[];
  /** Default: known. */
  uuid?: string | undefined;
  domain?: string;
  options?: Partial<MigrationOptions>;
  maintenance?: string[];
  views: DomainView[];
  silent?: string[];
  lastHost?: string;
  asked?: string[];
}

function run(given: Case): Decision {
  const desired: Desired = {
    domain: given.domain ?? "db-01",
    uuid: "uuid" in given ? given.uuid : dbUuid,
    hosts: given.hosts ?? ["kvm-b"],
    options: { mode: "auto", ...given.options },
    inMaintenance: new Set(given.maintenance),
  };
  const observed: Observed = {
    views: given.views,
    asked: given.asked ?? ["kvm-a", "kvm-b", "kvm-c"],
    unreachable: (given.silent ?? []).map((host) => ({ host, why: "Connection timed out" })),
    lastHost: given.lastHost,
  };
  return decide(desired, observed);
}

/** "migrate live kvm-a → kvm-b", "refuse hostUnreachable kvm-c". */
function inShort(decision: Decision): string {
  switch (decision.action) {
    case "migrate":
      return `migrate ${decision.how} ${decision.view.host} → ${decision.to}`;
    case "attach":
    case "resume":
      return `${decision.action} ${decision.view.host} → ${decision.to}`;
    case "finish":
      return `finish ${decision.view.host}, left: ${decision.leftovers.map(({ host }) => host).join(" ") || "none"}`;
    case "refuse":
      return `refuse ${decision.code}${decision.host === undefined ? "" : ` ${decision.host}`}`;
    default:
      return `${decision.action} ${decision.view.host}`;
  }
}

describe("the decision", () => {
  const running = view("kvm-a", "running (booted)");
  const there = view("kvm-b", "running (migrated)");
  const off = view("kvm-a", "shut off (shutdown)");
  const paused = view("kvm-a", "paused (user)");

  const cases: [title: string, given: Case, expected: string][] = [
    // it is where it should be
    ["it runs where it should", { views: [there] }, "noop kvm-b"],
    ["it is shut off where it should be", { views: [view("kvm-b", "shut off (shutdown)")] }, "noop kvm-b"],
    ["it is adopted when the state does not know it yet", { uuid: undefined, views: [there] }, "adopt kvm-b"],
    ["it is adopted by its UUID", { uuid: undefined, domain: dbUuid, views: [there] }, "adopt kvm-b"],
    ["it is not defined where it runs", { views: [{ ...there, persistent: false }] }, "finish kvm-b, left: none"],
    ["it runs there, another host is silent", { views: [there], silent: ["kvm-a"] }, "noop kvm-b"],
    ["it runs there though the host is in maintenance", { views: [there], maintenance: ["kvm-b"] }, "noop kvm-b"],
    // it is to be moved
    ["it runs elsewhere", { views: [running] }, "migrate live kvm-a → kvm-b"],
    ["it runs elsewhere and is new", { uuid: undefined, views: [running] }, "migrate live kvm-a → kvm-b"],
    ["it is paused elsewhere", { views: [paused] }, "migrate live kvm-a → kvm-b"],
    ["it is idle elsewhere", { views: [view("kvm-a", "idle")] }, "migrate live kvm-a → kvm-b"],
    ["it is shut off elsewhere", { views: [off] }, "migrate offline kvm-a → kvm-b"],
    ["it crashed and is shut off", { views: [view("kvm-a", "shut off (crashed)")] }, "migrate offline kvm-a → kvm-b"],
    ["mode live, running", { views: [running], options: { mode: "live" } }, "migrate live kvm-a → kvm-b"],
    ["mode offline, shut off", { views: [off], options: { mode: "offline" } }, "migrate offline kvm-a → kvm-b"],
    [
      "a silent third host does not matter to one that runs",
      { views: [running], silent: ["kvm-c"] },
      "migrate live kvm-a → kvm-b",
    ],
    // the state does not fit
    ["mode live, shut off", { views: [off], options: { mode: "live" } }, "refuse domainStateUnfit kvm-a"],
    ["mode offline, running", { views: [running], options: { mode: "offline" } }, "refuse domainStateUnfit kvm-a"],
    ["mode offline, paused", { views: [paused], options: { mode: "offline" } }, "refuse domainStateUnfit kvm-a"],
    ["a paused one by post-copy", { views: [paused], options: { postCopy: true } }, "refuse domainStateUnfit kvm-a"],
    ["a saved memory image", { views: [{ ...off, managedSave: true }] }, "refuse domainStateUnfit kvm-a"],
    ["it is shutting down", { views: [view("kvm-a", "in shutdown (user)")] }, "refuse domainStateUnfit kvm-a"],
    ["it sleeps", { views: [view("kvm-a", "pmsuspended")] }, "refuse domainStateUnfit kvm-a"],
    ["it crashed and is kept", { views: [view("kvm-a", "crashed (panicked)")] }, "refuse domainStateUnfit kvm-a"],
    // lists of hosts
    ["a member of the list has it", { hosts: ["kvm-b", "kvm-a"], views: [running] }, "noop kvm-a"],
    ["no member has it: the first", { hosts: ["kvm-b", "kvm-c"], views: [running] }, "migrate live kvm-a → kvm-b"],
    [
      "no member has it, the first is in maintenance",
      { hosts: ["kvm-b", "kvm-c"], maintenance: ["kvm-b"], views: [running] },
      "migrate live kvm-a → kvm-c",
    ],
    [
      "a member has it and is in maintenance",
      { hosts: ["kvm-a", "kvm-b"], maintenance: ["kvm-a"], views: [running] },
      "migrate live kvm-a → kvm-b",
    ],
    [
      "all members are in maintenance, one has it",
      { hosts: ["kvm-a", "kvm-b"], maintenance: ["kvm-a", "kvm-b"], views: [running] },
      "noop kvm-a",
    ],
    [
      "all members are in maintenance, none has it",
      { hosts: ["kvm-b", "kvm-c"], maintenance: ["kvm-b", "kvm-c"], views: [running] },
      "refuse hostMaintenance kvm-b",
    ],
    ["the one host is in maintenance", { maintenance: ["kvm-b"], views: [running] }, "refuse hostMaintenance kvm-b"],
    // hosts that do not answer
    ["the destination is silent", { views: [running], silent: ["kvm-b"] }, "refuse hostUnreachable kvm-b"],
    ["nobody has it, one is silent", { views: [], silent: ["kvm-a"] }, "refuse hostUnreachable kvm-a"],
    ["it is shut off here, one is silent", { views: [off], silent: ["kvm-c"] }, "refuse hostUnreachable kvm-c"],
    [
      "it was moved away, to a host that is silent",
      { views: [view("kvm-a", "shut off (migrated)")], silent: ["kvm-c"] },
      "refuse hostUnreachable kvm-c",
    ],
    // it is not there
    ["nobody has it", { views: [] }, "refuse domainMissing"],
    ["its host left the inventory", { views: [], lastHost: "kvm-z" }, "refuse domainMissing"],
    [
      "it was moved to a host that is not known",
      { views: [view("kvm-a", "shut off (migrated)")] },
      "refuse domainMissing kvm-a",
    ],
    // it is there twice
    ["it runs twice", { views: [running, there] }, "refuse domainOnTwoHosts"],
    ["it runs and is paused", { views: [running, view("kvm-b", "paused (user)")] }, "refuse domainOnTwoHosts"],
    [
      "it is defined twice and runs nowhere",
      { views: [off, view("kvm-b", "shut off (unknown)")] },
      "refuse domainOnTwoHosts",
    ],
    // leftovers
    [
      "a definition is left at the source",
      { views: [view("kvm-a", "shut off (migrated)"), there] },
      "finish kvm-b, left: kvm-a",
    ],
    [
      "definitions are left at two hosts",
      { views: [view("kvm-a", "shut off (migrated)"), there, view("kvm-c", "shut off (migrated)")] },
      "finish kvm-b, left: kvm-a kvm-c",
    ],
    // migrations under way
    [
      "pre-copy to where it should be",
      { views: [{ ...running, job: outgoing }, view("kvm-b", "paused (migrating)", { job: incoming })] },
      "attach kvm-a → kvm-b",
    ],
    [
      "pre-copy to another host",
      { views: [{ ...running, job: outgoing }, view("kvm-c", "paused (migrating)", { job: incoming })] },
      "attach kvm-a → kvm-c",
    ],
    [
      "pre-copy of one that was suspended meanwhile",
      {
        views: [
          view("kvm-a", "paused (migrating)", { job: outgoing }),
          view("kvm-b", "paused (migrating)", { job: incoming }),
        ],
      },
      "attach kvm-a → kvm-b",
    ],
    [
      "post-copy under way",
      { views: [view("kvm-a", "paused (post-copy)", { job: outgoing }), view("kvm-b", "running (post-copy)")] },
      "attach kvm-a → kvm-b",
    ],
    [
      "post-copy that the destination is about to take over",
      { views: [view("kvm-a", "paused (post-copy)", { job: outgoing }), view("kvm-b", "paused (migrating)")] },
      "attach kvm-a → kvm-b",
    ],
    [
      "post-copy interrupted",
      { views: [view("kvm-a", "paused (post-copy failed)"), view("kvm-b", "running (post-copy failed)")] },
      "resume kvm-a → kvm-b",
    ],
    [
      "post-copy interrupted, seen by the source only so far",
      { views: [view("kvm-a", "paused (post-copy failed)"), view("kvm-b", "running (post-copy)")] },
      "resume kvm-a → kvm-b",
    ],
    [
      "pre-copy, the other side silent",
      { views: [{ ...running, job: outgoing }], silent: ["kvm-b"] },
      "refuse hostUnreachable kvm-a",
    ],
    ["pre-copy, the other side unknown", { views: [{ ...running, job: outgoing }] }, "refuse migrationRunning kvm-a"],
    [
      "it comes in, from nowhere to be seen",
      { views: [view("kvm-b", "paused (migrating)")] },
      "refuse migrationRunning kvm-b",
    ],
    [
      "post-copy, the destination silent",
      { views: [view("kvm-a", "paused (post-copy)")], silent: ["kvm-b"] },
      "refuse hostUnreachable kvm-a",
    ],
    [
      "post-copy interrupted, the destination silent",
      { views: [view("kvm-a", "paused (post-copy failed)")], silent: ["kvm-b"] },
      "refuse hostUnreachable kvm-a",
    ],
    [
      "a backup of it runs",
      { views: [{ ...running, job: { type: "unbounded", operation: "other" } }] },
      "refuse domainBusy kvm-a",
    ],
    // other VMs
    [
      "the destination has another VM of the name",
      { views: [running, view("kvm-b", "shut off (shutdown)", { uuid: otherUuid })] },
      "refuse domainConflict kvm-b",
    ],
    [
      "a third host has another VM of the name",
      { views: [running, view("kvm-c", "running (booted)", { uuid: otherUuid })] },
      "migrate live kvm-a → kvm-b",
    ],
    [
      "it was rebuilt: the name is another VM now",
      { views: [view("kvm-a", "running (booted)", { uuid: otherUuid })] },
      "refuse domainConflict kvm-a",
    ],
    [
      "it was renamed",
      { views: [view("kvm-a", "running (booted)", { name: "db-old" })] },
      "refuse domainConflict kvm-a",
    ],
    [
      "two VMs of the name, and no UUID known",
      { uuid: undefined, views: [running, view("kvm-c", "running (booted)", { uuid: otherUuid })] },
      "refuse domainConflict",
    ],
  ];
  for (const [title, given, expected] of cases) {
    it(`${title}: ${expected}`, () => assert.equal(inShort(run(given)), expected));

    it(`${title}: in whatever order the hosts answered`, () => {
      const decision = run({ ...given, views: [...given.views].reverse() });
      assert.equal(inShort(decision), expected);
    });

    it(`${title}: is told in whole words`, () => {
      const decision = run(given);
      const words = [decision.reason, decision.action === "refuse" ? decision.next : "-"];
      for (const text of words) {
        assert.notEqual(text, "");
        assert.doesNotMatch(text, /undefined|null|\[object|none$/);
      }
    });
  }

  const told: [title: string, given: Case, reason: string, next?: RegExp][] = [
    ["why it moves", { views: [running] }, "host is kvm-b"],
    ["why it moves within a list", { hosts: ["kvm-b", "kvm-c"], views: [running] }, "host is any of kvm-b, kvm-c"],
    [
      "why it leaves a member of the list",
      { hosts: ["kvm-a", "kvm-b"], maintenance: ["kvm-a"], views: [running] },
      "kvm-a is in maintenance",
    ],
    ["that it stays", { views: [there] }, "it already is on kvm-b"],
    [
      "who is silent, and why",
      { views: [off], silent: ["kvm-c"] },
      "it does not run on kvm-a (shut off (shutdown)), and kvm-c cannot be asked (Connection timed out)",
      /bring kvm-c back and run `pulumi up` again, which continues .* is lost if it ran on a host that has lost power\. A host that is gone for good: take it out of vm-placement:hosts/,
    ],
    [
      "which host to put back",
      { views: [], lastHost: "kvm-z" },
      "it is on none of the hosts kvm-a, kvm-b and kvm-c; it was last on kvm-z, which is not in the inventory any more",
      /put host kvm-z back into vm-placement:hosts/,
    ],
    [
      "where it runs twice, and what stopping one costs",
      { views: [running, there] },
      "it is active on kvm-a (running (booted)) and kvm-b (running (migrated)) at the same time",
      /Keep kvm-a: `virsh destroy db-01` on kvm-b \(what its guest did since the copies parted is lost\); or keep kvm-b: `virsh destroy db-01` on kvm-a \(/,
    ],
    [
      "which definitions there are",
      { views: [off, view("kvm-b", "shut off (unknown)")] },
      "it is shut off and defined on kvm-a (shut off (shutdown)) and kvm-b (shut off): which definition counts is not to be seen",
      /keep kvm-b: `virsh undefine --keep-nvram db-01` on kvm-a \(only that definition goes/,
    ],
    [
      "that a VM moved away may be elsewhere",
      { views: [view("kvm-a", "shut off (migrated)")] },
      "kvm-a has moved it away (shut off (migrated)), and no host of the inventory runs it",
      /whatever was only in its memory is lost/,
    ],
    [
      "what libvirt would do in the wrong mode",
      { views: [running], options: { mode: "offline" } },
      'it is running (booted) on kvm-a, and migration.mode is "offline"; libvirt would leave two definitions of it',
      /`virsh shutdown db-01`/,
    ],
    [
      "of a half-seen post-copy, not to touch it",
      { views: [view("kvm-a", "paused (post-copy)")], silent: ["kvm-b"] },
      "kvm-a holds one half of db-01 in a post-copy migration (paused (post-copy)), and the other half is not to be seen: kvm-b cannot be reached",
      /Do not resume or destroy it by hand/,
    ],
    [
      "how to end a libvirt that waits for a destination for ever",
      { views: [{ ...running, job: { ...outgoing, elapsedMs: 480_000 } }] },
      "kvm-a has tried for 8 min to move db-01 away (running (booted)), and has reached no destination",
      /On kvm-a `pgrep -af 'ssh -T \.\*virt-ssh-helper'`.* nothing is lost/,
    ],
    [
      "that a post-copy has arrived which its source gave up, and what not to destroy",
      { views: [view("kvm-a", "paused (post-copy failed)"), view("kvm-b", "running (migrated)")] },
      "db-01 has arrived on kvm-b (running (migrated)), and kvm-a (paused (post-copy failed)) has not noticed yet",
      /`virsh destroy db-01` on kvm-a loses nothing; on kvm-b it would lose/,
    ],
    [
      "that a post-copy is about to run which its source gave up",
      { views: [view("kvm-a", "paused (post-copy failed)"), view("kvm-b", "paused (migrating)")] },
      "db-01 is about to run on kvm-b (paused (migrating)), and kvm-a (paused (post-copy failed)) has not noticed yet",
      /destroy nothing on either host/,
    ],
    [
      "that half of a VM is lost, and where its disk is to be booted",
      { views: [view("kvm-a", "paused (post-copy failed)"), view("kvm-b", "shut off (crashed)")] },
      "kvm-a holds one half of db-01 in a post-copy migration (paused (post-copy failed)), and the other half ended on kvm-b (shut off (crashed)): a part of its memory is gone",
      /`virsh destroy db-01` on kvm-a, then `virsh start db-01` on kvm-b, where it ran last/,
    ],
    [
      "that a VM was shut down before all of it had arrived",
      { views: [view("kvm-a", "paused (post-copy failed)"), view("kvm-b", "shut off (shutdown)")] },
      "db-01 was shut down on kvm-b (shut off (shutdown)), and kvm-a still holds its half of the post-copy migration (paused (post-copy failed))",
      /^`virsh destroy db-01` and `virsh undefine --keep-nvram db-01` on kvm-a, then run `pulumi up` again: nothing is lost/,
    ],
    [
      "which of two definitions is the newer, and that starting that clears up the rest",
      { views: [view("kvm-a", "shut off (migrated)"), view("kvm-b", "shut off (daemon)")] },
      "it is shut off and defined on kvm-a (shut off (migrated)) and kvm-b (shut off (daemon)): it ended on kvm-b after it was moved there",
      /^`virsh start db-01` on kvm-b, .*To leave it shut off: keep kvm-b: `virsh undefine --keep-nvram db-01` on kvm-a/,
    ],
    [
      "how to rename the one in the way",
      { views: [running, view("kvm-b", "shut off (shutdown)", { uuid: otherUuid })] },
      `kvm-b has another VM of the name db-01 (UUID ${otherUuid}; this one is ${dbUuid})`,
      /`virsh domrename db-01 NEW-NAME`/,
    ],
  ];
  for (const [title, given, reason, next] of told) {
    it(`says ${title}`, () => {
      const decision = run(given);
      assert.equal(decision.reason, reason);
      if (next) assert.match((decision as { next?: string }).next ?? "", next);
    });
  }
});
