import { shownCommand } from "../shownCommand";
import { type DomainView, showState } from "../domain";
import { isActive, isHandedOver } from "../situation";
import { listed } from "../near";
import { type Past, pastOn, ranLast } from "./past";
import { seenOn, waysToKeepOne } from "./refusal";
import type { Observed, Refusal } from "./types";
import { showDuration } from "../units";

/** The one host that owns the VM, or why there is none. */
export function theOwner(name: string, views: readonly DomainView[], observed: Observed): DomainView | Refusal {
  const active = views.filter(isActive);
  if (active.length > 1) {
    return {
      action: "refuse",
      code: "domainOnTwoHosts",
      reason: `it is active on ${seenOn(active)} at the same time`,
      next: waysToKeepOne(active),
    };
  }
  const inactive = views.filter((view) => !isActive(view));
  const saved = inactive.filter(({ managedSave }) => managedSave);
  if (active.length === 1 && saved.length > 0) {
    return {
      action: "refuse",
      code: "domainOnTwoHosts",
      reason: `it is ${showState(active[0]!)} on ${active[0]!.host}, and ${seenOn(saved)} has a saved memory image of it (managed save): a start there would run it twice`,
      next: waysToKeepOne([active[0]!, ...saved]),
    };
  }
  const left = inactive.filter(isHandedOver);
  const owner = active[0] ?? (inactive.length === 1 && left.length === 0 ? inactive[0] : undefined);
  // Where it runs, no other host can run it; where it does not, a host that is not heard may.
  if (owner && (active.length === 1 || observed.unreachable.length === 0)) return owner;
  if (observed.unreachable.length > 0) return notAllAsked(views, observed.unreachable);
  if (views.length === 0) return nowhere(name, observed);
  if (inactive.length > 1) return definedTwice(inactive, observed.past);
  return movedAway(left[0]!);
}

function notAllAsked(views: readonly DomainView[], silent: Observed["unreachable"]): Refusal {
  const names = listed(
    silent.map(({ host }) => host),
    "and",
  );
  const known = views.length === 0 ? "no host that answers knows it" : `it does not run on ${seenOn(views)}`;
  return {
    action: "refuse",
    code: "hostUnreachable",
    host: silent[0]!.host,
    reason: `${known}, and ${listed(
      silent.map(({ host, why }) => `${host} cannot be asked (${why})`),
      "and",
    )}`,
    next:
      `bring ${names} back and run \`pulumi up\` again, which continues from what it finds there; what was only in its memory is lost if it ran on a host that has lost power. ` +
      "A host that is gone for good: take it out of vm-placement:hosts, " +
      "after making sure that it cannot come back with the VM running",
  };
}

function nowhere(name: string, { asked, lastHost }: Observed): Refusal {
  const gone = lastHost !== undefined && !asked.includes(lastHost) ? lastHost : undefined;
  return {
    action: "refuse",
    code: "domainMissing",
    reason: `it is on none of the hosts ${listed(asked, "and")}${gone ? `; it was last on ${gone}, which is not in the inventory any more` : ""}`,
    next: gone
      ? `put host ${gone} back into vm-placement:hosts and run \`pulumi up\`; the VM may still run there. Nothing is lost by that`
      : `look for it with \`virsh list --all\` on each host. If it is on a host outside of the inventory, add that to vm-placement:hosts: nothing is lost. ` +
        `If its definition was removed by mistake, \`virsh define\` it from its XML and ${shownCommand`virsh start ${name}`}: what was only in its memory is lost. ` +
        "If it was removed for good, take the resource out of the program",
  };
}

function definedTwice(inactive: readonly DomainView[], pasts: readonly Past[] | undefined): Refusal {
  const reason = `it is shut off and defined on ${seenOn(inactive)}`;
  const last = ranLast(inactive, pasts);
  if (last !== undefined) return cutShort(reason, last, inactive, pasts!);
  const [newer, ...more] = inactive.filter((view) => !isHandedOver(view));
  if (newer === undefined || more.length > 0) {
    return {
      action: "refuse",
      code: "domainOnTwoHosts",
      reason: `${reason}: which definition counts is not to be seen`,
      next: waysToKeepOne(inactive),
    };
  }
  return {
    action: "refuse",
    code: "domainOnTwoHosts",
    host: newer.host,
    reason: `${reason}: it ended on ${newer.host} after it was moved there`,
    next:
      `${shownCommand`virsh start ${newer}`} on ${newer.host}, then run \`pulumi up\` again, which clears up the rest: it boots from its disk, and what was only in its memory is lost already. ` +
      `To leave it shut off: ${waysToKeepOne(inactive, [newer])}`,
  };
}

/** Both hosts were restarted around a migration of it, as a rule by a power cut; their logs tell where it ran last. */
function cutShort(reason: string, last: DomainView, inactive: readonly DomainView[], pasts: readonly Past[]): Refusal {
  const arrived = pastOn(last.host, pasts)!.last!.what === "received";
  const [other] = inactive.filter((view) => view !== last);
  const { last: move } = pastOn(other!.host, pasts)!;
  const ago = showDuration(move!.agoMs);
  const booted = inactive.map(({ host }) => `${host} was restarted ${showDuration(pastOn(host, pasts)!.upMs)} ago`);
  return {
    action: "refuse",
    code: "domainOnTwoHosts",
    host: last.host,
    reason:
      `${reason}: ` +
      (arrived
        ? `${other!.host} began to move it to ${last.host} ${ago} ago, and it had begun to run there`
        : `${last.host} began to move it to ${other!.host} ${ago} ago, and it had not begun to run there`) +
      ` (${listed(booted, "and")})`,
    next:
      `${shownCommand`virsh start ${last}`} on ${last.host}, where it ran last, then run \`pulumi up\` again, which clears up the rest: it boots from its disk, and what was only in its memory is lost already. ` +
      (arrived ? "" : `Do not start it on ${other!.host}: a disk that was being copied there is not complete. `) +
      `To leave it shut off: ${waysToKeepOne(inactive, [last])}`,
  };
}

function movedAway(left: DomainView): Refusal {
  return {
    action: "refuse",
    code: "domainMissing",
    host: left.host,
    reason: `${left.host} has moved it away (${showState(left)}), and no host of the inventory runs it`,
    next: `if it is on a host outside of the inventory, add that to vm-placement:hosts: nothing is lost. If it is gone: ${shownCommand`virsh start ${left}`} on ${left.host} starts it from its disk, and whatever was only in its memory is lost`,
  };
}
