/** `pulumi import`: a VM that is in no state yet, found by its name or UUID on any host of the inventory. */
import type * as pulumi from "@pulumi/pulumi";
import type { Observed } from "../core/decide/types";
import type { DomainView } from "../core/domain";
import { type Failure, PlacementError } from "../core/errors";
import { listed } from "../core/near";
import { whereIs } from "../core/whereIs";
import { observe } from "../observe/observe";
import { planOf, readInputs } from "./inputs";
import { type Settings, usable } from "./settings";
import { outputs } from "./state";

/**
 * Its properties, and the inputs of a program that leaves it where it is.
 *
 * @param domain name or UUID.
 * @throws PlacementError where it is not on exactly one host.
 */
export async function findPlacement(settings: Settings, domain: string): Promise<pulumi.dynamic.ReadResult> {
  const { hosts } = usable(settings);
  const refuse = (failure: Pick<Failure, "code" | "message" | "remedies">) =>
    new PlacementError({ ...failure, phase: "observe", action: `cannot import ${domain}`, domain });
  if (hosts.names.length === 0) throw refuse(noInventory);
  const { failures } = readInputs(settings, { domain, host: hosts.names[0] });
  if (failures[0]) throw refuse({ ...failures[0], remedies: [...failures[0].remedies, asVirshShowsIt] });
  const query = { domain, uuid: undefined, first: hosts.names, everywhere: true, lastHost: undefined };
  const observed = await observe(hosts, query, true);
  const view = theOne(observed, refuse);
  const known = { domain, host: view.host };
  const plan = planOf(settings, readInputs(settings, known).inputs);
  const inputs = { ...known, plan };
  return { id: view.uuid, props: outputs(inputs, view, plan, undefined), inputs };
}

const asVirshShowsIt = { do: "give its name or UUID as `virsh list --all` shows it" };

const noInventory = {
  code: "unknownHost" as const,
  message: "there is no inventory to look for it in",
  remedies: [
    { do: "add hosts", commands: [{ command: "pulumi config set --path 'vm-placement:hosts.kvm-a.address' ADDRESS" }] },
  ],
};

function theOne(
  { views, asked, unreachable }: Observed,
  refuse: (failure: Pick<Failure, "code" | "message" | "remedies">) => PlacementError,
): DomainView {
  const uuids = [...new Set(views.map(({ uuid }) => uuid))];
  if (uuids.length > 1) {
    const each = views.map(({ host, uuid }) => `${uuid} on ${host}`);
    const message = `several VMs have that name: ${listed(each, "and")}`;
    throw refuse({ code: "domainConflict", message, remedies: [{ do: "import it by its UUID" }] });
  }
  const place = whereIs(views);
  if (place && "host" in place) return place;
  if (place) {
    const remedies = [
      { do: "find out which of them is right, with `virsh domstate` on each host, and import it then" },
    ];
    throw refuse({ code: "domainOnTwoHosts", message: place.unclear, remedies });
  }
  const silent = unreachable.map(({ host, why }) => `${host} cannot be asked (${why})`);
  const hostBack = { do: "bring the hosts back that cannot be asked, and import it again" };
  throw refuse({
    code: unreachable.length > 0 ? "hostUnreachable" : "domainMissing",
    message: [`the VM is not on ${listed(asked.filter((name) => unreachable.every(({ host }) => host !== name)))}`, ...silent].join("; "), // prettier-ignore
    remedies: [
      ...(unreachable.length > 0 ? [hostBack] : []),
      { do: `${asVirshShowsIt.do}, and have its host in vm-placement:hosts` },
    ],
  });
}
