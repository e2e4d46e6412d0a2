/** Ready-made policies for a PolicyPack: `pulumi-vm-placement/policy`. */
import { readFileSync } from "node:fs";
import { Config } from "@pulumi/pulumi";
import {
  type Policies,
  type Policy,
  remediateResourceOfType,
  type ResourceValidationPolicy,
  type StackValidationPolicy,
  validateResourceOfType,
  validateStackResourcesOfType,
} from "@pulumi/policy";
import { listed } from "./core/near";
import type { Limits, Rule } from "./fleet/model";
import {
  type Level,
  ofPlacements,
  ofPrograms,
  type OwnLevel,
  type PolicyName,
  type PolicySettings,
} from "./policy/all";
import type { Definition, PlacementPolicy, ProgramPolicy } from "./policy/definition";
import { type Facts, type Placement, placementOf, type PolicyHost, type PolicyVm } from "./policy/model";
import { parsePlacements } from "./placements/parse";
import type { Placements } from "./placements/model";
import { VmPlacement } from "./resource";

export type { HostLimits, Labels, Limits, OnlyRule, ApartRule, Rule, Selector, TogetherRule } from "./fleet/model";
export type { Level, OwnLevel, PolicyName, PolicySettings, Setting } from "./policy/all";
export type { PeerTransport } from "./core/model";
export type { PeerTransports, Rules } from "./policy/hosts";
export type { AcceptedBlockers, Encryption, MigrationLimits, SomeVms } from "./policy/migrationOptions";
export type { PolicyHost, PolicyVm } from "./policy/model";
export type { Capacity, MovesPerUpdate } from "./policy/program";
export type { ChangeWindow, ChangeWindows, Day } from "./policy/windows";

/** What a pack knows beside the program, and how each policy is set. */
export interface PlacementPolicyOptions {
  /** The level of each policy that sets none of its own. Default: "mandatory". */
  enforcementLevel?: Level;
  /** The path of a placements file, from the pack's directory: its labels, rules, limits and maintenance hold here too. Default: none. */
  placements?: string;
  /** What is known of hosts, added to the placements file and to `vm-placement:hosts`, which the pack reads from the stack's configuration. */
  hosts?: Readonly<Record<string, PolicyHost>>;
  /** What is known of VMs, by name, added to the placements file. */
  vms?: Readonly<Record<string, PolicyVm>>;
  /** Which VMs run apart, together, or on certain hosts only, beside the rules of the placements file. */
  rules?: readonly Rule[];
  /** How full hosts may become, and how many VMs one update may move; each before that of the placements file. */
  limits?: Limits;
  /**
   * Where the VMs run before the update: by name, or the path of a placements file as it was then. Default: not known, so every placement that an update makes or changes counts as a
   * move, also an adoption or a change of `migration` alone.
   */
  current?: Readonly<Record<string, string>> | string;
  /** How each policy is set. `--policy-pack-config` overrides the settings one by one. */
  policies?: PolicySettings;
  /** The clock. Default: that of this computer. */
  now?: () => Date;
}

/**
 * Policies for placements. `encryption`, `no-post-copy`, `migration-limits` and `change-windows` are disabled until `policies` names
 * them; those that need rules, sizes or limits do not apply until they have them.
 *
 * @example
 * new PolicyPack("placements", { policies: placementPolicies({ policies: { encryption: { between: "site" } } }) });
 */
export function placementPolicies(options: PlacementPolicyOptions = {}): Policies {
  // Now, so that a file with a fault ends the pack before anything is judged.
  const files = {
    placements: options.placements === undefined ? undefined : readFile(options.placements),
    current: typeof options.current === "string" ? hostsOf(readFile(options.current)) : (options.current ?? {}),
  };
  let known: Facts | undefined;
  const facts = () => (known ??= factsOf(options, files));
  const all = [...Object.keys(ofPlacements), ...Object.keys(ofPrograms)];
  for (const name of Object.keys(options.policies ?? {}))
    if (!all.includes(name)) throw new Error(`policies: got ${JSON.stringify(name)}; expected ${listed(all)}`);
  return [
    ...named<PlacementPolicy<object>>(ofPlacements).map(([name, each]) =>
      placementPolicy(common(name, each, options), each, facts),
    ),
    ...named<ProgramPolicy<object>>(ofPrograms).map(([name, each]) =>
      programPolicy(common(name, each, options), each, facts),
    ),
  ];
}

/** Each takes the settings that stand under its own name. */
function named<D>(policies: object): [PolicyName, D][] {
  return Object.entries(policies) as [PolicyName, D][];
}

function readFile(path: string): Placements {
  return parsePlacements(readFileSync(path, "utf8"), { file: path }).placements;
}

function hostsOf({ vms }: Placements): Record<string, string> {
  return Object.fromEntries(Object.entries(vms).map(([name, { host }]) => [name, host]));
}

