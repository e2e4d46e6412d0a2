/** What to do, from what the hosts say. Pure: every reason in words is made here, and the user reads it as it stands. */
import { type DomainView, isOutgoing, showState } from "./domain";
import type { ErrorCode } from "./errors";
import { listed } from "./near";
import type { MigrationOptions } from "./options";

export interface Desired {
  /** As the user wrote it: name or UUID. */
  domain: string;
  /** The UUID in state; undefined on create. */
  uuid: string | undefined;
  hosts: readonly string[];
  options: MigrationOptions;
  /** Hosts of the inventory that nothing is moved to. */
  inMaintenance: ReadonlySet<string>;
}

export interface Observed {
  /** Every host's view of the domain, by name and by UUID. */
  views: readonly DomainView[];
  asked: readonly string[];
  unreachable: readonly { host: string; why: string }[];
  /** Where it was last seen, by state. */
  lastHost: string | undefined;
}

export type Decision =
  | { action: "noop" | "adopt"; view: DomainView; reason: string }
  | { action: "migrate"; how: "live" | "offline"; view: DomainView; to: string; reason: string }
  /** A migration that somebody else started runs: watch it to its end. */
  | { action: "attach"; view: DomainView; to: string; reason: string }
  /** An interrupted post-copy. */
  | { action: "resume"; view: DomainView; to: string; reason: string }
  /** It runs where it should, and something is left over elsewhere. */
  | { action: "finish"; view: DomainView; leftovers: DomainView[]; reason: string }
  | Refusal;

export interface Refusal {
  action: "refuse";
  code: ErrorCode;
  reason: string;
  next: string;
  host?: string;
}

const activeStates = new Set([
  "running",
  "idle",
  "paused",
  "blocked",
  "in shutdown",
  "dying",
  "pmsuspended",
  "no state",
]);

export function decide(desired: Desired, observed: Observed): Decision {
  const same = sameMachine(desired, observed.views);
  if (!Array.isArray(same)) return same;
  const name = desired.domain;

  const inFlight = migrationUnderWay(name, same, observed);
  if (inFlight) return inFlight;

  const owner = theOwner(name, same, observed);
  if ("action" in owner) return owner;

  const target = chooseTarget(desired, owner.host);
  if ("action" in target) return target;

  const others = same.filter((view) => view !== owner);
  if (target.host === owner.host) {
    if (others.length > 0) {
      const where = listed(
        others.map((view) => view.host),
        "and",
      );
      return {
        action: "finish",
        view: owner,
        leftovers: others,
        reason: `it is on ${owner.host}; a leftover definition is on ${where}`,
      };
    }
    if (!owner.persistent) {
      return {
        action: "finish",
        view: owner,
        leftovers: [],
        reason: `it runs on ${owner.host} but is not defined there: it would be gone after a shutdown`,
      };
    }
    const action = desired.uuid === undefined ? "adopt" : "noop";
    return { action, view: owner, reason: `it already is on ${owner.host}` };
  }
  return move(desired, observed, owner, target);
}

/** The views of one machine, or why it is not clear which. */
function sameMachine(desired: Desired, views: readonly DomainView[]): DomainView[] | Refusal {
  const { domain, uuid } = desired;
  if (uuid !== undefined) {
    const mine = views.filter((view) => view.uuid === uuid);
    const named = views.find((view) => view.name === domain && view.uuid !== uuid);
    if (mine.length === 0 && named) {
      return {
        action: "refuse",
        code: "domainConflict",
        host: named.host,
        reason: `${domain} on ${named.host} is another machine now (UUID ${named.uuid}); this placement is of UUID ${uuid}, which is on no host that was asked`,
        next: "if it was rebuilt on purpose, run `pulumi up --replace URN` with this resource's URN; the machine itself is not touched",
      };
    }
    return mine;
  }
  const uuids = [...new Set(views.map((view) => view.uuid))];
  if (uuids.length > 1) {
    return {
      action: "refuse",
      code: "domainConflict",
      reason: `there are different machines of the name ${domain}: ${listed(
        views.map((v) => `UUID ${v.uuid} on ${v.host}`),
        "and",
      )}`,
      next: "give the UUID of the one you mean as `domain`",
    };
  }
  return [...views];
}

