/** The error of a migration that did not bring the VM where it should be: what happened, where it is, what to do. */
import { logCommand, nameOfDaemon } from "../core/daemons";
import { peerLost } from "../core/decide/peerLost";
import { endItsConnection, waysToKeepOne } from "../core/decide/refusal";
import type { PlacementError } from "../core/errors";
import type { DomainView } from "../core/domain";
import { cannotMove } from "../core/migration";
import type { Remedy } from "../core/problem";
import { tryPeerLogin } from "../core/problems";
import { commandLine, shownCommand } from "../core/shownCommand";
import { holdsItsMemory, isActive, isInPostCopy, isPausedForMigration } from "../core/situation";
import { cancelledBy } from "./cancelledBy";
import { ended, endedOnDestination } from "./diagnoseEnded";
import { diagnosePeerLost, postCopyFailed, postCopyGoesOn, unnoticed } from "./diagnosePostCopy";
import { daemonsOf } from "./explainFailure";
import { aboutIt, type Ended, explained, failed, whereItIs } from "./ended";
import type { Verdict } from "./verify";

type Diagnosis = (end: Ended) => PlacementError | Promise<PlacementError>;

const byOutcome: Partial<Record<Verdict["outcome"], Diagnosis>> = {
  stayed: (end) => (end.watched.cancelled === undefined ? stayed(end) : timedOut(end)),
  inProgress: (end) => (end.watched.cancelled === undefined ? noEnd(end) : neverEnded(end)),
  unseen,
  ended,
  crashedOnDestination: endedOnDestination,
  postCopyGoesOn,
  unnoticed,
  postCopyFailed,
  peerLost: diagnosePeerLost,
};

export async function diagnose(end: Ended): Promise<PlacementError> {
  if (end.watched.neverBegan) return neverBegan(end);
  return (byOutcome[end.verdict.outcome] ?? unclear)(end);
}

function neverBegan(end: Ended): PlacementError {
  const { domain, source, destination, peer } = end.migration;
  return failed(end, {
    code: "peerUnreachable",
    message: end.watched.cancelled!,
    remedies: [
      {
        do: `find out why ${source} does not reach ${destination}, then run \`pulumi up\` again`,
        commands: [tryPeerLogin({ destination, peerUri: peer }), commandLine`virsh -c ${peer} list`].map((command) => ({
          host: source,
          command,
        })),
      },
      endingItsConnection(domain, destination),
    ],
  });
}

/** libvirt may wait for the destination for ever. */
function endingItsConnection(domain: DomainView, destination: string): Remedy {
  const remedy = endItsConnection(domain.name, domain.host);
  const job = shownCommand`virsh domjobinfo ${domain}`;
  return {
    ...remedy,
    do: `while ${job} on ${domain.host} still shows a job, libvirt waits for ${destination}: ${remedy.do}`,
  };
}

async function stayed(end: Ended): Promise<PlacementError> {
  const cancelled = await cancelledBy(end);
  if (cancelled !== undefined) return cancelled;
  const { migration, verdict } = end;
  const cause = await explained(end);
  const silent = verdict.silent.destination;
  if (silent !== undefined) return destinationGone(end, silent, cause);
  if (cause !== undefined) return withPlace(end, cause);
  const daemons = (await daemonsOf(end.hosts, migration))[migration.source];
  return failed(end, {
    code: "migrationFailed",
    phase: "verify",
    message:
      migration.command === undefined
        ? "the migration ended without having moved it"
        : "the migration ended, and the result of virsh was lost",
    remedies: [
      {
        do: `see why in the log of ${nameOfDaemon(daemons)} on ${migration.source}, then run \`pulumi up\` again, which starts the migration again`,
        ...(daemons && { commands: [logCommand(migration.source, daemons), { command: "pulumi up" }] }),
      },
    ],
  });
}

function withPlace(end: Ended, cause: PlacementError): PlacementError {
  const { message } = cause.problem;
  return cause.with({
    ...aboutIt(end),
    action: cannotMove(end.migration),
    message: `${message}; ${whereItIs(end)}`,
  });
}

function destinationGone(end: Ended, silent: PlacementError, cause: PlacementError | undefined): PlacementError {
  const { destination } = end.migration;
  const gaveUp = cause ? `, and libvirt gave the migration up: ${cause.problem.message}` : "";
  return silent.with({
    ...aboutIt(end),
    host: destination,
    phase: "verify",
    action: cannotMove(end.migration),
    message: `${destination} cannot be reached (${silent.problem.message})${gaveUp}; ${whereItIs(end)}`,
    remedies: [{ do: `bring ${destination} back and run \`pulumi up\` again` }, { do: "name another host" }],
  });
}

function timedOut(end: Ended): PlacementError {
  const { migration, watched } = end;
  const { domain, source, destination } = migration;
  const log = `/var/log/libvirt/qemu/${domain.name}.log`;
  return failed(end, {
    code: "migrationTimedOut",
    message: `${watched.cancelled!}; it was cancelled`,
    remedies: watched.stalled
      ? [
          {
            do: `check the link between ${source} and ${destination}, and the log of the VM's QEMU on ${destination} (${log}), then run \`pulumi up\` again, which starts the migration again`,
          },
        ]
      : waysToConverge(end),
  });
}

