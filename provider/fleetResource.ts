import { readFileSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { PlacementsArgs } from "./core/placementsArgs";
// eslint-disable-next-line no-restricted-imports -- types only
import type * as program from "./placements/program";
import type { HostArgs } from "./core/model";
import { type DeepInput, VmPlacement } from "./resource";

const type = "vm-placement:index:VmFleet";

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

/**
 * Where many VMs run, as data: a `VmPlacement` for each VM of a placements file.
 *
 * The file keeps to its own rules, or nothing is placed: VMs that belong apart or together, hosts that are allowed, hosts in maintenance.
 * Both preview and update check it, from the file and the inventory alone.
 *
 * @example
 * const fleet = new VmFleet("prod", { file: "placements.yaml" });
 * export const hosts = fleet.hosts;
 */
export class VmFleet extends pulumi.ComponentResource {
  /** The placement of each VM, by its name in the file. */
  readonly placements: Readonly<Record<string, VmPlacement>>;
  /** The host on which each VM was last observed, by the VM's name in the file. */
  readonly hosts: pulumi.Output<Record<string, string>>;

  /**
   * Declares the placements of a file.
   *
   * @param name The fleet's name. The placement of the VM db-01 in the fleet prod is called prod-db-01.
   * @param args Which file.
   * @param options Pulumi's own options. Each placement waits for what `dependsOn` names.
   */
  constructor(name: string, args: VmFleetArgs = {}, options: pulumi.ComponentResourceOptions = {}) {
    super(type, name, {}, options);
    const { members, warnings } = this.read(args);
    for (const warning of warnings) void pulumi.log.warn(warning, this);
    const placements = new Map<string, VmPlacement>();
    for (const member of members) {
      const before = member.after.map((other) => placements.get(other)!);
      placements.set(member.name, this.place(name, member, before, args, options));
    }
    const all = members.map((member) => [member.name, placements.get(member.name)!] as const);
    this.placements = Object.fromEntries(all);
    this.hosts = pulumi
      .all(all.map(([, placement]) => placement.currentHost))
      .apply((hosts) => Object.fromEntries(all.map(([vm], i) => [vm, hosts[i]!])));
    this.registerOutputs({ hosts: this.hosts });
  }

  private place(
    fleet: string,
    { name, domain, host, migration, onDrift, limits }: program.FleetMember,
    before: VmPlacement[],
    { aliases = {}, inventory }: VmFleetArgs,
    { dependsOn }: pulumi.ComponentResourceOptions,
  ): VmPlacement {
    const given = Object.hasOwn(aliases, name) ? aliases[name]! : [];
    return new VmPlacement(
      `${fleet}-${name}`,
      {
        domain,
        host,
        ...(migration !== undefined && { migration }),
        ...(onDrift !== undefined && { onDrift }),
        ...(limits !== undefined && { limits }),
        ...(inventory !== undefined && { inventory }),
      },
      {
        parent: this,
        aliases: [{ name, parent: pulumi.rootStackResource }, ...given],
        dependsOn: withMore(dependsOn, before),
      },
    );
  }

  private read(args: VmFleetArgs): program.FleetOfProgram {
    const { file, placements, inventory = {} } = args;
    if (file !== undefined && placements !== undefined) {
      throw new pulumi.ResourceError("a fleet takes `file` or `placements`, and not both [invalidInput]", this, true);
    }
    const root = pulumi.getRootDirectory();
    const path = resolve(isAbsolute(root) ? root : process.cwd(), file ?? "placements.yaml");
    const shown = placements === undefined ? relative(process.cwd(), path) : "`placements` of the fleet";
    if (hasOutput(placements)) {
      const message = `${shown} has an output of another resource in it; which VMs there are must be known before any resource is made [invalidInput]`;
      throw new pulumi.ResourceError(message, this, true);
    }
    try {
      // Only a program with a fleet loads what reads one: YAML and zod take a tenth of a second.
      // eslint-disable-next-line @typescript-eslint/no-require-imports
      const { fleetOf } = require("./placements/program") as typeof program;
      const hosts = pulumi.runtime.getConfig("vm-placement:hosts");
      return fleetOf(placements ?? this.textOf(path, shown), shown, hosts, Object.keys(inventory));
    } catch (error) {
      // The user's own error, whose place in this package says nothing.
      if (!(error instanceof Error) || error.name !== "PlacementError") throw error;
      throw new pulumi.ResourceError(error.message, this, true);
    }
  }

  private textOf(path: string, shown: string): string {
    try {
      return new TextDecoder().decode(readFileSync(path));
    } catch (error) {
      const why =
        (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message;
      const message = `cannot read ${shown}: ${why}; a relative path begins at the directory of Pulumi.yaml, and \`npx vm-placement discover --write ${shown}\` makes one of what the hosts have [invalidInput]`;
      throw new pulumi.ResourceError(message, this, true);
    }
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