/** Migrations that run, or that broke in post-copy, whoever started them. */
function migrationUnderWay(name: string, views: DomainView[], observed: Observed): Decision | undefined {
  const failed = views.filter((view) => view.reason === "post-copy failed");
  const postCopySource = views.find((view) => view.state === "paused" && view.reason.startsWith("post-copy"));
  const postCopyDestination = views.find((view) => view.state === "running" && view.reason.startsWith("post-copy"));
  if (failed.length > 0) {
    if (postCopySource && postCopyDestination) {
      return {
        action: "resume",
        view: postCopySource,
        to: postCopyDestination.host,
        reason: `its post-copy migration from ${postCopySource.host} to ${postCopyDestination.host} was interrupted`,
      };
    }
    return halfSeen(name, failed[0]!, observed, "an interrupted post-copy migration");
  }
  if (postCopySource && postCopyDestination) {
    return {
      action: "attach",
      view: postCopySource,
      to: postCopyDestination.host,
      reason: `a post-copy migration from ${postCopySource.host} to ${postCopyDestination.host} is under way`,
    };
  }
  if (postCopySource) return halfSeen(name, postCopySource, observed, "a post-copy migration");

  const source = views.find((view) => isOutgoing(view.job));
  const destination = views.find((view) => view !== source && view.state === "paused" && view.reason === "migrating");
  if (source && destination) {
    return {
      action: "attach",
      view: source,
      to: destination.host,
      reason: `a migration from ${source.host} to ${destination.host} is under way`,
    };
  }
  if (source) return halfSeen(name, source, observed, "a migration");
  if (destination && views.length === 1) return halfSeen(name, destination, observed, "an incoming migration");
  return undefined;
}

function halfSeen(name: string, view: DomainView, observed: Observed, what: string): Refusal {
  const others = observed.unreachable.map(({ host }) => host);
  return {
    action: "refuse",
    code: others.length > 0 ? "hostUnreachable" : "migrationRunning",
    host: view.host,
    reason: `${view.host} shows ${what} of ${name} (${showState(view)}), and the other side of it is ${others.length > 0 ? `not to be seen: ${listed(others, "and")} cannot be reached` : "on no host of the inventory"}`,
    next:
      others.length > 0
        ? `bring ${listed(others, "and")} back and run \`pulumi up\` again; do not destroy or resume it by hand`
        : `wait until \`virsh domjobinfo ${name}\` on ${view.host} shows no job, or add the other host to vm-placement:hosts; then run \`pulumi up\` again`,
  };
}

/** The one host that owns the machine, or why there is none. */
function theOwner(name: string, views: DomainView[], observed: Observed): DomainView | Refusal {
  const active = views.filter((view) => activeStates.has(view.state));
  if (active.length > 1) {
    return {
      action: "refuse",
      code: "domainOnTwoHosts",
      reason: `it is active on ${listed(
        active.map((view) => `${view.host} (${showState(view)})`),
        "and",
      )} at the same time`,
      next:
        `stop the one whose disk writes you can lose: ${active.map((view) => `\`virsh destroy ${name}\` on ${view.host}`).join(" or ")} ` +
        "(what that one's guest did since is lost), then run `pulumi up` again",
    };
  }
  const inactive = views.filter((view) => !activeStates.has(view.state));
  const left = inactive.filter((view) => view.reason === "migrated");
  const owner = active[0] ?? (inactive.length === 1 && left.length === 0 ? inactive[0] : undefined);
  // Where it runs, no other host can run it; where it does not, a host that is not heard may.
  if (owner && (active.length === 1 || observed.unreachable.length === 0)) return owner;

  const silent = observed.unreachable;
  if (silent.length > 0) {
    return {
      action: "refuse",
      code: "hostUnreachable",
      host: silent[0]!.host,
      reason:
        `${
          views.length === 0
            ? "no host that answers knows it"
            : `it does not run on ${listed(
                views.map((v) => v.host),
                "and",
              )}`
        }, and ` +
        `${listed(
          silent.map(({ host, why }) => `${host} cannot be asked (${why})`),
          "and",
        )}`,
      next: `bring ${listed(
        silent.map(({ host }) => host),
        "and",
      )} back, or take a host that is gone for good out of vm-placement:hosts`,
    };
  }
  if (views.length === 0) {
    const gone =
      observed.lastHost !== undefined && !observed.asked.includes(observed.lastHost) ? observed.lastHost : undefined;
    return {
      action: "refuse",
      code: "domainMissing",
      reason: `it is on none of the hosts ${listed(observed.asked, "and")}${gone ? `; it was last on ${gone}, which is not in the inventory any more` : ""}`,
      next: gone
        ? `put host ${gone} back into vm-placement:hosts and run \`pulumi up\`; the machine may still run there`
        : "check the name with `virsh list --all`; a machine that was removed for good: take the resource out of the program",
    };
  }
  if (inactive.length > 1) {
    return {
      action: "refuse",
      code: "domainOnTwoHosts",
      reason: `it is shut off and defined on ${listed(
        inactive.map((view) => view.host),
        "and",
      )}: which definition counts is not to be seen`,
      next: `undefine the ones that are not wanted: ${inactive.map((view) => `\`virsh undefine --keep-nvram ${name}\` on ${view.host}`).join(" or ")}`,
    };
  }
  return {
    action: "refuse",
    code: "domainMissing",
    host: left[0]!.host,
    reason: `${left[0]!.host} has moved it away (${showState(left[0]!)}), and no host of the inventory runs it`,
    next: `find it on the host it was moved to and add that to vm-placement:hosts. If it is gone: \`virsh start ${name}\` on ${left[0]!.host} starts it from its disk, and whatever was only in its memory is lost`,
  };
}

