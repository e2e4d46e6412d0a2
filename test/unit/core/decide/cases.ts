/** What hosts may say, and what is decided. */
import { decide } from "../../../../provider/core/decide";
import type { Decision, Desired, Observed } from "../../../../provider/core/decide/types";
import type { Past } from "../../../../provider/core/decide/past";
import type { DomainView, JobInfo } from "../../../../provider/core/domain";
import type { MigrationOptions } from "../../../../provider/core/options";
import { dbUuid, view } from "../../../support/views";

const otherUuid = "1117c344-47b0-4597-a2ce-291e1dd8606a";
const outgoing: JobInfo = { type: "unbounded", operation: "outgoing" };
const incoming: JobInfo = { type: "unbounded", operation: "incoming" };

export interface Case {
  /** Default kvm-b alone. */
  hosts?: string[];
  /** Default: known. */
  uuid?: string | undefined;
  domain?: string;
  options?: Partial<MigrationOptions>;
  maintenance?: string[];
  drift?: Desired["drift"];
  views: DomainView[];
  silent?: string[];
  lastHost?: string;
  asked?: string[];
  past?: Past[];
}

/** What `decide` makes of it. */
export function run(given: Case): Decision {
  const desired: Desired = {
    domain: given.domain ?? "db-01",
    uuid: "uuid" in given ? given.uuid : dbUuid,
    hosts: given.hosts ?? ["kvm-b"],
    options: { mode: "auto", ...given.options },
    inMaintenance: new Set(given.maintenance),
    ...(given.drift && { drift: given.drift }),
  };
  const observed: Observed = {
    views: given.views,
    asked: given.asked ?? ["kvm-a", "kvm-b", "kvm-c"],
    unreachable: (given.silent ?? []).map((host) => ({ host, why: "Connection timed out" })),
    lastHost: given.lastHost,
    ...(given.past && { past: given.past }),
  };
  return decide(desired, observed);
}

const running = view("kvm-a", "running (booted)");
const arrived = view("kvm-b", "running (migrated)");
const off = view("kvm-a", "shut off (shutdown)");
const abandonedSource = view("kvm-a", "paused (post-copy failed)");
const minute = 60_000;
const sending = (source: DomainView) => ({ ...source, job: { ...outgoing, elapsedMs: 5 * minute } });
/** Of a migration that began five minutes ago. */
const up = (host: string, upMs: number, what: "sent" | "received"): Past => ({
  host,
  upMs,
  last: { what, agoMs: 5 * minute },
});
const paused = view("kvm-a", "paused (user)");

