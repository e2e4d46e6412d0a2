import assert from "node:assert/strict";
import { decide } from "../../../../provider/core/decide";
import type { Decision, Observed } from "../../../../provider/core/decide/types";
import { renderRemedies } from "../../../../provider/core/problem";
import { waits } from "../../../../provider/core/times";
import type { DomainView } from "../../../../provider/core/domain";
import { needsPast, type Past, ranLast } from "../../../../provider/core/decide/past";
import { commandsOf } from "../../../support/problems";
import { dbUuid, view } from "../../../support/views";

const minute = 60_000;
/** Since the move began; a host that is up for less was restarted in it. */
const begun = 5 * minute;
const job = { type: "unbounded", operation: "outgoing", elapsedMs: begun } as const;
const up = (host: string, upMs: number, more: Partial<Past> = {}): Past => ({ host, upMs, ...more });
const sent = { last: { what: "sent", agoMs: begun } } as const;
const received = { last: { what: "received", agoMs: begun - 1500 }, definedMs: begun - 10_000 } as const;

function decideOn(views: DomainView[], past: Past[] | undefined, silent: string[] = []): Decision {
  const observed: Observed = {
    views,
    asked: ["kvm-a", "kvm-b", "kvm-c"],
    unreachable: silent.map((host) => ({ host, why: "no route" })),
    lastHost: "kvm-a",
    ...(past && { past }),
  };
  return decide(
    { domain: "db-01", uuid: dbUuid, hosts: ["kvm-b"], options: { mode: "auto" }, inMaintenance: new Set() },
    observed,
  );
}

function refusal(decision: Decision) {
  assert.equal(decision.action, "refuse");
  return decision;
}

const problemOf = (decision: Decision) => refusal(decision).problem;

const fromDisk = (survivor: string, on: string) => [
  `${survivor}$ virsh destroy db-01`,
  `${on}$ virsh start db-01`,
  "$ pulumi up",
  "loses everything that was only in its memory",
];
const startedOrLeft = (on: string, other: string) => [
  `${on}$ virsh start db-01`,
  "$ pulumi up",
  "loses nothing more: what was only in its memory is gone already",
  `${other}$ virsh undefine --keep-nvram db-01`,
  "$ pulumi up",
  "loses changes made to that definition alone",
];

describe("a post-copy that is complete, while libvirt on its source still has the VM", () => {
  const source = view("kvm-a", "paused (post-copy failed)", { job });
  const whole = view("kvm-b", "running (migrated)");
  const otherwise = (source: DomainView, whole: DomainView, past?: Past[]) =>
    refusal(decideOn([source, whole], past)).otherwise;
  const proof = [up("kvm-a", 99 * minute, sent), up("kvm-b", 99 * minute, received)];

  it("is cleared up where both logs show the same migration", () => {
    const { action, view: home, leftovers } = otherwise(source, whole, proof)!;
    assert.deepEqual([action, home, leftovers], ["finish", whole, [source]]);
  });

  it("is left alone without that proof, and while the source may still send", () => {
    assert.equal(otherwise(source, whole), undefined);
    assert.equal(
      otherwise(source, whole, [
        proof[0]!,
        up("kvm-b", 99 * minute, { last: { what: "received", agoMs: 60 * minute } }),
      ]),
      undefined,
    );
    assert.equal(
      otherwise(source, whole, [proof[0]!, up("kvm-b", 99 * minute, { last: { what: "started", agoMs: begun } })]),
      undefined,
    );
    assert.equal(otherwise(view("kvm-a", "paused (post-copy)", { job }), whole, proof), undefined);
    assert.equal(otherwise({ ...source, persistent: false }, whole, proof), undefined);
  });
});

