/** Runs one of the ready-made policies as Pulumi does, without an engine. */
import type { ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { placementPolicies, type PlacementPolicyOptions, type PolicyName } from "../../provider/policy";

const type = "pulumi-nodejs:dynamic/libvirt:VmPlacement";
type Props = Record<string, unknown>;

export class NotApplicable extends Error {}

interface Asked {
  options?: PlacementPolicyOptions;
  /** What `--policy-pack-config` says for this policy. */
  config?: object;
}

const urnOf = (props: Props) => `urn:pulumi:prod::placements::${type}::${String(props["domain"])}`;

function argsOf(props: Props, config: object) {
  return {
    ...{ type, props, urn: urnOf(props), name: String(props["domain"]), stackTags: new Map<string, string>() },
    opts: { protect: false, ignoreChanges: [], aliases: [], customTimeouts: {}, additionalSecretOutputs: [] } as never,
    dependencies: [],
    propertyDependencies: {},
    isType: (resource: unknown) => (resource as { __pulumiType?: string }).__pulumiType === type,
    asType: () => undefined,
    getConfig: <T extends object>() => config as T,
    notApplicable: (reason?: string): never => {
      throw new NotApplicable(reason);
    },
  };
}

export function policyNamed(name: PolicyName, options: PlacementPolicyOptions = {}) {
  const policy = placementPolicies(options).find((each) => each.name === name);
  if (!policy) throw new Error(`no policy ${name}`);
  return policy as Partial<ResourceValidationPolicy> & Partial<StackValidationPolicy>;
}

/** The violations of one policy by a program of these placements. */
export async function violations(name: PolicyName, placements: readonly Props[], asked: Asked = {}): Promise<string[]> {
  const policy = policyNamed(name, asked.options);
  const found: string[] = [];
  const report = (message: string) => void found.push(message);
  const all = placements.map((props) => argsOf(props, asked.config ?? {}));
  if (policy.validateStack) await policy.validateStack({ ...all[0]!, resources: all }, report);
  else for (const args of all) for (const validate of [policy.validateResource!].flat()) await validate(args, report);
  return found;
}

/** The inputs after the remediation of a policy; undefined where it changes nothing. */
export async function remedied(name: PolicyName, props: Props, asked: Asked = {}): Promise<Props | undefined> {
  const { remediateResource } = policyNamed(name, asked.options);
  return (await remediateResource!(argsOf(props, asked.config ?? {}))) as Props | undefined;
}
