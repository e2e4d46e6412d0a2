/** schema.json: the package as Pulumi's languages know it, from the types that a TypeScript program uses and their doc comments. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { SchemaTypes, type Property } from "./schemaTypes";

export const pulumiSchemaFile = "schema.json";

const root = join(__dirname, "../..");
const name = "vm-placement";
const files = {
  args: "provider/core/args.ts",
  config: "provider/core/configArgs.ts",
  functions: "provider/core/functionArgs.ts",
  placements: "provider/core/placementsArgs.ts",
  fleet: "provider/fleetResource.ts",
  fleetArgs: "provider/fleetDeclared.ts",
  resource: "provider/resource.ts",
};
/** A secret as a whole: keys and passphrases stand in them. */
const secrets = new Set(["hosts", "inventory"]);
const functions = {
  getPlacements: {
    description: "The VMs that are on the hosts now, running or not. Asks each host, and changes nothing.",
    types: "GetPlacements",
  },
  planMove: {
    description:
      "What an `up` with these inputs would meet: the exact commands, what blocks the move, and how long it takes. Asks the hosts, and changes nothing.",
    types: "PlanMove",
  },
};

const language = {
  nodejs: { packageName: "@pulumi-vm-placement/sdk", respectSchemaVersion: true },
  python: { packageName: "pulumi_vm_placement", pyproject: { enabled: true }, respectSchemaVersion: true },
  go: {
    importBasePath: "pulumi-vm-placement/sdk/go/vmplacement",
    generateResourceContainerTypes: true,
    respectSchemaVersion: true,
  },
  csharp: { rootNamespace: "Pulumi", respectSchemaVersion: true },
  java: { basePackage: "com.pulumi", buildFiles: "gradle" },
};

export function pulumiSchema(): object {
  const { version, description, license, homepage, repository } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  ) as Record<"version" | "description" | "license" | "homepage", string> & { repository: { url: string } };
  const address = repository.url.replace(/^git\+|\.git$/g, "");
  const program = ts.createProgram(
    Object.values(files).map((file) => join(root, file)),
    { types: [], strict: true, exactOptionalPropertyTypes: true, noResolve: false, skipLibCheck: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 }, // prettier-ignore
  );
  const types = new SchemaTypes(program.getTypeChecker(), name);
  const of = (file: string, type: string) => exported(program, file, type);

  const config = withDefaults(types.propertiesOf(of(files.config, "ConfigArgs")));
  const inputs = withDefaults(
    types.propertiesOf(of(files.args, "PlacementArgs"), of(files.resource, "VmPlacementArgs")),
  );
  const outputs = types.outputsOf(of(files.resource, "VmPlacement"));
  return {
    $schema: "https://raw.githubusercontent.com/pulumi/pulumi/master/pkg/codegen/schema/pulumi.json",
    name,
    displayName: "VM placement",
    version,
    description,
    keywords: ["pulumi", "libvirt", "kvm", "live-migration", "category/infrastructure", "kind/native"],
    license,
    homepage,
    repository: address,
    publisher: new URL(address).pathname.split("/")[1],
    attribution: "",
    config: { variables: specs(config) },
    provider: {
      description: "Hosts and settings of a provider of its own, in place of the stack's configuration.",
      inputProperties: specs(config),
    },
    resources: {
      [`${name}:index:VmPlacement`]: {
        description: types.docOf(of(files.resource, "VmPlacement")),
        properties: specs(outputs),
        required: requiredOf(outputs),
        inputProperties: specs(inputs),
        requiredInputs: requiredOf(inputs),
      },
      [`${name}:index:VmFleet`]: fleetOf(
        types,
        of(files.fleet, "VmFleet"),
        of(files.placements, "FleetArgs"),
        of(files.fleetArgs, "VmFleetArgs"),
      ),
    },
    functions: functionsOf(types, (type) => of(files.functions, type)),
    types: types.all(),
    language,
  };
}

function fleetOf(types: SchemaTypes, fleet: ts.Symbol, args: ts.Symbol, documented: ts.Symbol): object {
  const placements = {
    type: "object",
    additionalProperties: { $ref: `#/resources/${name}:index:VmPlacement` },
    description: types.docOfMember(fleet, "placements"),
  };
  const outputs = types.outputsOf(fleet);
  const own = outputs.map((each) => [each.name, each.spec]);
  // Which VMs there are has to be known before any placement is made. The fields of hosts may be outputs of other resources, and a secret
  // as a whole would hide their names.
  const inputs = types.propertiesOf(args, documented);
  const known = inputs.map((each) => [each.name, each.name === "inventory" ? each.spec : plain(each.spec)]);
  return {
    isComponent: true,
    description: types.docOf(fleet),
    properties: { ...(Object.fromEntries(own) as object), placements },
    required: [...requiredOf(outputs), "placements"],
    inputProperties: Object.fromEntries(known) as object,
  };
}

/** No outputs, at any depth. */
function plain(spec: Property["spec"]): Property["spec"] {
  const parts = ["items", "additionalProperties"].filter((key) => key in spec);
  return {
    ...spec,
    ...("oneOf" in spec && { oneOf: (spec["oneOf"] as Property["spec"][]).map(plain) }),
    ...Object.fromEntries(parts.map((key) => [key, plain(spec[key] as Property["spec"])])),
    plain: true,
  };
}

function functionsOf(types: SchemaTypes, of: (type: string) => ts.Symbol): object {
  return Object.fromEntries(
    Object.entries(functions).map(([token, { description: what, types: prefix }]) => {
      const args = types.propertiesOf(of(`${prefix}Args`));
      const result = types.propertiesOf(of(`${prefix}Result`));
      return [
        `${name}:index:${token}`,
        {
          description: what,
          inputs: { type: "object", properties: specs(args), ...some("required", requiredOf(args)) },
          outputs: { type: "object", properties: specs(result), ...some("required", requiredOf(result)) },
        },
      ];
    }),
  );
}

function exported(program: ts.Program, file: string, type: string): ts.Symbol {
  const checker = program.getTypeChecker();
  const source = checker.getSymbolAtLocation(program.getSourceFile(join(root, file))!)!;
  const found = checker.getExportsOfModule(source).find((symbol) => symbol.name === type);
  if (!found) throw new Error(`${file} exports no ${type}`);
  return found;
}

/** What the doc comment names as the default, where it is a plain value. */
function withDefaults(properties: Property[]): Property[] {
  return properties.map((property) => {
    const text = / Default: ("[^"]*"|true|false|\d+)\.$/.exec(String(property.spec.description))?.[1];
    const spec = text === undefined ? property.spec : { ...property.spec, default: JSON.parse(text) as unknown };
    return { ...property, spec };
  });
}

function specs(properties: readonly Property[]): Record<string, unknown> {
  return Object.fromEntries(
    properties.map((each) => [each.name, { ...each.spec, ...(secrets.has(each.name) && { secret: true }) }]),
  );
}

function requiredOf(properties: readonly Property[]): string[] {
  return properties.filter(({ optional }) => !optional).map((each) => each.name);
}

function some(key: string, names: readonly string[]): Record<string, readonly string[]> {
  return names.length > 0 ? { [key]: names } : {};
}