describe("hosts that lost power in a post-copy", () => {
  const onSource = view("kvm-a", "paused (post-copy failed)", { job });
  const onDestination = view("kvm-b", "running (post-copy)");
  const off = (host: string) => view(host, "shut off (unknown)");

  it("the destination: its VM is gone, and it starts there from its disk", () => {
    const { code, message, remedies, settlesWithinMs } = problemOf(
      decideOn([onSource, off("kvm-b")], [up("kvm-a", 99 * minute, sent), up("kvm-b", minute, received)]),
    );
    assert.equal(code, "postCopyInterrupted");
    assert.equal(
      message,
      "kvm-a is the source of a post-copy migration of db-01 (paused (post-copy failed)) that began 5 min ago, but its destination kvm-b was restarted 1 min ago: a part of the VM's memory is lost",
    );
    assert.deepEqual(commandsOf(remedies), fromDisk("kvm-a", "kvm-b"));
    assert.equal(settlesWithinMs, undefined);
  });

  it("the source: its VM is gone, and a destination that has not noticed is waited for first", () => {
    const { message, remedies, settlesWithinMs } = problemOf(
      decideOn([off("kvm-a"), onDestination], [up("kvm-a", minute), up("kvm-b", 99 * minute, { qemuMs: begun })]),
    );
    assert.match(message, /its source kvm-a was restarted 1 min ago: a part of the VM's memory is lost$/);
    assert.deepEqual(commandsOf(remedies), fromDisk("kvm-b", "kvm-b"));
    assert.equal(settlesWithinMs, waits.settles);
  });

  it("the destination, without a definition there: only the source can start it", () => {
    const pasts = [up("kvm-a", 99 * minute, sent), up("kvm-b", minute, { last: received.last })];
    const { remedies } = problemOf(decideOn([onSource], pasts));
    assert.deepEqual(commandsOf(remedies), fromDisk("kvm-a", "kvm-a"));
  });

  it("is told though a third host is silent", () => {
    const pasts = [up("kvm-a", 99 * minute, sent), up("kvm-b", minute, received)];
    assert.match(
      problemOf(decideOn([onSource, off("kvm-b")], pasts, ["kvm-c"])).message,
      /its destination kvm-b was restarted/,
    );
  });

  const unproven: [title: string, views: DomainView[], past: Past[] | undefined][] = [
    ["the other host was up before the move began", [onSource], [up("kvm-a", 99 * minute), up("kvm-b", 90 * minute)]],
    ["a restarted host has nothing to do with it", [onSource], [up("kvm-a", 99 * minute, sent), up("kvm-c", minute)]],
    [
      "two hosts may have been the other one",
      [onSource, off("kvm-b"), off("kvm-c")],
      [up("kvm-a", 99 * minute, sent), up("kvm-b", minute), up("kvm-c", minute)],
    ],
    ["nothing tells when the move began", [off("kvm-a"), onDestination], [up("kvm-a", minute), up("kvm-b", minute)]],
    [
      "it was restarted within the error of the measurement",
      [onSource, off("kvm-b")],
      [up("kvm-a", 99 * minute, sent), up("kvm-b", begun - 1000)],
    ],
    ["the hosts tell nothing", [onSource], undefined],
  ];
  for (const [title, views, past] of unproven) {
    it(`is not said where ${title}`, () => {
      assert.doesNotMatch(problemOf(decideOn(views, past)).message, /was restarted/);
    });
  }

  it("is not promised to lose nothing while a host is silent", () => {
    for (const survivor of [onSource, view("kvm-b", "running (post-copy failed)")]) {
      const { remedies } = problemOf(decideOn([survivor], undefined, ["kvm-c"]));
      assert.doesNotMatch(renderRemedies(remedies), /nothing is lost/);
      assert.deepEqual(commandsOf(remedies), fromDisk(survivor.host, survivor.host));
    }
  });

  it("both: two definitions of a VM that runs nowhere, of which the destination's counts", () => {
    const pasts = [up("kvm-a", minute, sent), up("kvm-b", minute, received)];
    const { code, host, message, remedies, caution } = problemOf(decideOn([off("kvm-a"), off("kvm-b")], pasts));
    assert.deepEqual([code, host], ["domainOnTwoHosts", "kvm-b"]);
    assert.match(
      message,
      /: kvm-a began to move the VM to kvm-b 5 min ago, and the VM had begun to run there \(kvm-a was restarted 1 min ago and kvm-b was restarted 1 min ago\)$/,
    );
    assert.deepEqual(commandsOf(remedies), startedOrLeft("kvm-b", "kvm-a"));
    assert.equal(caution, undefined);
  });

  it("both before the switch, with an older definition on the destination: the source's counts, and its disk", () => {
    const older = { ...received, definedMs: 99 * minute };
    const { host, remedies, caution } = problemOf(
      decideOn([off("kvm-a"), off("kvm-b")], [up("kvm-a", minute, sent), up("kvm-b", minute, older)]),
    );
    assert.equal(host, "kvm-a");
    assert.deepEqual(commandsOf(remedies), startedOrLeft("kvm-a", "kvm-b"));
    assert.match(caution!, /kvm-b/);
  });

  it("both before the switch: the one definition is moved", () => {
    const decision = decideOn([off("kvm-a")], undefined);
    assert.deepEqual([decision.action, "how" in decision && decision.how], ["migrate", "offline"]);
  });

  const undecided: [title: string, past: Past[] | undefined][] = [
    ["no logs can be read", [up("kvm-a", minute), up("kvm-b", minute)]],
    [
      "the logs are of two moves",
      [up("kvm-a", minute, sent), up("kvm-b", minute, { ...received, last: { what: "received", agoMs: 90 * minute } })],
    ],
    [
      "nobody knows how old the destination's definition is",
      [up("kvm-a", minute, sent), up("kvm-b", minute, { last: received.last })],
    ],
    [
      "it was started by hand since",
      [up("kvm-a", minute, { last: { what: "started", agoMs: 1000 } }), up("kvm-b", minute, received)],
    ],
    ["nothing was asked", undefined],
  ];
  for (const [title, past] of undecided) {
    it(`says that nothing shows which definition is the current one if ${title}`, () => {
      assert.match(
        problemOf(decideOn([off("kvm-a"), off("kvm-b")], past)).message,
        /nothing shows which definition is the current one/,
      );
      assert.equal(ranLast([off("kvm-a"), off("kvm-b")], past), undefined);
    });
  }

  it("is asked of the hosts only where what they say does not tell", () => {
    assert.equal(needsPast([onSource]), true);
    assert.equal(needsPast([off("kvm-a"), onDestination]), true);
    assert.equal(needsPast([off("kvm-a"), off("kvm-b")]), true);
    for (const views of [
      [],
      [off("kvm-a")],
      [view("kvm-a", "running (booted)")],
      [view("kvm-a", "shut off (migrated)"), view("kvm-b", "running (migrated)")],
      [onSource, onDestination],
    ])
      assert.equal(needsPast(views), false);
  });
});
