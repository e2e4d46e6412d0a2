/** The decision table of docs/decisions.md, by asking the code for each pair of what two hosts say. */
import { decide } from "../../provider/core/decide";
import type { Decision } from "../../provider/core/decide/types";
import type { DomainView } from "../../provider/core/domain";
import { needsPast, type Past } from "../../provider/core/decide/past";
import { parseDomState } from "../../provider/virsh/parse";
import { table } from "./options";

interface Said {
  words: string;
  differing?: Partial<DomainView>;
  /** The host has booted since the move began. */
  restarted?: true;
}

const away = { job: { type: "unbounded", operation: "outgoing" } } as const;
const backup = { job: { type: "unbounded", operation: "other" } } as const;

/** What matters of all that a host can say; a test holds the decision to every other word too. */
const said: readonly (Said | undefined)[] = [
  undefined,
  { words: "running (booted)" },
  { words: "running (booted)", differing: away },
  { words: "running (booted)", differing: backup },
  { words: "running (migrated)", differing: { persistent: false } },
  { words: "running (post-copy)" },
  { words: "running (post-copy failed)" },
  { words: "paused (user)" },
  { words: "paused (migrating)" },
  { words: "paused (migrating)", differing: { job: { type: "held" } } },
  { words: "paused (post-copy)" },
  { words: "paused (post-copy failed)" },
  { words: "crashed (panicked)" },
  { words: "shut off (shutdown)" },
  { words: "shut off (shutdown)", differing: { managedSave: true } },
  { words: "shut off (migrated)" },
  { words: "shut off (crashed)" },
  { words: "shut off (unknown)", restarted: true },
];

function label(what: Said | undefined): string {
  if (what === undefined) return "not there";
  const { differing, restarted } = what;
  if (restarted) return `${what.words}, host restarted`;
  if (differing?.job?.type === "held") return `${what.words}, no answer`;
  if (differing?.job) return `${what.words}, ${differing.job.operation === "outgoing" ? "sending" : "backup job"}`;
  if (differing?.persistent === false) return `${what.words}, transient`;
  return differing?.managedSave ? `${what.words}, saved image` : what.words;
}

export function decisionTable(): string {
  const rows = said.flatMap((onA) =>
    said.map((onB) => {
      const decision = answer(onA, onB);
      return [label(onA), label(onB), inShort(decision), decision.reason];
    }),
  );
  return table(["kvm-a says", "kvm-b says", '`pulumi up` with `host: "kvm-b"`', "because"], rows);
}

/** What the refusals of the table tell their reader to do, each text once. */
export function refusalTable(): string {
  const texts = new Map<string, string[]>();
  for (const onA of said) {
    for (const onB of said) {
      const decision = answer(onA, onB);
      if (decision.action !== "refuse") continue;
      const row = [`\`${decision.code}\``, decision.reason, decision.next];
      if (!texts.has(decision.next)) texts.set(decision.next, row);
    }
  }
  return table(["code", "for example", "what to do"], [...texts.values()]);
}

function answer(onA: Said | undefined, onB: Said | undefined): Decision {
  const uuid = "285f89bb-e6d0-47b6-a7b7-7b8184b74154";
  const view = (host: string, what: Said | undefined): DomainView[] =>
    what === undefined
      ? []
      : [
          {
            host,
            uuid,
            name: "db-01",
            ...parseDomState(what.words),
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
function pastOf(host: string, what: "sent" | "received", is: Said | undefined): Past {
  const [minute, begun] = [60_000, 300_000];
  if (is?.restarted !== true)
    return { host, upMs: 1440 * minute, qemuMs: begun, last: { what: "started", agoMs: begun } };
  return { host, upMs: minute, last: { what, agoMs: begun }, definedMs: begun - minute };
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
      return "clear up";
    case "refuse":
      return `${decision.passes ? "wait, then refuse" : "refuse"} \`${decision.code}\``;
    default:
      return "nothing";
  }
}
