/** Types of TypeScript as those of a Pulumi schema. */
import { isDeepStrictEqual } from "node:util";
import ts from "typescript";

type Spec = Record<string, unknown>;

export interface Property {
  name: string;
  spec: Spec;
  optional: boolean;
}

/** Fields of a host that are a secret each. */
const secrets = new Set(["privateKey", "passphrase"]);

/** Inputs have no other numbers. What was measured may have a fraction. */
const wholeNumbers = /^(Migration|Host|ConvergenceStep|DirtyRateSeconds|SchemaVersion|FleetVm|Placements)/;

export class SchemaTypes {
  private readonly made = new Map<string, Spec>();

  constructor(
    private readonly checker: ts.TypeChecker,
    private readonly packageName: string,
  ) {}

  /** Types that have a name of their own, in the order of their names. */
  all(): Record<string, Spec> {
    const tokens = [...this.made].map(([name, spec]) => [this.token(name), spec] as const);
    return Object.fromEntries(tokens.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** @param documented the interface that describes them, where it is another one. */
  propertiesOf(symbol: ts.Symbol, documented = symbol): Property[] {
    const docs = this.checker.getDeclaredTypeOfSymbol(documented);
    const type = this.checker.getDeclaredTypeOfSymbol(symbol);
    return this.members([type], "", (name) => docs.getProperty(name));
  }

  /** Of a resource's class: its properties of the form `pulumi.Output<T>`. */
  outputsOf(symbol: ts.Symbol): Property[] {
    const declaration = symbol.declarations!.find(ts.isClassDeclaration)!;
    return declaration.members.filter(ts.isPropertyDeclaration).flatMap((member) => {
      if (!member.type || !ts.isTypeReferenceNode(member.type) || !/Output$/.test(member.type.typeName.getText()))
        return [];
      const [node] = member.type.typeArguments ?? [];
      if (!node || !ts.isIdentifier(member.name)) return [];
      const type = this.checker.getTypeFromTypeNode(node);
      const own = this.checker.getSymbolAtLocation(member.name)!;
      const spec = this.specOf(type, capital(own.name));
      const optional = type.isUnion() && type.types.some(({ flags }) => flags & ts.TypeFlags.Undefined);
      return [{ name: own.name, spec: { ...spec, description: this.docOf(own) }, optional }];
    });
  }

  /** The comment, with its tags as sentences. */
  docOf(symbol: ts.Symbol): string {
    const text = ts.displayPartsToString(symbol.getDocumentationComment(this.checker)).replace(/\s*\n\s*(?!\n)/g, " ");
    const tags = symbol.getJsDocTags(this.checker).flatMap(({ name, text: parts }) => {
      const value = ts.displayPartsToString(parts);
      return name === "allowed" ? [`Allowed: ${value}.`] : name === "virsh" ? [`virsh: ${value}.`] : [];
    });
    return [text.trim(), ...tags].join("\n\n");
  }

  docOfMember(symbol: ts.Symbol, name: string): string {
    return this.docOf(this.checker.getDeclaredTypeOfSymbol(symbol).getProperty(name)!);
  }

  private members(
    types: readonly ts.Type[],
    owner: string,
    documented: (name: string) => ts.Symbol | undefined = () => undefined,
  ): Property[] {
    // Of several forms of one object, each property is there in some.
    const names = [...new Set(types.flatMap((type) => type.getProperties().map(({ name }) => name)))];
    return names.map((name) => {
      const found = types.flatMap((type) => type.getProperty(name) ?? []);
      const optional = found.length < types.length || found.some(({ flags }) => flags & ts.SymbolFlags.Optional);
      const spec = this.specOf(this.checker.getTypeOfSymbol(found[0]!), `${owner}${capital(name)}`);
      const description = this.docOf(documented(name) ?? found[0]!);
      return { name, optional, spec: { ...spec, description, ...(secrets.has(name) && { secret: true }) } };
    });
  }

  private specOf(given: ts.Type, hint: string): Spec {
    const type = this.checker.getNonNullableType(given);
    const parts = type.isUnion() ? type.types : [type];
    const words = parts.filter((part) => part.isStringLiteral()).map(({ value }) => value);
    const objects = parts.filter((part) => this.isObject(part));
    const specs = [
      ...(parts.some(({ flags }) => flags & ts.TypeFlags.BooleanLike) ? [{ type: "boolean" }] : []),
      // Beside an object it needs another name than that.
      ...(words.length > 1
        ? [this.enumOf(objects.length > 0 ? `${hint}Name` : hint, words)]
        : words.length === 1
          ? [{ type: "string" }]
          : []),
      ...parts
        .filter((part) => !part.isStringLiteral() && !this.isObject(part))
        .flatMap((part) => this.plain(part, hint)),
      ...(objects.length > 0 ? [this.objectOf(objects, hint)] : []),
    ];
    return specs.length === 1 ? specs[0]! : { oneOf: specs };
  }

  private plain(type: ts.Type, hint: string): Spec[] {
    if (type.flags & ts.TypeFlags.BooleanLike) return [];
    if (type.flags & ts.TypeFlags.String) return [{ type: "string" }];
    if (type.flags & ts.TypeFlags.Number) return [{ type: wholeNumbers.test(hint) ? "integer" : "number" }];
    if (this.checker.isArrayType(type)) {
      const [item] = this.checker.getTypeArguments(type as ts.TypeReference);
      return [{ type: "array", items: this.specOf(item!, hint.replace(/s$/, "")) }];
    }
    const values = type.getStringIndexType();
    if (values) return [{ type: "object", additionalProperties: this.specOf(values, `${hint}Value`) }];
    throw new Error(`${hint}: a schema has no ${this.checker.typeToString(type)}`);
  }

  private isObject(type: ts.Type): boolean {
    const isOne = (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) !== 0;
    return isOne && !this.checker.isArrayType(type) && !type.getStringIndexType();
  }

  private enumOf(hint: string, words: readonly string[]): Spec {
    const spec = { type: "string", enum: words.map((value) => ({ value })) };
    const same = [...this.made].find(([, made]) => isDeepStrictEqual(made, spec))?.[0];
    return this.named(same ?? hint, () => spec);
  }

  private objectOf(types: readonly ts.Type[], hint: string): Spec {
    const [first] = types as [ts.Type];
    const symbol = types.length === 1 ? first.symbol : undefined;
    const isNamed = symbol !== undefined && !symbol.name.startsWith("__");
    return this.named(isNamed ? typeName(symbol.name) : hint, (name) => {
      const properties = this.members(types, name);
      const required = properties.filter(({ optional }) => !optional).map((each) => each.name);
      return {
        ...(isNamed && { description: this.docOf(symbol) }),
        type: "object",
        properties: Object.fromEntries(properties.map((each) => [each.name, each.spec])),
        ...(required.length > 0 && { required }),
      };
    });
  }

  private named(name: string, make: (name: string) => Spec): Spec {
    if (!this.made.has(name)) {
      this.made.set(name, {});
      this.made.set(name, make(name));
    }
    return { $ref: `#/types/${this.token(name)}` };
  }

  private token(name: string): string {
    return `${this.packageName}:index:${name}`;
  }
}

/** Languages add "Args" themselves, to what is an input. */
function typeName(name: string): string {
  return name.replace(/Args$/, "");
}

function capital(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}`;
}
