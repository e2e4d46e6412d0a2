import assert from "node:assert/strict";
import type { Decision, Refusal } from "../../../../provider/core/decide/types";
import { decide } from "../../../../provider/core/decide";
import type { DomainView } from "../../../../provider/core/domain";
import { renderAdvice } from "../../../../provider/core/problem";
import { holdsItsMemory, isActive } from "../../../../provider/core/situation";
import { needsPast, type Past } from "../../../../provider/core/decide/past";
import { everyJob, everyState } from "../../../support/states";
import { dbUuid, view } from "../../../support/views";

/** What one host may say: not there, or one of the states with one of the jobs, defined or not, with a saved image or not. */
function everyView(host: string): (DomainView | undefined)[] {
  const views: (DomainView | undefined)[] = [undefined];
  for (const state of everyState) {
    for (const job of Object.values(everyJob)) {
      // Nothing can be backed up or sent from where it does not run; a receiving end may be on its way up.
      if (state.startsWith("shut off") && job && job.type !== "none" && job.operation !== "incoming") continue;
      const plain = view(host, state, job && { job });
      views.push(plain);
      if (job?.type !== "none") continue;
      if (isActive(plain)) views.push({ ...plain, persistent: false });
      else views.push({ ...plain, managedSave: true });
    }
  }
  return views;
}

interface Met {
  views: DomainView[];
  silent: string[];
  decision: Decision;
}

function decideOn(
  views: readonly DomainView[],
  silent: readonly string[],
  desired = "kvm-b",
  past?: readonly Past[],
): Decision {
  return decide(
    { domain: "db-01", uuid: dbUuid, hosts: [desired], options: { mode: "auto" }, inMaintenance: new Set() },
    {
      views,
      asked: ["kvm-a", "kvm-b", "kvm-c"],
      unreachable: silent.map((host) => ({ host, why: "Connection timed out" })),
      lastHost: "kvm-a",
      ...(past && { past }),
    },
  );
}

const inShort = (decision: Decision) =>
  "view" in decision
    ? [decision.action, decision.view.host, "to" in decision ? decision.to : ""].join(" ")
    : `refuse ${decision.problem.code}`;
const textOf = (decision: Decision) => (decision.action === "refuse" ? decision.problem.message : decision.reason);
/** Commands that end, remove or cancel something. */
const destructive = /^virsh (destroy|undefine|managedsave-remove|reset|domjobabort)\b/;

