/** The error of a migration that did not bring the VM where it should be: what happened, where it is, what to do. */
import { commandLine, shownCommand } from "../core/shownCommand";
import { type DomainView, showState } from "../core/domain";
import { holdsItsMemory, isActive, isInPostCopy, isInterrupted, isPausedForMigration } from "../core/situation";
import type { ErrorCode } from "../core/errorCodes";
import { PlacementError } from "../core/errors";
import type { Advice } from "../core/problem";
import { peerLost } from "../core/decide/peerLost";
import { handsOver } from "../core/decide/postCopy";
import { endItsConnection, runAgain, startFromDisk, waysToKeepOne } from "../core/decide/refusal";
import { explainFailure } from "./explainFailure";
import type { Hosts } from "../observe/hosts";
import type { Migration } from "../observe/migration";
import { pastWhereItMatters } from "../observe/past";
import { resumeHindrance } from "../observe/resumable";
import type { Verdict } from "./verify";
import type { Monitored } from "./monitor";

export function factsOf({ view, destination: to, peerUri }: Pick<Migration, "view" | "destination" | "peerUri">) {
  return {
    what: `cannot move ${view.name} from ${view.host} to ${to}`,
    domain: view.name,
    from: view.host,
    to,
    peerUri,
  };
}

export async function diagnose(
  hosts: Hosts,
  move: Migration,
  watched: Monitored,
  verdict: Verdict,
  durationMs: number,
): Promise<PlacementError> {
  const { view, destination: to } = move;
  const facts = factsOf(move);
  const seen = whereItIs(move, verdict);
  const where = inWords(view, verdict);
  const told = { domain: view.name, host: view.host, ...(seen && { seen }) };
  const make = (code: ErrorCode, why: string, next: string | Advice, phase: "watch" | "verify" = "watch") =>
    new PlacementError({
      ...(typeof next === "string" ? { remedies: [{ do: next }] } : next),
      ...told,
      code,
      phase,
      action: facts.what,
      message: `${why}; ${where}`,
    });
  /** libvirt's words, where virsh of ours failed. */
  const explained = async () => {
    const { exit, lost } = watched;
    if (exit !== undefined && exit.code !== 0) {
      return explainFailure(exit, { ...facts, durationMs }, hosts);
    }
    return lost?.code === "sessionRefused" ? lost : undefined;
  };

  if (watched.neverBegan) {
    const { host } = view;
    const ending = endItsConnection(view.name, host);
    return make("peerUnreachable", watched.cancelled!, {
      remedies: [
        {
          do: `find out why ${host} cannot reach ${to}`,
          commands: [
            { host, command: commandLine`ssh ${to} true` },
            { host, command: commandLine`virsh -c ${move.peerUri} list` },
            runAgain,
          ],
        },
        { ...ending, do: `while ${shownCommand`virsh domjobinfo ${view}`} on ${host} still shows a job, ${ending.do}` },
      ],
    });
  }
  switch (verdict.outcome) {
    case "postCopyGoesOn":
      return make(
        "postCopyInterrupted",
        `libvirt on ${view.host} has given the post-copy migration up, and ${view.name} runs on ${to} without all of its memory yet`,
        `destroy and resume nothing on either host: bring the link between ${view.host} and ${to} back and run \`pulumi up\` again. As long as ${to} says "running (post-copy)" it waits for the end`,
      );
    case "unnoticed": {
      const { problem } = handsOver(view.name, verdict.source!, verdict.destination!)!;
      return make(problem.code, problem.message, problem, "verify");
    }
    case "postCopyFailed": {
      const cause = await explained();
      const hindrance = await resumeHindrance(hosts, view.host, to);
      const ran = verdict.destination ?? view;
      const then =
        hindrance === undefined
          ? "run `pulumi up` again, which resumes it, and nothing is lost"
          : `upgrade libvirt on ${hindrance.host} to ${hindrance.upgradeTo} or later before you run \`pulumi up\` again, which resumes it then: today it would refuse, as ${hindrance.why}`;
      return make(
        "postCopyInterrupted",
        `post-copy was interrupted${cause ? ` (${cause.problem.message})` : ""}, and a part of its memory is on either host`,
        {
          remedies: [
            { do: `bring the link between ${view.host} and ${to} back and ${then}` },
            startFromDisk("if one of the hosts is gone for good, start it from its disk", [ran], ran),
          ],
          caution: "Do not destroy or resume it on either host before",
        },
      );
    }
    case "halfLost": {
      const both = [verdict.source, verdict.destination].filter((copy) => copy !== undefined);
      const half = both.find(isInterrupted)!;
      const past = await pastWhereItMatters(hosts, both, [view.host, to]);
      const { problem } = peerLost(view.name, half, both, [], past);
      return make(problem.code, problem.message, problem, "verify");
    }
    case "inProgress":
      if (watched.cancelled !== undefined) return neverEnded(move, verdict, watched.cancelled, make);
      return make(
        "migrationRunning",
        "no end of the migration was seen",
        `wait until ${shownCommand`virsh domjobinfo ${view}`} on ${view.host} shows no job, then run \`pulumi up\` again: it watches a migration that still runs, and starts no second one`,
      );
    case "unseen":
      return unseen(move, verdict, told, await explained());
    case "ended":
      return make(
        "domainStateUnfit",
        "it was shut down or crashed while it was being moved, which ended the migration",
        `run \`pulumi up\` again, which moves it shut off (mode "auto" or "offline"); or start it first with ${shownCommand`virsh start ${view}`} on ${view.host}`,
      );
    case "endedThere":
      return make(
        "domainStateUnfit",
        `it had arrived on ${to}, and ended there`,
        `its log there (/var/log/libvirt/qemu/${view.name}.log) says why. ${shownCommand`virsh start ${view}`} on ${to} boots it from its disk; what was only in its memory is lost`,
        "verify",
      );
    case "stayed":
      if (watched.cancelled !== undefined) return timedOut(move, watched, make);
  }
  const cause = await explained();
  if (verdict.outcome === "stayed" && verdict.silent.destination) {
    return verdict.silent.destination.with({
      ...told,
      host: to,
      phase: "verify",
      action: facts.what,
      message: `${to} cannot be reached (${verdict.silent.destination.problem.message})${cause ? `, and libvirt gave the migration up: ${cause.problem.message}` : ""}; ${where}`,
      remedies: [
        {
          do: `bring ${to} back and run \`pulumi up\` again, or name another host; ${view.name} stays on ${view.host} meanwhile, and nothing is lost`,
        },
      ],
    });
  }
  if (cause) return cause.with({ ...told, action: facts.what, message: `${cause.problem.message}; ${where}` });
  if (verdict.outcome === "stayed") {
    return make(
      "migrationFailed",
      move.command === ""
        ? "the migration ended without having moved it"
        : "the migration ended, and virsh was not heard",
      `the log of libvirtd (or virtqemud) on ${view.host} says why; \`pulumi up\` starts it again`,
      "verify",
    );
  }
  const copies = [verdict.source, verdict.destination].filter((copy) => copy !== undefined);
  return make(
    copies.filter(isActive).length > 1 ? "domainOnTwoHosts" : "verificationFailed",
    "the migration ended, but the hosts do not show the VM where it should be",
    copies.length > 1
      ? waysToKeepOne(copies)
      : `look at both hosts with ${shownCommand`virsh domstate --reason ${view}`} and at their libvirt logs; \`pulumi up\` continues from what it finds`,
    "verify",
  );
}

