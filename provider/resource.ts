import * as pulumi from "@pulumi/pulumi";
import type { HostArgs } from "./core/model";
import type { HostLimitsArgs, LastMigration, MigrationArgs, OnDrift, Plan } from "./core/args";

/** The permanent name under which users' states find this code: never rename it. */
const providerText = 'exports.handler = () => require("pulumi-vm-placement/handlers");';
const type = "pulumi-nodejs:dynamic/libvirt:VmPlacement";

/** The inputs of a placement. */
export interface VmPlacementArgs {
  /**
   * The libvirt domain: its name or its UUID. A change from the name to the UUID of the same VM updates the placement; another VM
   * replaces it, and nothing happens to either VM. A name of digits alone is refused (`invalidInput`): virsh takes it for a domain id.
   */
  domain: pulumi.Input<string>;
  /**
   * Where the VM belongs: a host of `vm-placement:hosts`, or, without an inventory, any ssh destination. Other names are refused
   * (`unknownHost`). A list means any of these: a VM that is on one of them stays, unless that host is in maintenance; otherwise it is
   * moved to the first that is not in maintenance. Where none takes it, it is refused (`hostMaintenance`).
   */
  host: pulumi.Input<string | pulumi.Input<string>[]>;
  /**
   * How the VM is moved when it has to be. A change of this alone records the options and touches no host. Default: libvirt's defaults,
   * `mode: "auto"`.
   */
  migration?: pulumi.Input<pulumi.Unwrap<MigrationArgs> | DeepInput<MigrationArgs>>;
  /**
   * What becomes of the VM when it was moved by hand, or by anything but `up`. `moveBack`: `up` moves it to `host`, once it knows
   * (`pulumi up --refresh`). `adopt`: it stays where it is until `host` changes in the program. `fail`: `up` moves it nowhere (`driftFound`)
   * until `host` names the host that it is on, or it is back. Where a host of a list is as good as another there is no drift between them.
   * Default: "moveBack".
   */
  onDrift?: pulumi.Input<OnDrift>;
  /**
   * How much of the destination all of its VMs may take, by what they were given. A preview checks it, and `up` again right before the move,
   * by the VMs that are there then and those that are on their way. A move that would break it is refused (`migrationRefused`). Default: no
   * limit.
   */
  limits?: pulumi.Input<DeepInput<HostLimitsArgs>>;
  /**
   * Hosts beside those of `vm-placement:hosts`, by name, with the same fields: hosts that other resources of the program make, say, so that
   * one `up` builds a host and moves a VM there. Give all placements the same, so that they share connections. A name of
   * `vm-placement:hosts` with other fields is refused (`invalidInput`). It is kept as a secret. Default: none.
   */
  inventory?: pulumi.Input<Record<string, pulumi.Input<DeepInput<HostArgs>>>>;
}

/** Plain values, each of which may also be an output of another resource. */
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

  /** Whether a value is a placement, also one of another copy of this package. */
  static override isInstance(value: unknown): value is VmPlacement {
    return pulumi.CustomResource.isInstance(value) && (value as { __pulumiType?: unknown }).__pulumiType === type;
  }

  /** The libvirt domain, as the program names it. */
  declare readonly domain: pulumi.Output<string>;
  /** Where the VM belongs, as the program says it. */
  declare readonly host: pulumi.Output<string | string[]>;
  /** How the VM is moved when it has to be, as the program says it. */
  declare readonly migration: pulumi.Output<MigrationArgs | undefined>;
  /** What becomes of the VM when it was moved by hand, as the program says it. */
  declare readonly onDrift: pulumi.Output<OnDrift | undefined>;
  /** How much of a destination its VMs may take, as the program says it. */
  declare readonly limits: pulumi.Output<HostLimitsArgs | undefined>;
  /** Hosts beside those of `vm-placement:hosts`, as the program says them; a secret. */
  declare readonly inventory: pulumi.Output<Record<string, HostArgs> | undefined>;
  /** The host on which the VM was last observed: its name in the inventory. */
  declare readonly currentHost: pulumi.Output<string>;
  /** libvirt's UUID of the VM (`virsh domuuid`); also the resource's id. */
  declare readonly domainUuid: pulumi.Output<string>;
  /** What `virsh domstate` printed when the VM was last observed: "running", "paused", "shut off" … */
  declare readonly state: pulumi.Output<string>;
  /** The exact commands of a move to `host`, made from the inputs and the inventory only. */
  declare readonly plan: pulumi.Output<Plan>;
  /** What the last migration did; undefined after adoption, while no move was needed. */
  declare readonly lastMigration: pulumi.Output<LastMigration | undefined>;
  /** The version of the format in which the placement is kept in state. */
  declare readonly schemaVersion: pulumi.Output<number>;

  /**
   * Declares a placement. Nothing happens before `pulumi up`.
   *
   * @param name The resource's name, unique among the placements of a stack.
   * @param args Which VM belongs on which host, and how it is moved.
   * @param options Pulumi's own options. `customTimeouts` have no effect (use `migration.timeout`), and `import` is not possible.
   */
  constructor(name: string, args: VmPlacementArgs, options?: pulumi.CustomResourceOptions) {
    const props = {
      ...args,
      ...(args.inventory !== undefined && { inventory: pulumi.secret(args.inventory) }),
      currentHost: undefined,
      domainUuid: undefined,
      state: undefined,
      plan: undefined,
      lastMigration: undefined,
      schemaVersion: undefined,
      __provider: providerText,
      // Handlers are not told for whom they work; without this their texts could not reach the resource's row.
      __urn: urnOf(name, options?.parent),
      // Nor are they told whether this is a preview. It reaches check only, which leaves it out of the inputs.
      __dryRun: pulumi.runtime.isDryRun(),
    };
    const resume = pauseStackTraces();
    try {
      super(type, name, props, options);
    } catch (error) {
      resume();
      if (error instanceof Error) Error.captureStackTrace(error, VmPlacement);
      throw error;
    } finally {
      resume();
    }
  }
}

/**
 * The SDK takes four stack traces for each property, to tell where a promise that never settles was made: a quarter of what a program of a
 * thousand placements costs. With PULUMI_DEBUG_PROMISE_LEAKS, which prints them, they are taken.
 */
function pauseStackTraces(): () => void {
  const limit = Error.stackTraceLimit;
  if (!process.env["PULUMI_DEBUG_PROMISE_LEAKS"]) Error.stackTraceLimit = 0;
  return () => void (Error.stackTraceLimit = limit);
}

/** Without a parent as plain text: outputs are what a program of many placements spends its time on. */
function urnOf(name: string, parent: pulumi.Resource | undefined): string | Promise<string> {
  if (parent !== undefined) return withoutDependency(pulumi.createUrn(name, type, parent));
  return `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${type}::${name}`;
}

/**
 * The value alone. An output of the parent makes a resource depend on all children of the parent: two placements in one component would
 * wait for each other for ever (SDK 3.248).
 */
function withoutDependency<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => void output.apply((value) => resolve(value)));
}
