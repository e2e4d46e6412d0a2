/**
 * The component `VmFleet` for programs in every language. A thread of the provider's process (`server/components.ts`): it runs Pulumi's SDK
 * as a program does, and serves by the SDK's own provider. Its placements are resources of the provider.
 */
import * as pulumi from "@pulumi/pulumi";
import { isUnknown } from "@pulumi/pulumi/output";
import type { FleetArgs } from "./core/placementsArgs";
import { declareFleet, fleetType, type VmFleetArgs } from "./fleetDeclared";
import type { VmPlacementArgs } from "./resource";

/** A placement of the provider. */
class ServedPlacement extends pulumi.CustomResource {
  declare readonly currentHost: pulumi.Output<string>;

  constructor(name: string, args: VmPlacementArgs, options: pulumi.CustomResourceOptions) {
    const inventory = args.inventory !== undefined && { inventory: pulumi.secret(args.inventory) };
    super("vm-placement:index:VmPlacement", name, { ...args, ...inventory, currentHost: undefined }, options);
  }
}

class ServedFleet extends pulumi.ComponentResource {
  readonly state: pulumi.Inputs;

  constructor(
    name: string,
    args: VmFleetArgs,
    options: pulumi.ComponentResourceOptions,
    hostsMade: readonly string[] | undefined,
  ) {
    super(fleetType, name, {}, options);
    this.state = declareFleet(this, name, args, options, {
      create: (...each) => new ServedPlacement(...each),
      otherType: "pulumi-nodejs:dynamic/libvirt:VmPlacement",
      hostsMade,
    });
    this.registerOutputs(this.state);
  }
}

const names = Object.keys({
  file: true,
  placements: true,
  aliases: true,
  inventory: true,
} satisfies Record<keyof FleetArgs, true>);

async function construct(name: string, type: string, inputs: pulumi.Inputs, options: pulumi.ComponentResourceOptions) {
  if (type !== fleetType) throw new Error(`unknown component ${type}; the component is ${fleetType}`);
  const unknown = Object.keys(inputs).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new Error(`unknown input "${unknown}" of a fleet; the inputs are ${names.join(", ")} [invalidInput]`);
  const { urn, state } = new ServedFleet(name, inputs, options, await namesOf(inputs["inventory"]));
  return { urn, state };
}

/** An inventory that is a secret, or depends on other resources, comes as an output. Undefined: the names are not known yet. */
async function namesOf(inventory: unknown): Promise<string[] | undefined> {
  const output = inventory as { promise(withUnknowns: boolean): Promise<object> };
  const value = pulumi.Output.isInstance(inventory) ? await output.promise(true) : inventory;
  return isUnknown(value) ? undefined : Object.keys(value ?? {});
}

void pulumi.provider.main({ construct }, process.argv.slice(2));