export const cases: readonly [title: string, given: Case, expected: string][] = [
  // it is where it should be
  ["it runs where it should", { views: [arrived] }, "noop kvm-b"],
  ["it is shut off where it should be", { views: [view("kvm-b", "shut off (shutdown)")] }, "noop kvm-b"],
  ["it is adopted when the state does not know it yet", { uuid: undefined, views: [arrived] }, "adopt kvm-b"],
  ["it is adopted by its UUID", { uuid: undefined, domain: dbUuid, views: [arrived] }, "adopt kvm-b"],
  ["it is not defined where it runs", { views: [{ ...arrived, persistent: false }] }, "finish kvm-b, left: none"],
  ["it runs there, another host is silent", { views: [arrived], silent: ["kvm-a"] }, "noop kvm-b"],
  ["it runs there though the host is in maintenance", { views: [arrived], maintenance: ["kvm-b"] }, "noop kvm-b"],
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
  // it was moved by something else
  ["it is elsewhere and may stay", { drift: { stays: true }, views: [running] }, "noop kvm-a"],
  [
    "it is elsewhere, and not where it was left",
    { drift: { onlyFrom: "kvm-c" }, views: [running] },
    "refuse driftFound kvm-a",
  ],
  ["it is where it was left", { drift: { onlyFrom: "kvm-a" }, views: [running] }, "migrate live kvm-a → kvm-b"],
  [
    "it is where it should be, and not where it was left",
    { drift: { onlyFrom: "kvm-c" }, views: [arrived] },
    "noop kvm-b",
  ],
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
  ["it runs twice", { views: [running, arrived] }, "refuse domainOnTwoHosts"],
  ["it runs and is paused", { views: [running, view("kvm-b", "paused (user)")] }, "refuse domainOnTwoHosts"],
  [
    "it is defined twice and runs nowhere",
    { views: [off, view("kvm-b", "shut off (unknown)")] },
    "refuse domainOnTwoHosts",
  ],
  // leftovers
  [
    "a definition is left at the source",
    { views: [view("kvm-a", "shut off (migrated)"), arrived] },
    "finish kvm-b, left: kvm-a",
  ],
  [
    "definitions are left at two hosts",
    { views: [view("kvm-a", "shut off (migrated)"), arrived, view("kvm-c", "shut off (migrated)")] },
    "finish kvm-b, left: kvm-a kvm-c",
  ],
  // migrations in progress
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
    "post-copy in progress",
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
    "the destination has another VM with the same name",
    { views: [running, view("kvm-b", "shut off (shutdown)", { uuid: otherUuid })] },
    "refuse domainConflict kvm-b",
  ],
  [
    "a third host has another VM with the same name",
    { views: [running, view("kvm-c", "running (booted)", { uuid: otherUuid })] },
    "migrate live kvm-a → kvm-b",
  ],
  [
    "it was rebuilt: the name is another VM now",
    { views: [view("kvm-a", "running (booted)", { uuid: otherUuid })] },
    "refuse domainConflict kvm-a",
  ],
  ["it was renamed", { views: [view("kvm-a", "running (booted)", { name: "db-old" })] }, "refuse domainConflict kvm-a"],
  [
    "two VMs have the name, and the UUID is unknown",
    { uuid: undefined, views: [running, view("kvm-c", "running (booted)", { uuid: otherUuid })] },
    "refuse domainConflict",
  ],
  // what nobody is sure of
  [
    "libvirt waits for a destination for ever",
    { views: [{ ...running, job: { ...outgoing, elapsedMs: 480_000 } }] },
    "refuse migrationRunning kvm-a",
  ],
  [
    "QEMU hangs in the switch-over",
    { views: [{ ...running, job: { type: "held" } }] },
    "refuse migrationRunning kvm-a",
  ],
  [
    "its source does not send any more",
    { views: [running, view("kvm-b", "paused (migrating)")] },
    "refuse migrationRunning kvm-b",
  ],
  [
    "it comes in, from a host that is silent",
    { views: [view("kvm-b", "paused (migrating)")], silent: ["kvm-a"] },
    "refuse hostUnreachable kvm-b",
  ],
  [
    "post-copy is complete, but libvirt on the source reports it as failed",
    { views: [abandonedSource, arrived] },
    "refuse migrationRunning kvm-a",
  ],
  [
    "post-copy is about to run, but libvirt on the source reports it as failed",
    { views: [abandonedSource, view("kvm-b", "paused (migrating)")] },
    "refuse migrationRunning kvm-a",
  ],
  [
    "post-copy goes on beside one that runs",
    { views: [running, view("kvm-b", "running (post-copy)")], silent: ["kvm-c"] },
    "refuse migrationRunning",
  ],
  [
    "post-copy lost its destination, which crashed",
    { views: [abandonedSource, view("kvm-b", "shut off (crashed)")] },
    "refuse postCopyInterrupted kvm-a",
  ],
  [
    "it was shut down before all of it had arrived",
    { views: [abandonedSource, view("kvm-b", "shut off (shutdown)")] },
    "refuse postCopyInterrupted kvm-a",
  ],
  [
    "post-copy lost its destination, which no host reports",
    { views: [abandonedSource] },
    "refuse postCopyInterrupted kvm-a",
  ],
  [
    "it ended after it was moved",
    { views: [view("kvm-a", "shut off (migrated)"), view("kvm-b", "shut off (daemon)")] },
    "refuse domainOnTwoHosts kvm-b",
  ],
  [
    "it runs, and a saved image is left elsewhere",
    { views: [running, view("kvm-b", "shut off (saved)", { managedSave: true })] },
    "refuse domainOnTwoHosts",
  ],
  [
    "it is on three hosts: crashed on one, an interrupted post-copy source on another",
    { views: [abandonedSource, arrived, view("kvm-c", "crashed (panicked)")] },
    "refuse domainOnTwoHosts",
  ],
  [
    "a definition with a vTPM is left, and virsh there cannot keep its state",
    {
      views: [
        view("kvm-a", "shut off (shutdown)", { owns: { nvram: true, tpm: true, keepTpm: false } }),
        view("kvm-b", "shut off (shutdown)", { owns: { nvram: true, tpm: true, keepTpm: true } }),
      ],
    },
    "refuse domainOnTwoHosts",
  ],
  [
    "it crashed where it should be, and a definition is left",
    { views: [view("kvm-a", "shut off (shutdown)"), view("kvm-b", "crashed (panicked)")] },
    "refuse domainStateUnfit kvm-b",
  ],
  // what the hosts tell of their past
  [
    "the destination of a broken post-copy was restarted",
    {
      views: [sending(abandonedSource), view("kvm-b", "shut off (unknown)")],
      past: [up("kvm-a", 99 * minute, "sent"), up("kvm-b", minute, "received")],
    },
    "refuse postCopyInterrupted kvm-a",
  ],
  [
    "both hosts were restarted after the switch",
    {
      views: [view("kvm-a", "shut off (unknown)"), view("kvm-b", "shut off (unknown)")],
      past: [up("kvm-a", minute, "sent"), { ...up("kvm-b", minute, "received"), definedMs: 4 * minute }],
    },
    "refuse domainOnTwoHosts kvm-b",
  ],
  [
    "both hosts were restarted before the switch",
    {
      views: [view("kvm-a", "shut off (unknown)"), view("kvm-b", "shut off (unknown)")],
      past: [up("kvm-a", minute, "sent"), { ...up("kvm-b", minute, "received"), definedMs: 99 * minute }],
    },
    "refuse domainOnTwoHosts kvm-a",
  ],
];
