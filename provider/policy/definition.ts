/** The shape of a policy: plain functions from facts to messages, which ../policy.ts turns into what a policy pack takes. */
import { listed } from "../core/near";
import type { Labels, Selector } from "../fleet/model";
import type { Facts, Placement } from "./model";

/** JSON schema of settings, as `configSchema` of a policy takes it. */
type Schema = Record<string, object>;

export interface Definition<S> {
  description: string;
  schema: Schema;
  /** Disabled until the options, or a level in the pack's configuration, ask for it. */
  onlyWhenAsked?: true;
  /** The settings that have no default. */
  requires?: readonly string[];
  /** Why the policy says nothing with these settings. */
  notApplicable?: (settings: S, facts: Facts) => string | undefined;
}

/** Judges each placement on its own, before its VM is moved. */
export interface PlacementPolicy<S> extends Definition<S> {
  check: (placement: Placement, settings: S, facts: Facts) => string[];
  /** The inputs of `migration` that the policy sets, where its enforcement level is `remediate`. */
  remedy?: (placement: Placement, settings: S, facts: Facts) => Readonly<Record<string, unknown>> | undefined;
}

/** Judges the whole program: in the preview, and again after the last step. */
export interface ProgramPolicy<S> extends Definition<S> {
  checkAll: (placements: readonly Placement[], settings: S, facts: Facts) => { message: string; urn?: string }[];
}

/** `got …; allowed: …; <what to do>`, with the VM in front. */
export function violation(vm: string, got: string, allowed: string, fix: string): string {
  return `${vm}: got ${got}; allowed: ${allowed}; ${fix}`;
}

/** "site: muc" or "kvm-a or kvm-b", for messages. */
export function shownSelector(selector: Selector): string {
  if (Array.isArray(selector)) return listed(selector as string[]);
  return Object.entries(selector as Labels)
    .map(([key, value]) => `${key}: ${value}`)
    .join(", ");
}

/** A selector in a policy's configuration: names, or labels that all must match. */
export const selectorSchema = {
  type: ["array", "object"],
  items: { type: "string" },
  additionalProperties: { type: "string" },
  description: "Names of VMs, or labels that all must match. Default: all VMs.",
};