/** The host that holds the VM; undefined where that is not known. */
function whereItIs(
  { view, destination: to }: Migration,
  { outcome, source, destination, silent }: Verdict,
): DomainView | undefined {
  if (outcome === "stayed") return source;
  if (outcome !== "unseen") return destination ?? source;
  if (destination && isActive(destination) && !isPausedForMigration(destination)) return destination;
  // From the switch on it is the destination's, whatever has become of it there.
  if (isInPostCopy(source)) return { ...view, host: to };
  if (source) return source;
  // It has left the source, whose answer is known: then it can only be where it was sent to.
  return silent.source ? undefined : { ...view, host: to };
}

function inWords({ name, host }: DomainView, { outcome, source, seen }: Verdict): string {
  return outcome === "stayed" ? `${name} is ${showState(source!)} on ${host} as before` : `seen: ${seen}`;
}

function unseen(
  { view, destination: to }: Migration,
  { silent, seen, source, destination }: Verdict,
  told: { domain: string; host: string; seen?: DomainView },
  cause: PlacementError | undefined,
): PlacementError {
  const [host, error] = silent.destination ? [to, silent.destination] : [view.host, silent.source!];
  const hosts = silent.destination && silent.source ? `${view.host} and ${to}` : host;
  const half = [source, destination].find(isInPostCopy);
  if (half !== undefined) {
    const { problem } = peerLost(view.name, half, [half], [{ host, why: error.problem.message }]);
    const { remedies, caution } = problem;
    return error.with({
      ...told,
      host,
      phase: "verify",
      action: `the post-copy migration of ${view.name} from ${view.host} to ${to} was interrupted`,
      message: `${problem.message} (${error.problem.message})`,
      remedies,
      ...(caution !== undefined && { caution }),
    });
  }
  return error.with({
    ...told,
    host,
    phase: "verify",
    action: `cannot tell how the move of ${view.name} from ${view.host} to ${to} ended`,
    message: `${cause ? `${cause.problem.message}; ` : ""}${error.problem.message}; seen: ${seen}`,
    remedies: [
      {
        do: `bring ${hosts} back and run \`pulumi up\` again: it continues from what it finds. Start nothing by hand before`,
      },
    ],
  });
}