describe("the decision over every pair of states", () => {
  const met: Met[] = [];
  before(() => {
    for (const source of everyView("kvm-a")) {
      for (const destination of everyView("kvm-b")) {
        const views = [source, destination].filter((each) => each !== undefined);
        met.push({ views, silent: [], decision: decideOn(views, []) });
      }
      const views = [source].filter((each) => each !== undefined);
      for (const silent of ["kvm-b", "kvm-c"])
        met.push({ views, silent: [silent], decision: decideOn(views, [silent]) });
    }
  });

  function holds(what: string, check: (met: Met) => boolean): void {
    const failing = met.find((each) => !check(each));
    if (failing === undefined) return;
    const seen = failing.views.map(({ host, state, reason, job }) => `${host} ${state} (${reason}) ${job?.operation}`);
    assert.fail(`${what}: ${seen.join("; ")} → ${inShort(failing.decision)}: ${textOf(failing.decision)}`);
  }
  const whenRefused = (check: (problem: Refusal["problem"], met: Met) => boolean) => (each: Met) =>
    each.decision.action !== "refuse" || check(each.decision.problem, each);
  const when = (actions: string[], check: (met: Met) => boolean) => (each: Met) =>
    !actions.includes(each.decision.action) || check(each);

  it("is made for tens of thousands of them", () => assert.ok(met.length > 30_000, String(met.length)));

  it("meets every kind of answer", () => {
    const kinds = new Set(met.map(({ decision }) => decision.action));
    assert.deepEqual([...kinds].sort(), ["attach", "finish", "migrate", "noop", "refuse", "resume"]);
  });

  it("moves, adopts or clears up only where exactly one host owns the VM", () => {
    const owners = ({ views }: Met) => views.filter(isActive);
    holds(
      "two own it",
      when(["migrate", "noop", "finish"], (each) => {
        const [owner, ...more] = owners(each);
        if (owner === undefined) return each.views.length === 1;
        return more.length === 0 && "view" in each.decision && each.decision.view.host === owner.host;
      }),
    );
  });

  it("starts no migration of a VM that has a migration or another job in progress", () => {
    holds(
      "a job runs",
      when(["migrate"], ({ views }) =>
        views.every(({ job, reason }) => (job?.type ?? "none") === "none" && !/^(migrating|post-copy)/.test(reason)),
      ),
    );
  });

  it("removes a definition only where the VM runs elsewhere, and none with a memory image", () => {
    holds(
      "what is left over may be all there is",
      when(["finish"], ({ decision }) => {
        if (decision.action !== "finish") return false;
        const { view: owner, leftovers } = decision;
        return holdsItsMemory(owner) && leftovers.every((left) => left.state === "shut off" && !left.managedSave);
      }),
    );
  });

  it("resumes only an interrupted post-copy with both its source and destination, and with no other copy of the VM", () => {
    holds(
      "not both ends of a post-copy",
      when(["resume"], ({ views }) => {
        const [source, destination] = [...views].sort((a) => (a.state === "paused" ? -1 : 1));
        return (
          views.length === 2 &&
          source!.state === "paused" &&
          destination!.state === "running" &&
          views.every(({ reason }) => reason.startsWith("post-copy")) &&
          views.some(({ reason }) => reason === "post-copy failed")
        );
      }),
    );
  });

  it("watches only from the host that sends, to one that is there", () => {
    holds(
      "no migration",
      when(["attach"], ({ views, decision }) => {
        if (decision.action !== "attach" || views.length !== 2) return false;
        const { view: source, to } = decision;
        return (
          source.host !== to &&
          views.some(({ host }) => host === to) &&
          (source.job?.operation === "outgoing" || source.reason === "post-copy")
        );
      }),
    );
  });

  it("does nothing about a VM that only a silent host may own", () => {
    holds("it may run there", ({ views, silent, decision }) => {
      const seenToRun = views.some((each) => isActive(each));
      return silent.length === 0 || seenToRun || decision.action === "refuse";
    });
  });

  it("has a reason for each decision, and a remedy for each refusal", () => {
    const isText = (text: string) => text.length > 10 && !/undefined|null|\[object/.test(text);
    holds("no words", ({ decision }) => isText(textOf(decision)));
    holds(
      "no remedy",
      whenRefused((problem) => problem.remedies.length > 0 && isText(renderAdvice(problem))),
    );
  });

  it("names only hosts that were observed", () => {
    holds(
      "another host",
      whenRefused(({ host, remedies }, { views, silent }) => {
        const observed = views.map((each) => each.host);
        return (
          (host === undefined || [...observed, ...silent].includes(host)) &&
          remedies.every(({ commands = [] }) =>
            commands.every(({ host: on, command }) =>
              on === undefined ? command === "pulumi up" : observed.includes(on),
            ),
          )
        );
      }),
    );
  });

  it("names no command that ends or removes what may be the only copy without what that loses", () => {
    holds(
      "it may be the only copy",
      whenRefused(({ remedies }, { views }) =>
        remedies.every(({ commands = [], loses }) => {
          const gone = commands.filter(({ command }) => destructive.test(command)).map(({ host }) => host);
          return (
            gone.length === 0 ||
            loses !== undefined ||
            views.some((each) => isActive(each) && !gone.includes(each.host))
          );
        }),
      ),
    );
  });

  it("has a way to keep each of the copies that are active", () => {
    holds(
      "a copy without a remedy",
      whenRefused(({ code, remedies }, { views }) => {
        if (code !== "domainOnTwoHosts") return true;
        const ended = remedies.map(({ commands = [] }) =>
          commands.flatMap(({ host, command }) => (/^virsh destroy /.test(command) ? [host] : [])),
        );
        const active = views.filter(isActive);
        return active.every((keep) => ended.some((hosts) => !hosts.includes(keep.host)));
      }),
    );
  });

  it("names nothing that destroys, resumes or cancels while the destination says running (post-copy)", () => {
    holds("more than waiting", ({ views, decision }) => {
      if (!views.some(({ state, reason }) => state === "running" && reason === "post-copy")) return true;
      if (decision.action !== "refuse") return ["attach", "resume"].includes(decision.action);
      const { settlesWithinMs, remedies } = decision.problem;
      return settlesWithinMs !== undefined && remedies.every(({ commands }) => commands === undefined);
    });
  });

  it("is the same again, and in whatever order the hosts answer", () => {
    holds("another answer", ({ views, silent, decision }) => {
      const again = decideOn([...views].reverse(), [...silent].reverse());
      return JSON.stringify(again) === JSON.stringify(decision);
    });
  });

  it("is the same with the hosts' names exchanged", () => {
    const exchange = (text: string) => text.replace(/kvm-[ab]/g, (name) => (name === "kvm-a" ? "kvm-b" : "kvm-a"));
    holds("depends on a name", ({ views, silent, decision }) => {
      const exchanged = views.map((each) => ({ ...each, host: exchange(each.host) }));
      return inShort(decideOn(exchanged, silent.map(exchange), "kvm-a")) === exchange(inShort(decision));
    });
  });

  it("uses the hosts' past for its messages only: it acts on nothing, and destroys nothing but the VM that is left of a post-copy", () => {
    const [minute, begun] = [60_000, 300_000];
    const pasts = ["kvm-a", "kvm-b"].map((host) =>
      [minute, 99 * minute].flatMap((upMs) =>
        (["sent", "received", "started"] as const).flatMap((what) =>
          [begun - minute, 99 * minute].map((definedMs): Past => ({
            host,
            upMs,
            qemuMs: begun,
            last: { what, agoMs: begun },
            definedMs,
          })),
        ),
      ),
    );
    const sent = { type: "unbounded", operation: "outgoing", elapsedMs: begun } as const;
    let learned = 0;
    for (const { views, silent } of met) {
      if (!needsPast(views) || views.some(({ job, persistent }) => job?.type !== "none" || !persistent)) continue;
      const survivor = views.find(isActive);
      const asked = views.map((each) => (each === survivor ? { ...each, job: sent } : each));
      const plain = decideOn(asked, silent);
      for (const onA of pasts[0]!) {
        for (const onB of pasts[1]!) {
          const decision = decideOn(asked, silent, "kvm-b", [onA, onB]);
          assert.equal(decision.action, plain.action);
          if (decision.action !== "refuse" || !/was restarted/.test(decision.problem.message)) continue;
          learned++;
          for (const { commands = [], loses } of decision.problem.remedies) {
            const on = (verb: RegExp) => commands.filter(({ command }) => verb.test(command)).map(({ host }) => host);
            for (const host of on(/^virsh destroy /)) assert.equal(host, survivor?.host);
            for (const host of on(/^virsh start /)) assert.ok(views.some((each) => each.host === host));
            assert.ok(loses !== undefined, decision.problem.message);
          }
        }
      }
    }
    assert.ok(learned > 500, String(learned));
  });

  it("never chooses between three that hold it", () => {
    const third = view("kvm-c", "running (booted)");
    const wrong = met.find(
      ({ views }) => views.length === 2 && views.every(isActive) && decideOn([...views, third], []).action !== "refuse",
    );
    assert.equal(wrong, undefined);
  });
});
