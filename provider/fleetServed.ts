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
  const { inventory, ...others } = inputs as VmFleetArgs;
  const args = { ...((await settled(others)) as VmFleetArgs), ...(inventory !== undefined && { inventory }) };
  const { urn, state } = new ServedFleet(name, args, options, await namesOf(inventory));
  return { urn, state };
}

/** Of an output, what the SDK's types leave out. */
interface OutputParts {
  isKnown: Promise<boolean>;
  isSecret: Promise<boolean>;
  promise(withUnknowns?: boolean): Promise<unknown>;
  resources(): Set<pulumi.Resource>;
}

/** Some languages send each value as an output. One that is known, no secret, and of no other resource, is a plain value. */
async function settled(value: unknown): Promise<unknown> {
  if (pulumi.Output.isInstance(value)) {
    const output = value as unknown as OutputParts;
    const isPlain = (await output.isKnown) && !(await output.isSecret) && output.resources().size === 0;
    return isPlain ? settled(await output.promise()) : value;
  }
  if (Array.isArray(value)) return Promise.all(value.map(settled));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(async ([name, item]) => [name, await settled(item)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** An inventory that is a secret, or depends on other resources, comes as an output. Undefined: the names are not known yet. */
async function namesOf(inventory: unknown): Promise<string[] | undefined> {
  const isOutput = pulumi.Output.isInstance(inventory);
  const value = isOutput ? await (inventory as unknown as OutputParts).promise(true) : inventory;
  return isUnknown(value) ? undefined : Object.keys(value ?? {});
}

void pulumi.provider.main({ construct }, process.argv.slice(2));
