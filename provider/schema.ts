/** The boundary's types: zod schemas derived from core/options, tolerant of Pulumi's unknown values. */
import { z } from "zod";
import type { Plan } from "./core/args";
import type { ErrorCode } from "./core/errors";
import type { Host } from "./core/model";
import { nearMatches, listed } from "./core/near";
import {
  type MigrationOptions,
  type OptionKind,
  type OptionName,
  type OptionSpec,
  optionConflicts,
  optionNames,
  optionTable,
} from "./core/options";
import { parseBytes, parseDurationMs, parseRateMiBps, showDuration } from "./core/units";

/** How Pulumi's dynamic-provider protocol spells a value that is not known yet, at any place and whatever its type. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** One thing wrong with the inputs. */
export interface InputFailure {
  property: string;
  reason: string;
  code: Extract<ErrorCode, "invalidInput" | "conflictingOptions" | "unsafeCombination" | "unknownHost">;
}

/** The inputs after parsing. A field is undefined while Pulumi does not know it. */
export interface ParsedInputs {
  domain: string | undefined;
  hosts: string[] | undefined;
  /** True when `host` was written as a list: any member will do. */
  anyOf: boolean;
  migration: MigrationOptions | undefined;
}

const leaf: { [T in OptionKind["type"]]: (kind: Extract<OptionKind, { type: T }>, example: string) => z.ZodType } = {
  flag: (_, example) => z.boolean({ error: expected("true or false", example) }),
  choice: (kind, example) =>
    z.enum(kind.values as [string, ...string[]], {
      error: expected(listed(kind.values.map((v) => JSON.stringify(v))), example),
    }),
  integer: (kind, example) => {
    const error = expected(`a whole number from ${kind.min} to ${kind.max}`, example);
    return z.number({ error }).int({ error }).min(kind.min, { error }).max(kind.max, { error });
  },
  duration: (kind, example) =>
    measure(
      example,
      `a duration from ${showDuration(kind.minMs)} to ${showDuration(kind.maxMs)} with its unit (ms, s, m, h)`,
      (text) => {
        const value = parseDurationMs(text);
        return value !== undefined && value >= kind.minMs && value <= kind.maxMs ? value : undefined;
      },
    ),
  rate: (_, example) =>
    measure(example, "a rate in whole MiB/s with its unit (MiB/s, GiB/s)", (text) => {
      const value = parseRateMiBps(text);
      return value !== undefined && value <= 2 ** 43 ? value : undefined;
    }),
  size: (kind, example) =>
    measure(
      example,
      `a size with its unit (KiB, MiB, GiB)${kind.powerOfTwo ? " that is a power of two" : ""}`,
      (text) => {
        const value = parseBytes(text);
        return value !== undefined && value > 0 && (!kind.powerOfTwo || Number.isInteger(Math.log2(value)))
          ? value
          : undefined;
      },
    ),
  text: (kind, example) => {
    const error = expected(kind.expected, example);
    return z.string({ error }).regex(kind.pattern, { error });
  },
  list: (kind, example) => {
    const error = expected(`a list ${kind.expected}`, example);
    const item = kind.values
      ? z.enum(kind.values as [string, ...string[]], { error })
      : z.string({ error }).regex(kind.pattern ?? /./, { error });
    return z.array(item, { error }).min(1, { error });
  },
};

function measure(example: string, what: string, parse: (text: string) => number | undefined): z.ZodType {
  const error = expected(what, example);
  return z.string({ error }).transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: error({ input: text }) });
    return z.NEVER;
  });
}

/** "got 30 (a number); expected a duration …, e.g. "5m"". Built at parse time, because it names what was given. */
function expected(what: string, example: string): (issue: { input?: unknown }) => string {
  return ({ input }) => `got ${shown(input)}; expected ${what}, for example ${example}`;
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value).replaceAll(UNKNOWN, "(not known yet)");
  if (isKeyText(text)) return "the text of a private key";
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function isKeyText(value: unknown): boolean {
  return typeof value === "string" && value.includes("PRIVATE KEY");
}

/** For values of which a part may be secret. */
function kindOf(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return { string: "a text", object: "an object", boolean: "true or false" }[typeof value as string] ?? "a number";
}

function leafSchema(spec: OptionSpec): z.ZodType {
  return (leaf[spec.kind.type] as (kind: OptionKind, example: string) => z.ZodType)(spec.kind, spec.example);
}