const stepToPostCopy = 'add a step with do: "postCopy" to migration.convergence, before the one that cancels';

function waysToConverge({ migration: { options } }: Ended): Remedy[] {
  return [
    ...(options.autoConverge ? [] : ["set migration.autoConverge: true"]),
    ...(options.postCopy
      ? []
      : [options.convergence ? stepToPostCopy : 'set migration.postCopy: true with onTimeout: "postCopy"']),
    ...(options.bandwidthMiBps === undefined ? [] : ["raise migration.bandwidth"]),
    ...(options.timeoutMs !== undefined ? ["raise migration.timeout"] : []),
    ...(options.convergence ? ["let migration.convergence raise the maximum downtime further, or cancel later"] : []),
  ].map((what) => ({ do: what }));
}

function untilNoJob({ migration: { domain, source } }: Ended, then: string): Remedy {
  return {
    do: `wait until libvirt shows no job, then run \`pulumi up\` again${then}`,
    commands: [{ host: source, command: commandLine`virsh domjobinfo ${domain}` }],
  };
}

function noEnd(end: Ended): PlacementError {
  return failed(end, {
    code: "migrationRunning",
    message: "no end of the migration was observed",
    remedies: [untilNoJob(end, ", which watches a migration that still runs, and starts no second one")],
  });
}

/** A cancelled migration that libvirt shows for ever: the destination's QEMU hangs in a read (post-copy with multi-FD, QEMU 11.1.2). */
function neverEnded(end: Ended): PlacementError {
  const { domain, source: sourceHost, destination: destinationHost } = end.migration;
  const { source, destination } = end.verdict;
  // Only then is it known that the destination's QEMU never ran the VM, and that the source holds all of it.
  const neverRan =
    isPausedForMigration(destination) && source !== undefined && holdsItsMemory(source) && !isInPostCopy(source);
  const endReceiver: Remedy = {
    do: `end the receiving end on ${destinationHost} (not on ${sourceHost}) if its state is still "paused (migrating)": it never ran there, and ${domain.name} runs on ${sourceHost}. Then run \`pulumi up\` again`,
    commands: [commandLine`virsh domstate --reason ${domain}`, commandLine`virsh destroy ${domain}`].map((command) => ({
      host: destinationHost,
      command,
    })),
  };
  return failed(end, {
    code: "migrationRunning",
    message: `${end.watched.cancelled!}; libvirt was asked to cancel it, and it has not ended`,
    ...(neverRan
      ? { remedies: [endReceiver] }
      : { remedies: [untilNoJob(end, "")], caution: "Destroy nothing on either host" }),
  });
}

async function unseen(end: Ended): Promise<PlacementError> {
  const { domain, source, destination } = end.migration;
  const { silent, seen, ...views } = end.verdict;
  const [host, error] = silent.destination ? [destination, silent.destination] : [source, silent.source!];
  const inPostCopy = [views.source, views.destination].find(isInPostCopy);
  const { message } = error.problem;
  if (inPostCopy !== undefined) {
    const refusal = peerLost(domain.name, inPostCopy, [inPostCopy], [{ host, why: message }]).problem;
    return error.with({
      ...aboutIt(end),
      host,
      phase: "verify",
      action: `the post-copy migration of ${domain.name} from ${source} to ${destination} was interrupted`,
      message: `${refusal.message} (${message})`,
      remedies: refusal.remedies,
    });
  }
  const cause = await explained(end);
  const hosts = silent.destination && silent.source ? `${source} and ${destination}` : host;
  return error.with({
    ...aboutIt(end),
    host,
    phase: "verify",
    action: `cannot tell how the move of ${domain.name} from ${source} to ${destination} ended`,
    message: `${cause ? `${cause.problem.message}; ` : ""}${message}; seen: ${seen}`,
    remedies: [{ do: `bring ${hosts} back and run \`pulumi up\` again, which continues from what it finds` }],
    caution: "Start nothing by hand before that",
  });
}

async function unclear(end: Ended): Promise<PlacementError> {
  const { domain, source, destination } = end.migration;
  const cause = await explained(end);
  if (cause !== undefined) return withPlace(end, cause);
  const copies = [end.verdict.source, end.verdict.destination].filter((copy) => copy !== undefined);
  return failed(end, {
    code: copies.filter(isActive).length > 1 ? "domainOnTwoHosts" : "verificationFailed",
    phase: "verify",
    message: "the migration ended, but the hosts do not show the VM where it should be",
    ...(copies.length > 1
      ? waysToKeepOne(copies)
      : {
          remedies: [
            {
              do: "look at the VM and at the libvirt logs on both hosts, then run `pulumi up` again, which continues from what it finds",
              commands: [source, destination].map((host) => ({
                host,
                command: commandLine`virsh domstate --reason ${domain}`,
              })),
            },
          ],
        }),
  });
}