/** Where it shall be: of a list it stays where it is, else the first member that takes machines. */
function chooseTarget(desired: Desired, current: string): { host: string; why: string } | Refusal {
  const { hosts, inMaintenance } = desired;
  const anyOf = hosts.length > 1;
  if (hosts.includes(current) && !(anyOf && inMaintenance.has(current))) return { host: current, why: "it is there" };
  const open = hosts.find((host) => host !== current && !inMaintenance.has(host));
  if (open === undefined) {
    if (hosts.includes(current)) return { host: current, why: "every other host of the list is in maintenance too" };
    return {
      action: "refuse",
      code: "hostMaintenance",
      host: hosts[0]!,
      reason: `${listed(hosts, "and")} ${anyOf ? "are" : "is"} in maintenance (vm-placement:hosts)`,
      next: "name another host, or end the maintenance there",
    };
  }
  const why = hosts.includes(current)
    ? `${current} is in maintenance`
    : `host is ${anyOf ? `any of ${hosts.join(", ")}` : hosts[0]!}`;
  return { host: open, why };
}

function move(
  desired: Desired,
  observed: Observed,
  owner: DomainView,
  target: { host: string; why: string },
): Decision {
  const refuse = (code: ErrorCode, host: string, reason: string, next: string): Refusal => ({
    action: "refuse",
    code,
    host,
    reason,
    next,
  });
  const silent = observed.unreachable.find(({ host }) => host === target.host);
  if (silent) {
    return refuse(
      "hostUnreachable",
      silent.host,
      `it is on ${owner.host}, and ${silent.host} cannot be reached: ${silent.why}`,
      `bring ${silent.host} back, or name another host`,
    );
  }
  const stranger = observed.views.find(
    (view) => view.host === target.host && view.name === owner.name && view.uuid !== owner.uuid,
  );
  if (stranger) {
    return refuse(
      "domainConflict",
      target.host,
      `${target.host} has another machine of the name ${owner.name} (UUID ${stranger.uuid}; this one is ${owner.uuid})`,
      `rename it on ${target.host} with \`virsh domrename ${owner.name} NEW-NAME\`, or undefine it if nobody needs it`,
    );
  }
  const { mode } = desired.options;
  if (owner.state === "shut off") {
    if (mode === "live") {
      return refuse(
        "domainStateUnfit",
        owner.host,
        `it is ${showState(owner)} on ${owner.host}, and migration.mode is "live"`,
        'start it, or set migration.mode: "auto" or "offline"',
      );
    }
    if (owner.managedSave) {
      return refuse(
        "domainStateUnfit",
        owner.host,
        `it is shut off with a saved memory image (managed save) on ${owner.host}, which an offline migration leaves behind`,
        `start it (\`virsh start ${owner.name}\` restores it), or drop the image with \`virsh managedsave-remove ${owner.name}\` on ${owner.host}`,
      );
    }
    return { action: "migrate", how: "offline", view: owner, to: target.host, reason: target.why };
  }
  if (owner.state !== "running" && owner.state !== "paused" && owner.state !== "idle" && owner.state !== "blocked") {
    return refuse(
      "domainStateUnfit",
      owner.host,
      `it is ${showState(owner)} on ${owner.host}`,
      "wait until it runs or is shut off; then run `pulumi up` again",
    );
  }
  if (mode === "offline") {
    return refuse(
      "domainStateUnfit",
      owner.host,
      `it is ${showState(owner)} on ${owner.host}, and migration.mode is "offline"; libvirt would leave two definitions of it`,
      `shut it down with \`virsh shutdown ${owner.name}\`, or set migration.mode: "auto" or "live"`,
    );
  }
  if (owner.state === "paused" && desired.options.postCopy) {
    return refuse(
      "domainStateUnfit",
      owner.host,
      `it is ${showState(owner)} on ${owner.host}, and a paused machine cannot be moved by post-copy`,
      `leave out migration.postCopy, or resume it with \`virsh resume ${owner.name}\``,
    );
  }
  return { action: "migrate", how: "live", view: owner, to: target.host, reason: target.why };
}
