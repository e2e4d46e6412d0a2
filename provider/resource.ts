import * as pulumi from "@pulumi/pulumi";
import type { LastMigration, MigrationArgs, Plan } from "./core/args";

/** The permanent name under which users' states find this code: never rename it. */
const providerText = 'exports.handler = () => require("pulumi-vm-placement/handlers");';
const type = "pulumi-nodejs:dynamic/libvirt:VmPlacement";

/** The inputs of a placement. */
export interface VmPlacementArgs {
  /**
   * libvirt domain: its name or its UUID. Changing it between the two names of one VM updates; another VM replaces the
   * placement (nothing happens to either VM).
   */
  domain: pulumi.Input<string>;
  /**
   * Where it shall run: a host of `vm-placement:hosts` (or, without an inventory, any ssh destination). A list means any of these: it
   * stays where it is if that is a member, else it is moved to the first.
   */
  host: pulumi.Input<string | pulumi.Input<string>[]>;
  /** How it is moved when it has to be. Changing only this records the options and touches no host. */
  migration?: pulumi.Input<pulumi.Unwrap<MigrationArgs> | DeepInput<MigrationArgs>>;
}

/** Plain values of which every leaf may also be an output of another resource. */
export type DeepInput<T> = T extends readonly (infer U)[]
  ? pulumi.Input<DeepInput<U>[]>
  : T extends object
    ? { [K in keyof T]: pulumi.Input<DeepInput<T[K]>> }
    : pulumi.Input<T>;

/**
 * This libvirt VM runs on that KVM host.
 *
 * Creating it adopts a VM that already is there and moves one that is elsewhere; changing `host` moves it; deleting it forgets the
 * placement and touches nothing. The VM itself is never created, stopped or undefined.
 *
 * @example
 * new VmPlacement("db", { domain: "db-01", host: "kvm-b", migration: { timeout: "5m", onTimeout: "postCopy", postCopy: true } });
 */
export class VmPlacement extends pulumi.CustomResource {
  /** For policies: `validateResourceOfType(VmPlacement, …)`. */
  static readonly __pulumiType = type;

  static override isInstance(value: unknown): value is VmPlacement {
    return pulumi.CustomResource.isInstance(value) && (value as { __pulumiType?: unknown }).__pulumiType === type;
  }

  declare readonly domain: pulumi.Output<string>;
  declare readonly host: pulumi.Output<string | string[]>;
  declare readonly migration: pulumi.Output<MigrationArgs | undefined>;
  /** The host it was last seen on. */
  declare readonly currentHost: pulumi.Output<string>;
  /** libvirt's UUID of the VM; also the resource's id. */
  declare readonly domainUuid: pulumi.Output<string>;
  /** `virsh domstate` when it was last seen: "running", "paused", "shut off" … */
  declare readonly state: pulumi.Output<string>;
  /** The exact commands of a move to `host`. */
  declare readonly plan: pulumi.Output<Plan>;
  /** What the last migration did; undefined while none was needed. */
  declare readonly lastMigration: pulumi.Output<LastMigration | undefined>;
  /** The version of what is kept in state. */
  declare readonly schemaVersion: pulumi.Output<number>;

  constructor(name: string, args: VmPlacementArgs, options?: pulumi.CustomResourceOptions) {
    const props = {
      ...args,
      currentHost: undefined,
      domainUuid: undefined,
      state: undefined,
      plan: undefined,
      lastMigration: undefined,
      schemaVersion: undefined,
      __provider: providerText,
      // Handlers are not told for whom they work; without this their texts could not reach the resource's row.
      __urn: pulumi.createUrn(name, type, options?.parent),
    };
    super(type, name, props, options);
  }
}