interface Files {
  placements: Placements | undefined;
  current: Readonly<Record<string, string>>;
}

function factsOf(options: PlacementPolicyOptions, { placements, current }: Files): Facts {
  const inventory = new Config("vm-placement").getObject<Record<string, PolicyHost | null>>("hosts") ?? {};
  return {
    hosts: merged<PolicyHost>(inventory, placements?.hosts ?? {}, options.hosts ?? {}),
    vms: merged<PolicyVm>(placements?.vms ?? {}, options.vms ?? {}),
    rules: [...(placements?.rules ?? []), ...(options.rules ?? [])],
    limits: { ...placements?.limits, ...options.limits },
    current,
    now: options.now ?? (() => new Date()),
  };
}

/** Of each name what stands in all of them, the last first; labels and limits one by one. */
function merged<T extends PolicyHost | PolicyVm>(...all: readonly Readonly<Record<string, T | null>>[]) {
  const names = new Set(all.flatMap((each) => Object.keys(each)));
  const one = (name: string): T => {
    const entries = all.map((each): PolicyHost & PolicyVm => each[name] ?? {});
    const of = (key: "labels" | "limits") => {
      const parts = entries.map((entry) => entry[key]).filter((part) => part !== undefined);
      return parts.length > 0 && { [key]: Object.assign({}, ...parts) as object };
    };
    return Object.assign({}, ...entries, of("labels"), of("limits")) as T;
  };
  return Object.fromEntries([...names].map((name) => [name, one(name)]));
}

interface Common {
  policy: Policy;
  /** Of the options. */
  settings: object;
}

function common(
  name: PolicyName,
  { description, schema, onlyWhenAsked }: Definition<object>,
  options: PlacementPolicyOptions,
): Common {
  const given = options.policies?.[name];
  const own: OwnLevel = typeof given === "string" ? { enforcementLevel: given } : (given ?? {});
  const unasked = onlyWhenAsked && given === undefined;
  const level = unasked ? "disabled" : (options.enforcementLevel ?? "mandatory");
  const { enforcementLevel = level, ...settings } = own;
  return { policy: { name, description, enforcementLevel, configSchema: { properties: schema } }, settings };
}

interface Asked {
  getConfig: <T extends object>() => T;
  notApplicable: (reason?: string) => never;
}

/** The settings in force: those of the pack's configuration before all others. */
function settingsOf({ policy, settings }: Common, definition: Definition<object>, facts: Facts, args: Asked): object {
  const inForce = { ...settings, ...args.getConfig() };
  const missing = (definition.requires ?? []).filter((key) => !(key in inForce));
  // Without them the policy would let everything pass.
  if (missing.length > 0) throw new Error(`${policy.name}: got no ${listed(missing, "and")} in its settings`);
  const reason = definition.notApplicable?.(inForce, facts);
  return reason === undefined ? inForce : args.notApplicable(reason);
}

function placementPolicy(
  known: Common,
  definition: PlacementPolicy<object>,
  facts: () => Facts,
): ResourceValidationPolicy {
  const { check, remedy } = definition;
  return {
    ...known.policy,
    validateResource: validateResourceOfType(VmPlacement, (props, args, report) => {
      const settings = settingsOf(known, definition, facts(), args);
      for (const message of check(placementOf(args.urn, props, facts()), settings, facts())) report(message);
    }),
    ...(remedy && {
      remediateResource: remediateResourceOfType(VmPlacement, (props, args) => {
        const settings = settingsOf(known, definition, facts(), args);
        const set = remedy(placementOf(args.urn, props, facts()), settings, facts());
        if (set === undefined) return undefined;
        // In place: a copy would lose `__provider`, what is secret, and what is not known yet.
        if (props.migration) Object.assign(props.migration, set);
        else props.migration = set;
        return props;
      }),
    }),
  };
}

function programPolicy(known: Common, definition: ProgramPolicy<object>, facts: () => Facts): StackValidationPolicy {
  return {
    ...known.policy,
    validateStack: validateStackResourcesOfType(VmPlacement, (_placements, args, report) => {
      const settings = settingsOf(known, definition, facts(), args);
      const placements: Placement[] = [];
      let unknown: unknown;
      for (const { urn, props } of args.resources) {
        try {
          placements.push(placementOf(urn, props, facts()));
        } catch (error) {
          unknown = error;
        }
      }
      // They come in the order in which they were registered, which changes from run to run.
      placements.sort((one, other) => one.vm.localeCompare(other.vm));
      for (const { message, urn } of definition.checkAll(placements, settings, facts())) report(message, urn);
      // What is not known yet Pulumi reports itself, as advisory; the placements that are known were judged without it.
      if (unknown !== undefined) throw unknown as Error;
    }),
  };
}
