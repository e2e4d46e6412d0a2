import { shownCommand } from "../shownCommand";
import { type DomainView, showState } from "../domain";
import { isActive, isHandedOver } from "../situation";
import { listed } from "../near";
import type { Remedy } from "../problem";
import { type Past, pastOn, ranLast } from "./past";
import { addItsHost, namesOf, refuse, runAgain, seenOn, start, startFromDisk, waysToKeepOne } from "./refusal";
import type { Observed, Refusal } from "./types";
import { showDuration } from "../units";

/** The one host that owns the VM, or why there is none. */
export function theOwner(name: string, views: readonly DomainView[], observed: Observed): DomainView | Refusal {
  const active = views.filter(isActive);
  if (active.length > 1) {
    return refuse({
      code: "domainOnTwoHosts",
      message: `${name} is active on ${seenOn(active)} at the same time`,
      ...waysToKeepOne(active),
    });
  }
  const inactive = views.filter((view) => !isActive(view));
  const saved = inactive.filter(({ managedSave }) => managedSave);
  if (active.length === 1 && saved.length > 0) {
    return refuse({
      code: "domainOnTwoHosts",
      message: `${name} is ${showState(active[0]!)} on ${active[0]!.host}, but ${seenOn(saved)} has a saved memory image of it (managed save): starting it there would run the VM twice`,
      ...waysToKeepOne([active[0]!, ...saved]),
    });
  }
  const left = inactive.filter(isHandedOver);
  const owner = active[0] ?? (inactive.length === 1 && left.length === 0 ? inactive[0] : undefined);
  // While one host runs the VM no other can; while none does, a host that does not answer may run it.
  if (owner && (active.length === 1 || observed.unreachable.length === 0)) return owner;
  if (observed.unreachable.length > 0) return notAllAsked(name, views, observed.unreachable);
  if (views.length === 0) return nowhere(name, observed);
  if (inactive.length > 1) return definedTwice(inactive, observed.past);
  return movedAway(left[0]!);
}

function notAllAsked(name: string, views: readonly DomainView[], silent: Observed["unreachable"]): Refusal {
  const known = views.length === 0 ? `no host that answers has ${name}` : `${name} does not run on ${seenOn(views)}`;
  return refuse({
    code: "hostUnreachable",
    host: silent[0]!.host,
    message: `${known}, and ${listed(
      silent.map(({ host, why }) => `${host} cannot be asked (${why})`),
      "and",
    )}`,
    remedies: [
      {
        do: `bring ${namesOf(silent)} back, then run \`pulumi up\` again, which continues from the state that it finds`,
        loses: "what was only in its memory, if it ran on a host that has lost power",
      },
      {
        do: "if a host is gone for good, remove it from vm-placement:hosts, after making sure that it cannot come back with the VM running",
      },
    ],
  });
}

function nowhere(name: string, { asked, lastHost }: Observed): Refusal {
  const gone = lastHost !== undefined && !asked.includes(lastHost) ? lastHost : undefined;
  return refuse({
    code: "domainMissing",
    message: `${name} is on none of the hosts ${listed(asked, "and")}${gone ? `; it was last on ${gone}, which is no longer in the inventory` : ""}`,
    remedies: gone
      ? [
          {
            do: `put ${gone} back into vm-placement:hosts, then run \`pulumi up\` again: the VM may still run there, and nothing is lost`,
          },
        ]
      : [
          addItsHost("`virsh list --all` shows it on"),
          {
            do: `if the VM's definition was removed by mistake, define it again from its XML (\`virsh define FILE\`) and start it (${shownCommand`virsh start ${name}`})`,
            loses: "what was only in its memory",
          },
          { do: "if the VM was removed for good, remove the resource from the program" },
        ],
  });
}

function definedTwice(inactive: readonly DomainView[], pasts: readonly Past[] | undefined): Refusal {
  const shown = `${inactive[0]!.name} is shut off and defined on ${seenOn(inactive)}`;
  const last = ranLast(inactive, pasts);
  if (last !== undefined) return cutShort(shown, last, inactive, pasts!);
  const [newer, ...more] = inactive.filter((view) => !isHandedOver(view));
  if (newer === undefined || more.length > 0) {
    return refuse({
      code: "domainOnTwoHosts",
      message: `${shown}, and nothing shows which definition is the current one`,
      ...waysToKeepOne(inactive),
    });
  }
  return refuse({
    code: "domainOnTwoHosts",
    host: newer.host,
    message: `${shown}: the VM was moved to ${newer.host} and ended there`,
    remedies: startOrLeave(newer, inactive),
  });
}

/** Its memory is gone, whichever is chosen. */
function startOrLeave(last: DomainView, inactive: readonly DomainView[]): Remedy[] {
  const [keep] = waysToKeepOne(inactive, [last]).remedies;
  return [
    {
      do: `start the VM from its disk on ${last.host}, where it ran last`,
      commands: [start(last), runAgain],
      loses: "nothing more: what was only in its memory is gone already",
    },
    { ...keep!, do: `leave the VM shut off, and ${keep!.do}` },
  ];
}

/** Both hosts were restarted around a migration of it, as a rule by a power cut; their logs tell where it ran last. */
function cutShort(shown: string, last: DomainView, inactive: readonly DomainView[], pasts: readonly Past[]): Refusal {
  const arrived = pastOn(last.host, pasts)!.last!.what === "received";
  const [other] = inactive.filter((view) => view !== last);
  const { last: move } = pastOn(other!.host, pasts)!;
  const ago = showDuration(move!.agoMs);
  const booted = inactive.map(({ host }) => `${host} was restarted ${showDuration(pastOn(host, pasts)!.upMs)} ago`);
  return refuse({
    code: "domainOnTwoHosts",
    host: last.host,
    message:
      `${shown}: ` +
      (arrived
        ? `${other!.host} began to move the VM to ${last.host} ${ago} ago, and the VM had begun to run there`
        : `${last.host} began to move the VM to ${other!.host} ${ago} ago, but the VM had not begun to run there`) +
      ` (${listed(booted, "and")})`,
    remedies: startOrLeave(last, inactive),
    ...(!arrived && {
      caution: `Do not start the VM on ${other!.host}: a disk that was being copied there is incomplete`,
    }),
  });
}

function movedAway(left: DomainView): Refusal {
  return refuse({
    code: "domainMissing",
    host: left.host,
    message: `${left.host} has moved ${left.name} to another host (${showState(left)}), but no host in the inventory has it`,
    remedies: [addItsHost("the VM is on"), startFromDisk("if the VM is gone, start it from its disk", [], left)],
  });
}
