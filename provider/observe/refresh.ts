/** The one host of a VM, for a refresh that only looks. */
import type { Observed } from "../core/decide/types";
import type { DomainView } from "../core/domain";
import { type Failure, PlacementError } from "../core/errors";
import { listed } from "../core/near";
import { whereIs } from "../core/whereIs";

/** @throws PlacementError where it is on none of the hosts that answer, or on more than one. */
export function locate(uuid: string, domain: string, observed: Observed): DomainView {
  const place = whereIs(observed.views.filter((view) => view.uuid === uuid));
  if (place && "host" in place) return place;
  throw new PlacementError({
    ...(place ? onSeveral(place.unclear) : observed.unreachable.length > 0 ? notAllAsked(observed) : onNone(observed)),
    phase: "observe",
    action: `cannot tell where ${domain} (UUID ${uuid}) is`,
    domain,
  });
}

type Found = Pick<Failure, "code" | "message" | "remedies">;

function onSeveral(message: string): Found {
  return {
    code: "domainOnTwoHosts",
    message,
    remedies: [{ do: "run `pulumi up`, which cleans up where that is safe, or reports what to do" }],
  };
}

function notAllAsked({ asked, unreachable }: Observed): Found {
  const answering = asked.filter((name) => !unreachable.some(({ host }) => host === name));
  const silent = unreachable.map(({ host, why }) => `${host} cannot be asked (${why})`);
  return {
    code: "hostUnreachable",
    message: [...(answering.length > 0 ? [notOn(answering)] : []), ...silent].join("; "),
    remedies: [
      { do: "bring the host back, then run `pulumi refresh` again (it uses the inventory of the last `pulumi up`)" },
    ],
  };
}

function onNone({ asked }: Observed): Found {
  return {
    code: "domainMissing",
    message: asked.length > 0 ? notOn(asked) : "",
    remedies: [
      {
        do: "if the VM was removed for good, remove the resource from the program or the state",
        commands: [{ command: "pulumi state delete URN" }],
      },
      {
        do: "if its host is missing from vm-placement:hosts, add the host",
        commands: [{ command: "pulumi refresh --run-program" }],
      },
    ],
  };
}

function notOn(hosts: readonly string[]): string {
  return `the VM is not on ${listed(hosts)}`;
}
