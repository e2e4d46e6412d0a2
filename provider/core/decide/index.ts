/** What to do, from what the hosts report. Pure: every message is made here, and the user reads it as it is. */
import { commandLine } from "../shownCommand";
import { type DomainView, showState } from "../domain";
import { holdsItsMemory, isCrashed } from "../situation";
import { move } from "./move";
import { listed } from "../near";
import { theOwner } from "./owner";
import { refuse, runAgain, seenOn } from "./refusal";
import { migrationInFlight } from "./inFlight";
import type { Decision, Desired, Observed, Refusal } from "./types";

/** The same for whatever order the hosts answered in. */
export function decide(desired: Desired, seen: Observed): Decision {
  const observed: Observed = {
    ...seen,
    views: [...seen.views].sort(byHost),
    unreachable: [...seen.unreachable].sort(byHost),
  };
  const same = sameDomain(desired, observed);
  if (!Array.isArray(same)) return same;
  const name = same[0]?.name ?? desired.domain;

  const inFlight = migrationInFlight(name, same, observed);
  if (inFlight) return inFlight;

  const owner = theOwner(name, same, observed);
  if ("action" in owner) return owner;

  const target = chooseTarget(desired, owner.host);
  if ("action" in target) return target;
  if (target.host !== owner.host && desired.drift && "onlyFrom" in desired.drift) {
    const { onlyFrom } = desired.drift;
    if (onlyFrom !== owner.host) return driftFound(desired, owner, onlyFrom);
  }
  if (target.host !== owner.host) return move(desired, observed, owner, target);

  const leftovers = same.filter((view) => view !== owner);
  if (leftovers.length > 0 || !owner.persistent) return finish(owner, leftovers);
  const action = desired.uuid === undefined ? "adopt" : "noop";
  return { action, view: owner, reason: `${owner.name} is already on ${owner.host}` };
}

/** Leftovers are removed only while the VM runs: of a VM that does not run, a definition may be all that is left. */
function finish(owner: DomainView, leftovers: DomainView[]): Decision {
  const reason =
    leftovers.length > 0
      ? `${owner.name} is on ${owner.host}; a leftover definition is on ${seenOn(leftovers)}`
      : `${owner.name} runs on ${owner.host} but is not defined there: it would disappear at its next shutdown`;
  if (holdsItsMemory(owner)) return { action: "finish", view: owner, leftovers, reason };
  return refuse({
    code: "domainStateUnfit",
    host: owner.host,
    message: `${reason}; ${owner.name} is ${showState(owner)}, and the provider cleans up only while it runs`,
    remedies: [
      { do: "wait until the VM runs or is shut off, then run `pulumi up` again" },
      {
        do: "if the VM stays in that state, reset it",
        commands: [{ host: owner.host, command: commandLine`virsh reset ${owner}` }, runAgain],
        loses: "what was only in its memory",
      },
    ],
    passes: !isCrashed(owner),
  });
}

function byHost(a: { host: string }, b: { host: string }): number {
  return a.host < b.host ? -1 : a.host > b.host ? 1 : 0;
}

/** The views of one VM, or why it is unclear which VM is meant. */
function sameDomain(desired: Desired, { views, unreachable }: Observed): DomainView[] | Refusal {
  const { domain, uuid } = desired;
  if (uuid !== undefined) {
    const mine = views.filter((view) => view.uuid === uuid);
    const named = views.find((view) => view.name === domain && view.uuid !== uuid);
    if (mine.length === 0 && named && unreachable.length === 0) {
      return refuse({
        code: "domainConflict",
        host: named.host,
        message: `${domain} on ${named.host} is now another VM (UUID ${named.uuid}); this resource places the VM with UUID ${uuid}, which is on none of the hosts that were asked`,
        remedies: [
          {
            do: "if the VM was rebuilt on purpose, replace this resource, which does not touch the VM itself",
            commands: [{ command: "pulumi up --replace URN" }],
          },
        ],
      });
    }
    return mine;
  }
  const uuids = [...new Set(views.map((view) => view.uuid))];
  if (uuids.length > 1) {
    return refuse({
      code: "domainConflict",
      message: `different VMs are named ${domain}: ${listed(
        views.map((v) => `UUID ${v.uuid} on ${v.host}`),
        "and",
      )}`,
      remedies: [{ do: "set `domain` to the UUID of the right one; none of them is touched" }],
    });
  }
  return [...views];
}

function driftFound({ hosts }: Desired, owner: DomainView, left: string): Refusal {
  const { name, host } = owner;
  return refuse({
    code: "driftFound",
    host,
    message: `${name} is on ${host}, and \`up\` left it on ${left}: it was moved by hand, or by an \`up\` that was interrupted; with onDrift: "fail" it is moved nowhere`,
    remedies: [
      { do: `if it belongs on ${host} now, set \`host\` to "${host}" in the program` },
      { do: `if it belongs on ${hosts.join(" or ")}, set onDrift: "moveBack" for one \`pulumi up\`` },
    ],
  });
}

/** The desired host: with a list the VM stays where it is if that is a member, else the first member that is not in maintenance. */
function chooseTarget(desired: Desired, current: string): { host: string; why: string } | Refusal {
  const { hosts, inMaintenance } = desired;
  if (desired.drift && "stays" in desired.drift) return { host: current, why: "it may stay where it is" };
  const anyOf = hosts.length > 1;
  if (hosts.includes(current) && !(anyOf && inMaintenance.has(current))) return { host: current, why: "it is there" };
  const open = hosts.find((host) => host !== current && !inMaintenance.has(host));
  if (open === undefined) {
    if (hosts.includes(current)) return { host: current, why: "every other host in the list is also in maintenance" };
    return refuse({
      code: "hostMaintenance",
      host: hosts[0]!,
      message: `${listed(hosts, "and")} ${anyOf ? "are" : "is"} in maintenance (vm-placement:hosts)`,
      remedies: [
        { do: "set `host` to another host" },
        { do: `set maintenance: false for ${anyOf ? "one of them" : "it"}` },
      ],
    });
  }
  const why = hosts.includes(current)
    ? `${current} is in maintenance`
    : `host is ${anyOf ? `any of ${hosts.join(", ")}` : hosts[0]!}`;
  return { host: open, why };
}
