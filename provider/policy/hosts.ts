/** Policies about the hosts that placements name. */
import type { PeerTransport } from "../core/model";
import { listed } from "../core/near";
import type { Rule } from "../fleet/model";
import { select, show } from "../fleet/rules";
import { type PlacementPolicy, type ProgramPolicy, selectorSchema, violation } from "./definition";
import { type SomeVms } from "./migrationOptions";
import { brokenWith, expectedHost, type Facts, hostsNamed, isSelected, mayMove, transportTo } from "./model";

export const pinnedHostKeys: PlacementPolicy<SomeVms> = {
  description:
    "The host keys of a VM's hosts, and of the jump hosts to these, are pinned: hostKey in vm-placement:hosts.",
  schema: { vms: selectorSchema },
  check: (placement, { vms }, facts) => {
    if (!isSelected(vms, placement)) return [];
    const hosts = new Set(placement.hosts.flatMap((host) => [host, ...jumpHosts(host, facts)]));
    return [...hosts]
      .filter((host) => facts.hosts[host]?.hostKey === undefined)
      .map((host) =>
        violation(
          placement.vm,
          facts.hosts[host]
            ? `host ${host} without a pinned host key`
            : `host ${host}, which the inventory does not have`,
          "hosts with hostKey in vm-placement:hosts",
          `pin it: pulumi config set --path 'vm-placement:hosts.${host}.hostKey' SHA256:…`,
        ),
      );
  },
};

/** Those that the inventory has: others are names of ssh_config or addresses. */
function jumpHosts(host: string, facts: Facts): string[] {
  return (facts.hosts[host]?.proxyJump ?? "").split(",").filter((name) => Object.hasOwn(facts.hosts, name));
}

/** Settings of `peer-transport`. */
export interface PeerTransports extends SomeVms {
  /** The transports that may be used between hosts. Default: "ssh" and "tls". */
  allowed?: readonly PeerTransport[];
}

export const peerTransports: PlacementPolicy<PeerTransports> = {
  description: "libvirt reaches the hosts of a VM by an encrypted transport: peerTransport in vm-placement:hosts.",
  schema: {
    vms: selectorSchema,
    allowed: { type: "array", items: { type: "string", enum: ["ssh", "tls", "tcp"] } },
  },
  check: (placement, { vms, allowed = ["ssh", "tls"] }, facts) =>
    placement.hosts
      .filter((host) => isSelected(vms, placement) && !allowed.includes(transportTo(host, facts)))
      .map((host) =>
        violation(
          placement.vm,
          `host ${host}, which the other hosts reach by ${transportTo(host, facts)}`,
          listed(allowed),
          `set peerTransport of ${host} in vm-placement:hosts to one of these`,
        ),
      ),
};

/** Settings of the policies that rules are for. */
export interface Rules {
  /** Instead of the rules of all policies. */
  rules?: readonly Rule[];
}
const names = { type: ["array", "object"], items: { type: "string" }, additionalProperties: { type: "string" } };
const rulesSchema = {
  rules: {
    type: "array",
    items: {
      type: "object",
      properties: { apart: names, together: names, only: names, on: names },
      additionalProperties: false,
    },
  },
};

export const allowedHosts: PlacementPolicy<Rules> = {
  description: "VMs run only on the hosts that rules allow them.",
  schema: rulesSchema,
  notApplicable: ({ rules }, facts) =>
    (rules ?? facts.rules).some((rule) => "only" in rule) ? undefined : "no rule has `only`",
  check: (placement, { rules }, facts) =>
    (rules ?? facts.rules).flatMap((rule) => {
      if (!("only" in rule)) return [];
      const allowed = select(rule.on, hostsNamed(facts, [placement], [rule])).map(({ name }) => name);
      return brokenWith([rule], [placement], facts, ({ hosts }) => hosts).map(({ hosts }) =>
        violation(
          placement.vm,
          `host ${hosts.join(", ")}`,
          `${listed(allowed)} (rule ${show(rule)})`,
          "name one of these as `host`",
        ),
      );
    }),
};

export const apartAndTogether: ProgramPolicy<Rules> = {
  description: "VMs run apart from each other, or together, as rules ask.",
  schema: rulesSchema,
  notApplicable: ({ rules }, facts) =>
    (rules ?? facts.rules).some((rule) => !("only" in rule)) ? undefined : "no rule has `apart` or `together`",
  checkAll: (placements, { rules }, facts) => {
    const among = (rules ?? facts.rules).filter((rule) => !("only" in rule));
    return brokenWith(among, placements, facts, (placement) => [expectedHost(placement, facts)]).map(
      ({ rule, vms, hosts }) => ({
        message:
          "apart" in rule!
            ? violation(vms.join(", "), `one host, ${hosts.join(", ")}`, `a host each (rule ${show(rule)})`, move)
            : violation(vms.join(", "), `hosts ${hosts.join(", ")}`, `one host (rule ${show(rule!)})`, move),
      }),
    );
  },
};
const move = "change `host` of one of them";

export const maintenance: ProgramPolicy<SomeVms> = {
  description: "No VM is moved onto a host in maintenance. One that already runs there may stay.",
  schema: { vms: selectorSchema },
  checkAll: (placements, { vms }, facts) =>
    placements
      .filter((placement) => isSelected(vms, placement) && mayMove(placement, facts))
      .filter((placement) => facts.hosts[expectedHost(placement, facts)]?.maintenance)
      .map((placement) => {
        const open = Object.keys(facts.hosts).filter((host) => !facts.hosts[host]!.maintenance);
        const got = `host ${listed(placement.hosts)}, in maintenance`;
        const fix = "name another host, or end the maintenance in vm-placement:hosts";
        return { message: violation(placement.vm, got, listed(open), fix), urn: placement.urn };
      }),
};
