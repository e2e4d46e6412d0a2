/** Values as Pulumi's engine sends them to a provider, and takes them back: secrets, values that are not known yet, resources. */
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { UNKNOWN, withoutUndefined } from "../schema/wire";

export type Props = Record<string, unknown>;

/** Properties in plain text, and the names of those that are a secret or have one in them. */
export interface Received {
  values: Props;
  secrets: ReadonlySet<string>;
}

/** The key by which an object is known for something else than an object, and what it is then. */
const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const resourceSignature = "5cf8f73096256a8f31e491e813e4eb8e";

/** As the engine spells a text, a truth value, a number, a list, an asset, an archive and an object that is not known yet. */
const unknowns = new Set([
  UNKNOWN,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

export function received(struct: Struct | undefined): Received {
  const secrets = new Set<string>();
  const values: Props = {};
  for (const [name, value] of Object.entries(struct?.toJavaScript() ?? {})) {
    // A host without fields is written as null too.
    const read = plain(value, () => secrets.add(name), name === "inventory" ? {} : undefined);
    if (read !== undefined) values[name] = read;
  }
  return { values, secrets };
}

/** A value of the stack's configuration: what is not text arrives as JSON. A secret may stand in either, or around it. */
export function configured(value: unknown): string {
  if (typeof value !== "string") {
    const read = plain(value, () => {});
    return typeof read === "string" ? configured(read) : JSON.stringify(read);
  }
  if (!value.includes(signature)) return value;
  try {
    return JSON.stringify(plain(JSON.parse(value), () => {}));
  } catch {
    return value;
  }
}

/** Of a configuration: whether all of it is known. */
export function isKnown(struct: Struct | undefined): boolean {
  const text = JSON.stringify(struct?.toJavaScript() ?? {});
  return [...unknowns].every((unknown) => !text.includes(unknown));
}

/** The handlers are told for whom they work by a property; the dynamic resource of the same name brings it along. */
export const within = (props: Props, urn: string): Props => ({ ...outside(props), __urn: urn });

/** Also of what a state has of the time when it was that of a dynamic resource. */
export function outside({ __urn: _urn, __provider: _provider, __dryRun: _dryRun, ...props }: Props): Props {
  return props;
}

/** @param empty what null stands for, in an object. */
function plain(value: unknown, onSecret: () => void, empty?: object): unknown {
  if (typeof value === "string") return unknowns.has(value) ? UNKNOWN : value;
  // What is null was not given.
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return value.map((item) => plain(item, onSecret));
  if (typeof value !== "object") return value;
  const special = value as { value?: unknown; secret?: unknown; id?: unknown; urn?: unknown };
  switch ((value as Props)[signature]) {
    case secretSignature:
      onSecret();
      return plain(special.value, onSecret, empty);
    case outputSignature:
      if (special.secret === true) onSecret();
      return "value" in special ? plain(special.value, onSecret) : UNKNOWN;
    case resourceSignature:
      return plain(special.id ?? special.urn, onSecret);
    default:
      return withoutUndefined(
        Object.fromEntries(
          Object.entries(value).map(([name, item]) => [name, item === null ? empty : plain(item, onSecret)]),
        ),
      );
  }
}

/** Made of a secret, so one too: the commands have the VM and the options in them. */
const madeOf: Record<string, readonly string[]> = {
  plan: ["domain", "host", "migration"],
  lastMigration: ["domain", "host", "migration"],
  __name: ["domain"],
  currentHost: ["host"],
  __drift: ["host"],
};

/** @param secrets the names of the secrets that came with the call. */
export function toSend(values: Props, ...secrets: readonly ReadonlySet<string>[]): Struct {
  const names = new Set(["inventory", ...secrets.flatMap((each) => [...each])]);
  const isSecret = (name: string) => names.has(name) || (madeOf[name] ?? []).some((source) => names.has(source));
  const sent = Object.entries(withoutUndefined(values)).map(([name, value]) => [
    name,
    isSecret(name) ? { [signature]: secretSignature, value } : value,
  ]);
  return Struct.fromJavaScript(Object.fromEntries(sent) as Record<string, JavaScriptValue>);
}