/** A cancelled migration that libvirt shows for ever: the destination's QEMU hangs in a read (post-copy with multi-FD, QEMU 11.1.2). */
function neverEnded(
  { view, destination: to }: Migration,
  { source, destination }: Verdict,
  cancelled: string,
  make: (code: ErrorCode, why: string, next: string) => PlacementError,
): PlacementError {
  const { name, host } = view;
  // Only then is it known that the destination's QEMU never ran the VM, and that the source holds all of it.
  const neverRan =
    isPausedForMigration(destination) && source !== undefined && holdsItsMemory(source) && !isInPostCopy(source);
  const again = `then run \`pulumi up\` again`;
  return make(
    "migrationRunning",
    `${cancelled}; libvirt was asked to cancel it, and it has not ended`,
    neverRan
      ? `\`virsh destroy ${name}\` on ${to} (not on ${host}) ends the receiving end, as long as \`virsh domstate --reason ${name}\` there says "paused (migrating)": ` +
          `it never ran there, ${name} runs on ${host}, and nothing is lost; ${again}`
      : `destroy nothing on either host; wait until \`virsh domjobinfo ${name}\` on ${host} shows no job, ${again}`,
  );
}

function timedOut(
  { view, destination: to, options }: Migration,
  { cancelled, stalled }: Monitored,
  make: (code: ErrorCode, why: string, next: string) => PlacementError,
): PlacementError {
  if (stalled) {
    return make(
      "migrationTimedOut",
      `${cancelled!}; it was cancelled`,
      `check the link between ${view.host} and ${to}, and the log of the VM's QEMU on ${to} (/var/log/libvirt/qemu/${view.name}.log); \`pulumi up\` starts the migration again`,
    );
  }
  const advice = [
    options.autoConverge ? undefined : "migration.autoConverge: true",
    options.postCopy ? undefined : 'migration.postCopy: true with onTimeout: "postCopy"',
    options.bandwidthMiBps === undefined ? undefined : "a higher migration.bandwidth",
    "a longer migration.timeout",
  ].filter((text) => text !== undefined);
  return make(
    "migrationTimedOut",
    `${cancelled!}; it was cancelled`,
    `it did not converge in time: try ${advice.join(", ")}`,
  );
}
