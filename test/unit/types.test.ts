import assert from "node:assert/strict";
import { join } from "node:path";
import ts from "typescript";
import { presetNames } from "../../provider/core/convergence/presets";
import { type OptionKind, type OptionName, optionNames, optionTable } from "../../provider/core/options";
import { parseInventory } from "../../provider/schema";

/**
 * The public types are written by hand for their readers. Here the compiler is asked what they allow, as lines like
 * `parallel.connections?: number`, and the same lines are made from the table that the schema is made from.
 */
describe("types: what TypeScript allows is what the schema accepts", () => {
  const root = join(__dirname, "../..");
  let checker: ts.TypeChecker;
  let program: ts.Program;

  before(function () {
    this.timeout(60_000);
    const { config } = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path)) as {
      config: unknown;
    };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const files = ["provider/core/args.ts", "provider/core/model.ts", "provider/index.ts"];
    program = ts.createProgram(
      files.map((file) => join(root, file)),
      { ...options, types: [] },
    );
    checker = program.getTypeChecker();
  });

  function declared(file: string, name: string): ts.Type {
    const source = program.getSourceFile(join(root, file))!;
    const symbol = checker.getExportsOfModule(checker.getSymbolAtLocation(source)!).find((s) => s.name === name);
    assert.ok(symbol, `${file} exports no ${name}`);
    return checker.getDeclaredTypeOfSymbol(symbol);
  }

  /** A line for each form that a value may take: "path?: leaf", sorted. */
  function forms(type: ts.Type, path = ""): string[] {
    return type.getProperties().flatMap((property) => {
      const optional = (property.flags & ts.SymbolFlags.Optional) !== 0;
      const inside = `${path}${property.name}`;
      const own = checker.getNonNullableType(checker.getTypeOfSymbol(property));
      const parts = own.isUnion() ? own.types : [own];
      const isObject = (part: ts.Type) =>
        (part.flags & ts.TypeFlags.Object) !== 0 && !checker.isArrayType(part) && part.getProperties().length > 0;
      const leaves = parts.filter((part) => !isObject(part)).map((part) => leaf(part));
      return [
        ...(leaves.length > 0 ? [`${inside}${optional ? "?" : ""}: ${[...new Set(leaves)].sort().join(" | ")}`] : []),
        ...parts.filter(isObject).flatMap((part) => forms(part, `${inside}.`)),
      ];
    });
  }

  function leaf(type: ts.Type): string {
    if (type.flags & ts.TypeFlags.BooleanLike) return "boolean";
    if (!checker.isArrayType(type)) return checker.typeToString(type);
    const [item] = checker.getTypeArguments(type as ts.TypeReference);
    const items = item!.isUnion() ? item.types : [item!];
    return `(${items.map(leaf).sort().join(" | ")})[]`;
  }

  it("migration: every option, form and word", () => {
    assert.deepEqual(
      forms(declared("provider/core/args.ts", "MigrationArgs")).sort(),
      optionNames.flatMap(inTable).sort(),
    );
  });

  it("the placement: its inputs", () => {
    const type = declared("provider/core/args.ts", "PlacementArgs");
    const lines = forms(type).filter((line) => !line.startsWith("migration."));
    assert.deepEqual(lines, [
      "domain: string",
      "host: (string)[] | string",
      'onDrift?: "adopt" | "fail" | "moveBack"',
      "limits.memory?: string",
      "limits.cpu?: string",
      "inventory?: Record<string, HostArgs>",
    ]);
    assert.equal(
      checker.typeToString(checker.getTypeOfSymbol(type.getProperty("migration")!)),
      "MigrationArgs | undefined",
    );
    const args = declared("provider/index.ts", "VmPlacementArgs").getProperties();
    assert.deepEqual(
      args.map(({ name, flags }) => `${name}${flags & ts.SymbolFlags.Optional ? "?" : ""}`),
      ["domain", "host", "migration?", "onDrift?", "limits?", "inventory?"],
    );
  });

  it("the inventory: every field and its kind, each with a doc comment", () => {
    const host = declared("provider/core/model.ts", "HostArgs");
    for (const property of host.getProperties()) {
      assert.notEqual(ts.displayPartsToString(property.getDocumentationComment(checker)), "", property.name);
    }
    const { failures } = parseInventory('{"kvm-a":{"?":0}}');
    const known = /the fields are (.+)$/.exec(failures[0]!.message)![1]!.split(/, | and /);
    const kinds = forms(host).map((line) => /^(\w+)\?: (.+)$/.exec(line)!.slice(1) as [string, string]);
    // labels is a record: it has no properties of its own.
    assert.deepEqual(
      kinds.map(([name]) => name),
      known,
    );
    const samples: Record<string, unknown[]> = {
      string: ["abc"],
      number: [2],
      boolean: [true, false],
      "boolean | string": [true, "abc"],
      "Record<string, string>": [{ rack: "r1" }],
    };
    // What is right for one field alone, and what it needs beside it.
    const texts: Record<string, string> = {
      hostKey: "ssh-ed25519 AAAA",
      peerKeyfile: "/key",
      peerPkipath: "/pki",
      linkSpeed: "25Gbps",
    };
    const numbers: Record<string, number> = { migrationPort: 49_152 };
    const beside: Record<string, object> = {
      peerPkipath: { peerTransport: "tls" },
      peerTlsPriority: { peerTransport: "tls" },
      migrationPort: { migrationAddress: "10.9.0.12", maxIncoming: 1 },
    };
    for (const [name, type] of kinds) {
      const words = /^"/.test(type) ? type.split(" | ").map((word) => JSON.parse(word) as string) : undefined;
      const kind = words ? "string" : type;
      assert.ok(samples[kind], `${name}: ${kind}`);
      for (const values of Object.values(samples)) {
        for (const value of values) {
          const ofField = typeof value === "string" ? (words?.[0] ?? texts[name]) : numbers[name];
          const sample = typeof value === typeof ofField ? ofField : value;
          const host = { ...beside[name], [name]: sample };
          const { failures: found } = parseInventory(JSON.stringify({ "kvm-a": host }));
          const allowed = samples[kind].some((one) => typeof one === typeof sample);
          assert.deepEqual(found.length === 0, allowed, `${name}: ${JSON.stringify(sample)}`);
        }
      }
    }
  });

  function inTable(name: OptionName): string[] {
    const { input, kind, objectKey } = optionTable[name];
    return [`${input}?: ${word(kind)}`, ...(objectKey ? [`${input}.${objectKey}: ${word(kind)}`] : [])];
  }

  function word(kind: OptionKind): string {
    const words = (values: readonly string[]) =>
      [...values]
        .map((value) => JSON.stringify(value))
        .sort()
        .join(" | ");
    switch (kind.type) {
      case "flag":
        return "boolean";
      case "choice":
        return words(kind.values);
      case "integer":
        return kind.orAuto ? '"auto" | number' : "number";
      case "steps":
        return `${words(presetNames)} | (ConvergenceStepArgs)[]`;
      case "map":
        return kind.of === "disks" ? "Record<string, DiskPlaceArgs>" : "Record<string, NetworkPlaceArgs>";
      case "list":
        return `(${kind.values ? words(kind.values) : "string"})[]`;
      default:
        return "string";
    }
  }
});
