/** Ends a migration that somebody started, before its switch, and proves on both hosts that the VM is where it was. */
import { migrationInFlight } from "../core/decide/inFlight";
import type { Observed } from "../core/decide/types";
import { type DomainView, showState } from "../core/domain";
import { type Failure, PlacementError } from "../core/errors";
import { listed } from "../core/near";
import type { Clock } from "../core/ports";
import { commandLine } from "../core/shownCommand";
import { isActive, isInPostCopy, isOutgoing } from "../core/situation";
import { waits } from "../core/times";
import type { Hosts } from "../observe/hosts";
import { observe } from "../observe/observe";
import { writeNote } from "../virsh/cancelNote";
import type { Virsh } from "../virsh/client";
import { verify } from "./verify";

export interface Cancelled {
  domain: string;
  uuid: string;
  /** Where the VM runs, as before. */
  host: string;
  /** Where it was being moved to; undefined where no host of the inventory is its destination. */
  destination: string | undefined;
  /** "running (booted)" */
  state: string;
}

/**
 * @param who what the run that waits for the migration is told.
 * @throws PlacementError where no migration is in progress, where it has switched, or where it has not ended after a minute.
 */
export async function cancel(hosts: Hosts, domain: string, who: string, clock: Clock): Promise<Cancelled> {
  const first = hosts.names;
  const observed = await observe(hosts, { domain, uuid: undefined, first, everywhere: true, lastHost: undefined });
  const views = oneVm(domain, observed);
  const source = views.find(({ job }) => isOutgoing(job));
  const switched = views.find(isInPostCopy);
  if (switched !== undefined) throw afterTheSwitch(domain, views);
  if (source === undefined) throw nothingToCancel(domain, observed, views);
  const decision = migrationInFlight(domain, views, observed);
  const destination = decision?.action === "attach" ? decision.to : undefined;
  const virsh = await hosts.on(source.host);
  // A note that cannot be left is no reason to let the migration go on.
  await virsh.run(writeNote(source.uuid, who), waits.lateStart).catch(() => undefined);
  const refused = await refusalOf(virsh.abortJob(source.uuid));
  hosts.forget(...hosts.names);
  const state =
    destination === undefined
      ? await ended(virsh, source, refused, clock)
      : await proven(hosts, source, destination, refused, clock);
  return { domain: source.name, uuid: source.uuid, host: source.host, destination, state };
}

/** What the hosts show decides, not how the command ended: a migration that ends at this moment has no job to cancel. */
async function refusalOf(abort: Promise<void>): Promise<string> {
  try {
    await abort;
    return "libvirt was asked to cancel it";
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
    return error.problem.message;
  }
}

async function proven(
  hosts: Hosts,
  source: DomainView,
  destination: string,
  asked: string,
  clock: Clock,
): Promise<string> {
  const ends = { source: source.host, destination };
  const { outcome, ...verdict } = await verify(hosts, { ...ends, domain: source, how: "live" }, clock);
  if (outcome === "stayed") return showState(verdict.source!);
  const moved = outcome === "moved" || outcome === "leftover";
  throw cannotCancel(source.name, {
    code: moved ? "domainStateUnfit" : outcome === "inProgress" ? "migrationRunning" : "verificationFailed",
    host: moved ? destination : source.host,
    message: moved
      ? `it had moved to ${destination} before it could be cancelled (${verdict.seen})`
      : `${asked}, but the hosts do not show the VM as before: ${verdict.seen}`,
    remedies: moved
      ? [{ do: "to bring it back, name the old host in the program", commands: [{ command: "pulumi up" }] }]
      : [{ do: "run `pulumi up`, which continues from what it finds" }],
  });
}

/** Of a migration to a host that is not in the inventory only the source can tell. */
async function ended(virsh: Virsh, source: DomainView, asked: string, clock: Clock): Promise<string> {
  const deadline = clock.now() + waits.cancel;
  for (;;) {
    const view = await virsh.view(source.uuid);
    const left = view === undefined || !isActive(view) || isInPostCopy(view);
    if (!left && !isOutgoing(view.job)) return showState(view);
    if (left || clock.now() > deadline) {
      throw cannotCancel(source.name, {
        code: left ? "domainStateUnfit" : "migrationRunning",
        host: source.host,
        message: left
          ? `it had moved before it could be cancelled: on ${source.host} it is ${view ? showState(view) : "not there"}`
          : `${asked}, but it has not ended within a minute: ${showState(view)}`,
        remedies: [lookAtTheJob(source)],
      });
    }
    await clock.sleep(500);
  }
}

function oneVm(domain: string, { views }: Observed): readonly DomainView[] {
  const uuids = [...new Set(views.map(({ uuid }) => uuid))];
  if (uuids.length <= 1) return views;
  const which = views.map(({ uuid, host }) => `${uuid} on ${host}`);
  throw cannotCancel(domain, {
    code: "domainConflict",
    message: `several VMs have this name: ${listed(which, "and")}`,
    remedies: [{ do: "give the UUID of the VM instead of its name" }],
  });
}

function afterTheSwitch(domain: string, views: readonly DomainView[]): PlacementError {
  const shown = views.map((view) => `${view.host}: ${showState(view)}`);
  return cannotCancel(domain, {
    code: "domainStateUnfit",
    host: views[0]!.host,
    message: `it has switched to post-copy (${shown.join("; ")}), and from then on a part of the memory is on each host`,
    remedies: [{ do: "wait for its end: `pulumi up` watches it, and resumes it if it was interrupted" }],
  });
}

function nothingToCancel(domain: string, { unreachable }: Observed, views: readonly DomainView[]): PlacementError {
  const shown = [
    ...views.map((view) => `${view.host}: ${showState(view)}`),
    ...unreachable.map(({ host, why }) => `${host} cannot be asked (${why})`),
  ];
  return cannotCancel(domain, {
    code: views.length === 0 ? "domainMissing" : "domainStateUnfit",
    message: `no host sends it (${shown.length === 0 ? "no host has a VM of this name" : shown.join("; ")})`,
    remedies:
      views.length === 0 ? [{ do: "check the VM's name, and the hosts of the inventory" }] : views.map(lookAtTheJob),
  });
}

function lookAtTheJob(view: DomainView) {
  return {
    do: `see what libvirt on ${view.host} does with the VM`,
    commands: [{ host: view.host, command: commandLine`virsh domjobinfo ${view}` }],
  };
}

function cannotCancel(domain: string, failure: Pick<Failure, "code" | "message"> & Partial<Failure>): PlacementError {
  return new PlacementError({
    phase: "cancel",
    action: `cannot cancel the migration of ${domain}`,
    domain,
    remedies: [],
    ...failure,
  });
}