/** `migration` as the user writes it → the flat options. Groups come from the dots in the table's `input`. */
const migrationSchema: z.ZodType<MigrationOptions> = (() => {
  const shape: Record<string, z.ZodType> = {};
  for (const group of new Set(optionNames.map((name) => optionTable[name].input.split(".")[0]!))) {
    const head = optionNames.find((name) => optionTable[name].input === group);
    const members = optionNames.filter((name) => optionTable[name].input.startsWith(`${group}.`));
    shape[group] = z
      .unknown()
      .transform((value, context) => readGroup(value, context, head, members))
      .optional();
  }
  return z
    .strictObject(shape, { error: unknownKeys(Object.keys(shape), '{ timeout: "5m" }') })
    .transform((groups) => Object.assign({ mode: "auto" }, ...Object.values(groups)) as MigrationOptions);
})();

function readGroup(
  value: unknown,
  context: z.RefinementCtx,
  head: OptionName | undefined,
  members: OptionName[],
): Partial<MigrationOptions> {
  if (value === undefined) return {};
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const objectKey = head && optionTable[head].objectKey;
  const keyOf = (name: OptionName) => (name === head ? objectKey! : optionTable[name].input.split(".")[1]!);
  const inside = head && objectKey !== undefined ? [head, ...members] : members;
  const example = () => `{ ${keyOf(inside[0]!)}: ${optionTable[inside[0]!].example} }`;
  const refuse = (error: z.ZodError, alternative = "") => {
    for (const { message, path } of error.issues)
      context.addIssue({ code: "custom", message: message + alternative, path });
    return z.NEVER;
  };

  if (members.length > 0 && (isObject || !head)) {
    const shape = Object.fromEntries(
      inside.map((name) => [
        keyOf(name),
        name === head ? leafSchema(optionTable[name]) : leafSchema(optionTable[name]).optional(),
      ]),
    );
    const parsed = z.strictObject(shape, { error: unknownKeys(Object.keys(shape), example()) }).safeParse(value);
    if (!parsed.success) return refuse(parsed.error);
    const fields = Object.fromEntries(inside.map((name) => [name, parsed.data[keyOf(name)]]));
    return withoutUndefined({ ...fields, ...(head && objectKey === undefined && { [head]: true }) });
  }
  const parsed = leafSchema(optionTable[head!]).safeParse(value);
  if (!parsed.success)
    return refuse(parsed.error, members.length > 0 ? `, or an object, for example ${example()}` : "");
  return { [head!]: parsed.data };
}

function unknownKeys(known: string[], example: string, show: (value: unknown) => string = shown) {
  return (issue: z.core.$ZodRawIssue): string =>
    issue.code === "unrecognized_keys"
      ? unknownFields(issue.keys, known)
      : `got ${show(issue.input)}; expected an object with ${listed(known)}, for example ${example}`;
}

function unknownFields(names: readonly string[], known: readonly string[]): string {
  const texts = names.map((name) => {
    const near = nearMatches(name, known);
    return `unknown field "${name}"${near.length > 0 ? ` (did you mean ${listed(near)}?)` : ""}`;
  });
  return `${texts.join("; ")}; the fields are ${listed(known, "and")}`;
}

/**
 * A libvirt domain. A name of digits alone is refused, because virsh takes it for a domain id, which changes at every start;
 * one that looks like an option, because virsh would take it for that.
 */
const domainSchema = z
  .string({ error: expected("a libvirt domain name or UUID", '"db-01"') })
  .superRefine((text, context) => {
    const wrong =
      text === ""
        ? "is empty"
        : /^\d+$/.test(text)
          ? "is a number, which virsh takes for a domain id; give the UUID of this domain instead"
          : text.startsWith("-")
            ? "begins with a dash, which virsh takes for an option; give the UUID of this domain instead"
            : /[/\n\r\0]/.test(text)
              ? "has a character that no libvirt domain name has"
              : undefined;
    if (wrong)
      context.addIssue({
        code: "custom",
        message: `got ${shown(text)}, which ${wrong}; expected a name or UUID, for example "db-01"`,
      });
  })
  .transform(canonicalDomain);

/** libvirt reads a UUID in either case and writes it in lower case. */
export function canonicalDomain<T>(domain: T): T {
  return typeof domain === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(domain)
    ? (domain.toLowerCase() as T & string)
    : domain;
}

