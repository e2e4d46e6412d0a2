/** The one host of a VM, for a refresh that only looks. */
import type { Observed } from "../core/decide/types";
import type { DomainView } from "../core/domain";
import { PlacementError } from "../core/errors";
import { listed } from "../core/near";
import { whereIs } from "../core/whereIs";

/** @throws PlacementError where it is on none of the hosts that answer, or on more than one. */
export function locate(uuid: string, domain: string, { views, asked, unreachable }: Observed): DomainView {
  const place = whereIs(views.filter((view) => view.uuid === uuid));
  if (place && "host" in place) return place;
  const silent = unreachable.map(({ host, why }) => `${host} cannot be asked (${why})`);
  throw new PlacementError({
    code: place ? "domainOnTwoHosts" : silent.length > 0 ? "hostUnreachable" : "domainMissing",
    phase: "observe",
    action: `cannot tell where ${domain} (UUID ${uuid}) is`,
    domain,
    message: place
      ? place.unclear
      : [
          asked.length > silent.length
            ? `it is not on ${listed(
                asked.filter((name) => !unreachable.some(({ host }) => host === name)),
                "and",
              )}`
            : "",
          ...silent,
        ]
          .filter((text) => text !== "")
          .join("; "),
    remedies: [
      {
        do: place
          ? "run `pulumi up`, which clears up what can be cleared up, or says what to do"
          : silent.length > 0
            ? "bring the host back and refresh again; refresh uses the inventory of the last up"
            : "if it was removed for good, take the resource out of the program or `pulumi state delete` it; a host that is missing in vm-placement:hosts: add it and run `pulumi refresh --run-program`",
      },
    ],
  });
}
