import * as pulumi from "@pulumi/pulumi";
import { declareFleet, fleetType, type VmFleetArgs } from "./fleetDeclared";
import { VmPlacement } from "./resource";

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
    super(fleetType, name, {}, options);
    const { placements, hosts } = declareFleet(this, name, args, options, {
      create: (...each) => new VmPlacement(...each),
      otherType: "vm-placement:index:VmPlacement",
      hostsMade: Object.keys(args.inventory ?? {}),
    });
    this.placements = placements;
    this.hosts = hosts;
    this.registerOutputs({ hosts });
  }
}