/** A key of the inventory, a Host of ssh_config, or (without an inventory) `user@host`. */
const hostName = z
  .string({ error: expected("a host name", '"kvm-b"') })
  .regex(/^([A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9_:][A-Za-z0-9_.:%-]*$/, {
    error: expected("a host name of letters, digits and . _ - :", '"kvm-b"'),
  });

const hostError = expected("a host name, or a list of them", '"kvm-b" or ["kvm-b", "kvm-c"]');
const hostSchema = z.union([hostName, z.array(hostName).min(1, { error: hostError })], { error: hostError });

/** What a program may say, and what a placement keeps beside it; names that begin with "__" are the resource's own. */
const inputNames = ["domain", "host", "migration"];
const outputNames = ["plan", "currentHost", "domainUuid", "state", "lastMigration", "schemaVersion"];

/** Reads a placement's inputs. All failures at once; what Pulumi does not know yet is left out and fails nothing. */
export function parseInputs(props: Record<string, unknown>): { inputs: ParsedInputs; failures: InputFailure[] } {
  const failures: InputFailure[] = [];
  const read = <T>(schema: z.ZodType<T>, property: string): T | undefined => {
    const parsed = schema.safeParse(props[property]);
    const unknown = unknownPaths(props[property], property);
    if (!parsed.success) failures.push(...failuresOf(parsed.error, property, unknown));
    return parsed.success && unknown.length === 0 ? parsed.data : undefined;
  };

  const strangers = Object.keys(props).filter(
    (name) => !name.startsWith("__") && ![...inputNames, ...outputNames].includes(name),
  );
  for (const name of strangers) failures.push(invalid(name, unknownFields([name], inputNames)));

  const domain = read(domainSchema, "domain");
  const host = read(hostSchema, "host");
  const migration = read(migrationSchema.prefault({} as never), "migration");
  if (migration) {
    failures.push(...optionConflicts(migration));
  }
  const hosts = host === undefined ? undefined : [host].flat();
  if (hosts && new Set(hosts).size < hosts.length) {
    failures.push(
      invalid("host", `got ${shown(host)}; a host stands in it twice, for example write ["kvm-b", "kvm-c"]`),
    );
  }
  return { inputs: { domain, hosts, anyOf: Array.isArray(host), migration }, failures };
}

function failuresOf(error: z.ZodError, property: string, unknown: readonly string[] = []): InputFailure[] {
  return error.issues
    .map((issue) => invalid([property, ...issue.path].join("."), issue.message))
    .filter(({ property }) => !unknown.includes(property));
}

function invalid(property: string, reason: string): InputFailure {
  return { property, reason, code: "invalidInput" };
}

const text = (what: string, example: string, pattern = /^[^\n\r\0]+$/) =>
  z.string({ error: expected(what, example) }).regex(pattern, { error: expected(what, example) });
const port = leaf.integer({ type: "integer", min: 1, max: 65_535 }, "22") as z.ZodType<number>;
const limit = leaf.integer({ type: "integer", min: 1, max: 64 }, "2") as z.ZodType<number>;
const bool = z.boolean({ error: expected("true or false", "true") });
const account = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const address = text(
  "an IP address or host name",
  '"10.0.0.12"',
  /^([A-Za-z0-9_:][A-Za-z0-9_.:%-]*|\[[A-Za-z0-9_.:%-]+\])$/,
);
const path = (example: string) => {
  const error = (issue: { input?: unknown }) =>
    expected("a path", example)(issue) + (isKeyText(issue.input) ? "; the text of a key belongs in privateKey" : "");
  return z.string({ error }).regex(/^(?!.*PRIVATE KEY)[^\n\r\0]+$/, { error });
};

const hostShape = {
  address: address.optional(),
  port: port.optional(),
  user: text("an account name", '"root"').optional(),
  identityFile: path('"~/.ssh/id_ed25519"').optional(),
  // Never shown back: a secret that is wrong stays one.
  privateKey: secret("the text of a private key").optional(),
  passphrase: secret("the passphrase").optional(),
  agent: z
    .union([bool, path('"/run/user/1000/ssh-agent"')], { error: expected("true, false or a socket path", "true") })
    .optional(),
  hostKey: text(
    "a fingerprint or a public key line",
    '"SHA256:…" or "ssh-ed25519 AAAA…"',
    /^(SHA256:[A-Za-z0-9+/]{43}=?|(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?)$/,
  ).optional(),
  knownHostsFile: path('"~/.ssh/known_hosts"').optional(),
  proxyJump: text("jump hosts as ssh writes them", '"bastion" or "admin@bastion:2222"').optional(),
  peerAddress: address.optional(),
  peerUser: text("an account name", '"migrate"', account).optional(),
  peerPort: port.optional(),
  migrationAddress: address.optional(),
  maxOutgoing: limit.optional(),
  maxIncoming: limit.optional(),
  maintenance: bool.optional(),
  labels: z
    .record(z.string(), z.string({ error: expected("text", '"r1"') }), {
      error: expected("text by key", '{ rack: "r1" }'),
    })
    .optional(),
};
const hostExample = "{ address: 10.0.0.11, user: root }";
const inventorySchema = z.record(
  z.string().regex(/^[A-Za-z0-9_:][A-Za-z0-9_.:%-]*$/),
  z.strictObject(hostShape, { error: unknownKeys(Object.keys(hostShape), hostExample, kindOf) }).nullable(),
  {
    error: ({ code, input }) =>
      code === "invalid_key"
        ? `is no host name; expected letters, digits and . _ - :, for example kvm-a: ${hostExample}`
        : `got ${kindOf(input)}; expected hosts by name, for example { kvm-a: ${hostExample} }`,
  },
);

function secret(what: string) {
  const error = ({ input }: { input?: unknown }) =>
    `got ${input === "" ? "an empty text" : kindOf(input)}; expected ${what}, set with \`pulumi config set --secret --path\``;
  return z.string({ error }).min(1, { error });
}

/** Reads `vm-placement:hosts`, which Pulumi hands over as JSON. `undefined` = no inventory. Throws nothing: failures name the field. */
export function parseInventory(json: string | undefined): {
  inventory: Record<string, Host> | undefined;
  failures: InputFailure[];
} {
  if (json === undefined) return { inventory: undefined, failures: [] };
  const key = "vm-placement:hosts";
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    const reason = `is no object; expected hosts by name, set with \`pulumi config set --path '${key}.kvm-a.address' 10.0.0.11\``;
    return { inventory: undefined, failures: [invalid(key, reason)] };
  }
  const parsed = inventorySchema.safeParse(value);
  if (!parsed.success) return { inventory: undefined, failures: failuresOf(parsed.error, key) };
  return {
    inventory: Object.fromEntries(
      Object.entries(parsed.data).map(([name, host]) => [name, withoutUndefined({ name, ...host }) as unknown as Host]),
    ),
    failures: [],
  };
}

export const defaultUri = "qemu:///system";

/** Reads `vm-placement:uri`. */
export function parseUri(value: string | undefined): { uri: string; failures: InputFailure[] } {
  if (value === undefined || /^qemu(\+unix)?:\/\/\/system(\?[A-Za-z0-9=/._&-]*)?$/.test(value))
    return { uri: value ?? defaultUri, failures: [] };
  const reason = `got ${shown(value)}; expected the libvirt URI of the hosts as they see it themselves, for example "${defaultUri}"`;
  return { uri: defaultUri, failures: [invalid("vm-placement:uri", reason)] };
}

export type OnInterrupt = "leave" | "abort";

/** Reads `vm-placement:onInterrupt`: what happens to a migration under way at the second Ctrl-C. Default: it is left to go on. */
export function parseOnInterrupt(value: string | undefined): { onInterrupt: OnInterrupt; failures: InputFailure[] } {
  if (value === undefined || value === "leave" || value === "abort")
    return { onInterrupt: value ?? "leave", failures: [] };
  const reason = `got ${shown(value)}; expected "leave" (it goes on between the hosts) or "abort" (it is cancelled), for example \`pulumi config set vm-placement:onInterrupt abort\``;
  return { onInterrupt: "leave", failures: [invalid("vm-placement:onInterrupt", reason)] };
}

/** What a placement keeps in Pulumi's state beside its inputs. */
export interface Outputs extends Record<string, unknown> {
  currentHost: string;
  domainUuid: string;
  state: string;
  plan: Plan;
  schemaVersion: number;
}
export const schemaVersion = 1;

/** Pulumi's wire format knows no undefined, and meets one with "Unexpected struct type." after the work is done. */
export function withoutUndefined<T>(value: T): T {
  if (Array.isArray(value)) return value.filter((item) => item !== undefined).map(withoutUndefined) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, withoutUndefined(item)]),
  ) as T;
}

export function containsUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(containsUnknown);
}

function unknownPaths(value: unknown, path: string): string[] {
  if (value === UNKNOWN) return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => unknownPaths(item, `${path}.${key}`));
}
