/** What a fleet declares: a placement for each VM of its file. The same for the dynamic resource and for the provider. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { HostArgs } from "./core/model";
import type { PlacementsArgs } from "./core/placementsArgs";
import type * as program from "./placements/program";
import type { DeepInput, VmPlacementArgs } from "./resource";

export const fleetType = "vm-placement:index:VmFleet";

/** Where the placements of a fleet come from: a file, or the program. */
export interface VmFleetArgs {
  /**
   * The placements file, YAML or JSON: docs/fleet.md. A relative path begins at the directory of Pulumi.yaml. Default:
   * "placements.yaml", where `placements` is not given.
   */
  file?: string;
  /** What such a file would say: as a value, or as the text of one. Excludes `file`. Outputs of other resources cannot stand in it. */
  placements?: PlacementsArgs | string;
  /**
   * What the placement of a VM was called before, by VM, where it was a resource of its own with another name than the VM's: its history
   * goes on. Default: a resource with the VM's name and without a parent.
   */
  aliases?: Record<string, pulumi.Input<pulumi.URN | pulumi.Alias>[]>;
  /**
   * `inventory` of each placement: hosts beside those of `vm-placement:hosts`, by name. The names are known in the program; their fields may
   * be outputs of other resources. Rules know such a host by its name, and by the labels that the file gives it. Default: none.
   */
  inventory?: Record<string, pulumi.Input<DeepInput<HostArgs>>>;
}

type Placement = pulumi.CustomResource & { readonly currentHost: pulumi.Output<string> };

/** Which resource a fleet's placements are. */
interface Kind<P extends Placement> {
  create: (name: string, args: VmPlacementArgs, options: pulumi.CustomResourceOptions) => P;
  /** The other kind's type: what was a fleet of that kind goes on as this one. */
  otherType: string;
  /** Names of `inventory`; undefined: not known yet. */
  hostsMade: readonly string[] | undefined;
}

interface DeclaredFleet<P> {
  placements: Record<string, P>;
  hosts: pulumi.Output<Record<string, string>>;
}

/** @throws pulumi.ResourceError where the file cannot be used; no placement is made then. */
export function declareFleet<P extends Placement>(
  fleet: pulumi.ComponentResource,
  name: string,
  args: VmFleetArgs,
  { dependsOn }: pulumi.ComponentResourceOptions,
  kind: Kind<P>,
): DeclaredFleet<P> {
  const { members, warnings } = read(fleet, args, kind.hostsMade);
  for (const warning of warnings) void pulumi.log.warn(warning, fleet);
  const placements = new Map<string, P>();
  for (const member of members) {
    const before = member.after.map((other) => placements.get(other)!);
    const options = {
      parent: fleet,
      aliases: aliasesOf(member.name, args, kind.otherType),
      dependsOn: withMore(dependsOn, before),
    };
    placements.set(member.name, kind.create(`${name}-${member.name}`, inputsOf(member, args), options));
  }
  const hosts = pulumi
    .all([...placements.values()].map(({ currentHost }) => currentHost))
    .apply((all) => Object.fromEntries([...placements.keys()].map((vm, i) => [vm, all[i]!])));
  return { placements: Object.fromEntries(placements), hosts };
}

function inputsOf(
  { domain, host, migration, onDrift, limits }: program.FleetMember,
  { inventory }: VmFleetArgs,
): VmPlacementArgs {
  return {
    domain,
    host,
    ...(migration !== undefined && { migration }),
    ...(onDrift !== undefined && { onDrift }),
    ...(limits !== undefined && { limits }),
    ...(inventory !== undefined && { inventory }),
  };
}

function aliasesOf(
  vm: string,
  { aliases = {} }: VmFleetArgs,
  otherType: string,
): pulumi.Input<pulumi.URN | pulumi.Alias>[] {
  const single = { name: vm, parent: pulumi.rootStackResource };
  const given = Object.hasOwn(aliases, vm) ? aliases[vm]! : [];
  return [{ type: otherType }, single, { ...single, type: otherType }, ...given];
}

function read(
  fleet: pulumi.ComponentResource,
  { file, placements }: VmFleetArgs,
  hostsMade: readonly string[] | undefined,
): program.FleetOfProgram {
  const refuse = (message: string) => new pulumi.ResourceError(message, fleet, true);
  if (file !== undefined && placements !== undefined)
    throw refuse("a fleet takes `file` or `placements`, and not both [invalidInput]");
  if (hasOutput(file))
    throw refuse(
      "`file` is an output of another resource; a fleet takes a path, such as placements.yaml [invalidInput]",
    );
  const path = resolve(projectDirectory(), file ?? "placements.yaml");
  const shown = placements === undefined ? relative(process.cwd(), path) : "`placements` of the fleet";
  if (hasOutput(placements))
    throw refuse(
      `${shown} has an output of another resource in it; which VMs there are must be known before any resource is made [invalidInput]`,
    );
  try {
    // Only a program with a fleet loads what reads one: YAML and zod take a tenth of a second.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const { fleetOf } = require("./placements/program") as typeof program;
    const hosts = pulumi.runtime.getConfig("vm-placement:hosts");
    return fleetOf(placements ?? textOf(path, shown, refuse), shown, hosts, hostsMade);
  } catch (error) {
    // The user's own error, whose place in this package says nothing.
    if (!(error instanceof Error) || error.name !== "PlacementError") throw error;
    throw refuse(error.message);
  }
}

/** That of Pulumi.yaml. A provider is not told it, but runs below it. */
function projectDirectory(): string {
  const root = pulumi.getRootDirectory();
  if (isAbsolute(root)) return root;
  const start = process.cwd();
  for (let directory = start; ; directory = dirname(directory)) {
    if (["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"].some((name) => existsSync(join(directory, name))))
      return directory;
    if (dirname(directory) === directory) return start;
  }
}

function textOf(path: string, shown: string, refuse: (message: string) => Error): string {
  try {
    return new TextDecoder().decode(readFileSync(path));
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message;
    throw refuse(
      `cannot read ${shown}: ${why}; a relative path begins at the directory of Pulumi.yaml, and \`npx vm-placement discover --write ${shown}\` makes one of what the hosts have [invalidInput]`,
    );
  }
}

type DependsOn = NonNullable<pulumi.ResourceOptions["dependsOn"]>;

function withMore(dependsOn: DependsOn | undefined, more: pulumi.Resource[]): DependsOn {
  if (dependsOn === undefined) return more;
  if (pulumi.Resource.isInstance(dependsOn)) return [dependsOn, ...more];
  if (Array.isArray(dependsOn)) return [...dependsOn, ...more];
  const later = pulumi.output(dependsOn as pulumi.Input<pulumi.Resource[]>);
  return later.apply((resources) => [...[resources].flat(), ...more]);
}

function hasOutput(value: unknown): boolean {
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(hasOutput);
}
