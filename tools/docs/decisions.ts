/** The decision table of docs/decisions.md, by asking the code for each pair of states on two hosts. */
import { decide } from "../../provider/core/decide";
import type { Decision } from "../../provider/core/decide/types";
import type { DomainView } from "../../provider/core/domain";
import { renderAdvice } from "../../provider/core/problem";
import { needsPast, type Past } from "../../provider/core/decide/past";
import { parseDomState } from "../../provider/virsh/parse";
import { table } from "./options";

interface Observed {
  state: string;
  differing?: Partial<DomainView>;
  /** The host has booted since the move began. */
  restarted?: true;
}

const away = { job: { type: "unbounded", operation: "outgoing" } } as const;
const backup = { job: { type: "unbounded", operation: "other" } } as const;

/** The states that matter; a test checks the decision for all others too. */
const states: readonly (Observed | undefined)[] = [
  undefined,
  { state: "running (booted)" },
  { state: "running (booted)", differing: away },
  { state: "running (booted)", differing: backup },
  { state: "running (migrated)", differing: { persistent: false } },
  { state: "running (post-copy)" },
  { state: "running (post-copy failed)" },
  { state: "paused (user)" },
  { state: "paused (migrating)" },
  { state: "paused (migrating)", differing: { job: { type: "held" } } },
  { state: "paused (post-copy)" },
  { state: "paused (post-copy failed)" },
  { state: "crashed (panicked)" },
  { state: "shut off (shutdown)" },
  { state: "shut off (shutdown)", differing: { managedSave: true } },
  { state: "shut off (migrated)" },
  { state: "shut off (crashed)" },
  { state: "shut off (unknown)", restarted: true },
];

function label(what: Observed | undefined): string {
  if (what === undefined) return "not there";
  const { differing, restarted } = what;
  if (restarted) return `${what.state}, host restarted`;
  if (differing?.job?.type === "held") return `${what.state}, no answer`;
  if (differing?.job) return `${what.state}, ${differing.job.operation === "outgoing" ? "sending" : "backup job"}`;
  if (differing?.persistent === false) return `${what.state}, transient`;
  return differing?.managedSave ? `${what.state}, saved image` : what.state;
}

export function decisionTable(): string {
  const rows = states.flatMap((onA) =>
    states.map((onB) => {
      const decision = answer(onA, onB);
      return [label(onA), label(onB), inShort(decision), because(decision)];
    }),
  );
  return table(["on kvm-a", "on kvm-b", '`pulumi up` with `host: "kvm-b"`', "because"], rows);
}

/** The remedies of the refusals of the table, each text once. */
export function refusalTable(): string {
  const texts = new Map<string, string[]>();
  for (const onA of states) {
    for (const onB of states) {
      const decision = answer(onA, onB);
      if (decision.action !== "refuse") continue;
      const { code, message, ...advice } = decision.problem;
      const toDo = renderAdvice(advice);
      if (!texts.has(toDo)) texts.set(toDo, [`\`${code}\``, message, toDo]);
    }
  }
  return table(["code", "for example", "what to do"], [...texts.values()]);
}

function answer(onA: Observed | undefined, onB: Observed | undefined): Decision {
  const uuid = "285f89bb-e6d0-47b6-a7b7-7b8184b74154";
  const view = (host: string, what: Observed | undefined): DomainView[] =>
    what === undefined
      ? []
      : [
          {
            host,
            uuid,
            name: "db-01",
            ...parseDomState(what.state),
            persistent: true,
            autostart: false,
            managedSave: false,
            ...what.differing,
          },
        ];
  const views = [...view("kvm-a", onA), ...view("kvm-b", onB)];
  const past = [pastOf("kvm-a", "sent", onA), pastOf("kvm-b", "received", onB)];
  return decide(
    { domain: "db-01", uuid, hosts: ["kvm-b"], options: { mode: "auto" }, inMaintenance: new Set() },
    {
      views,
      asked: ["kvm-a", "kvm-b"],
      unreachable: [],
      lastHost: "kvm-a",
      ...(needsPast(views) && { past }),
    },
  );
}

/** A move from kvm-a to kvm-b began five minutes ago, and a host that was restarted was so a minute ago. */
function pastOf(host: string, what: "sent" | "received", is: Observed | undefined): Past {
  const [minute, begun] = [60_000, 300_000];
  if (is?.restarted !== true)
    return { host, upMs: 1440 * minute, qemuMs: begun, last: { what: "started", agoMs: begun } };
  return { host, upMs: minute, last: { what, agoMs: begun }, definedMs: begun - minute };
}

function because(decision: Decision): string {
  return decision.action === "refuse" ? decision.problem.message : decision.reason;
}

function inShort(decision: Decision): string {
  switch (decision.action) {
    case "migrate":
      return `move ${decision.how}`;
    case "attach":
      return "watch it";
    case "resume":
      return "resume it";
    case "finish":
      return "clean up";
    case "refuse":
      return `${decision.problem.settlesWithinMs === undefined ? "refuse" : "wait, then refuse"} \`${decision.problem.code}\``;
    default:
      return "nothing";
  }
}
