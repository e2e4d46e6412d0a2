/** The boundary's types: zod schemas derived from core/options, tolerant of Pulumi's unknown values. */
import { z } from "zod";
import type { Plan } from "./core/args";
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

/** One thing wrong with the inputs, in the shape Pulumi's check wants. */
export interface InputFailure {
  property: string;
  reason: string;
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
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
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
    .strictObject(shape, { error: unknownKeys(Object.keys(shape)) })
    .transform((groups) => Object.assign({ mode: "auto" }, ...Object.values(groups)) as MigrationOptions);
})();

function readGroup(
  value: unknown,
  context: z.RefinementCtx,
  head: OptionName | undefined,
  members: OptionName[],
): Partial<MigrationOptions> {
  if (value === undefined) return {};
  const objectKey = head && (optionTable[head].objectKey ?? undefined);
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (members.length > 0 && (isObject || !head)) {
    const shape: Record<string, z.ZodType> = {};
    for (const name of members)
      shape[optionTable[name].input.split(".")[1]!] = leafSchema(optionTable[name]).optional();
    if (head && objectKey) shape[objectKey] = leafSchema(optionTable[head]);
    const parsed = z.strictObject(shape, { error: unknownKeys(Object.keys(shape)) }).safeParse(value);
    if (!parsed.success) {
      for (const issue of parsed.error.issues)
        context.addIssue({ code: "custom", message: issue.message, path: issue.path });
      return z.NEVER;
    }
    const fields: Record<string, unknown> = {};
    for (const name of members) fields[name] = parsed.data[optionTable[name].input.split(".")[1]!];
    if (head) fields[head] = objectKey ? parsed.data[objectKey] : true;
    return withoutUndefined(fields);
  }
  const parsed = leafSchema(optionTable[head!]).safeParse(value);
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      context.addIssue({ code: "custom", message: issue.message, path: issue.path });
    return z.NEVER;
  }
  return { [head!]: parsed.data };
}

function unknownKeys(known: string[]) {
  return (issue: z.core.$ZodRawIssue): string => {
    if (issue.code !== "unrecognized_keys")
      return `got ${shown(issue.input)}; expected an object with ${listed(known, "and")}`;
    const texts = issue.keys.map((key) => {
      const near = nearMatches(key, known);
      return `unknown field "${key}"${near.length > 0 ? `, did you mean ${listed(near)}?` : ""}`;
    });
    return `${texts.join("; ")}; the fields are ${listed(known, "and")}`;
  };
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
  });

const hostName = z
  .string({ error: expected("a host name, or a list of them", '"kvm-b" or ["kvm-b", "kvm-c"]') })
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.:%-]*$/, {
    error: expected("a host name of letters, digits and . _ - :", '"kvm-b"'),
  });

const hostSchema = z.union([hostName, z.array(hostName).min(1)], {
  error: expected("a host name, or a list of them", '"kvm-b" or ["kvm-b", "kvm-c"]'),
});

/** Reads a placement's inputs. All failures at once; what Pulumi does not know yet is left out and fails nothing. */
export function parseInputs(props: Record<string, unknown>): { inputs: ParsedInputs; failures: InputFailure[] } {
  const failures: InputFailure[] = [];
  const read = <T>(schema: z.ZodType<T>, property: string): T | undefined => {
    if (containsUnknown(props[property])) {
      failures.push(
        ...failuresOf(schema, withoutUnknown(props[property]), property, unknownPaths(props[property], property)),
      );
      return undefined;
    }
    const parsed = schema.safeParse(props[property]);
    if (parsed.success) return parsed.data;
    failures.push(...failuresOf(schema, props[property], property, []));
    return undefined;
  };

  const domain = read(domainSchema, "domain");
  const host = read(hostSchema, "host");
  const migration = read(migrationSchema.prefault({} as never), "migration");
  if (migration) {
    failures.push(...optionConflicts(migration).map(({ property, reason }) => ({ property, reason })));
  }
  const hosts = host === undefined ? undefined : [host].flat();
  if (hosts && new Set(hosts).size < hosts.length) {
    failures.push({ property: "host", reason: `got ${shown(host)}; a host stands in it twice` });
  }
  return { inputs: { domain, hosts, anyOf: Array.isArray(host), migration }, failures };
}

function failuresOf(schema: z.ZodType, value: unknown, property: string, unknown: string[]): InputFailure[] {
  if (unknown.includes(property)) return [];
  const parsed = schema.safeParse(value);
  if (parsed.success) return [];
  return parsed.error.issues
    .map((issue) => ({ property: [property, ...issue.path].join("."), reason: issue.message }))
    .filter(({ property }) => !unknown.includes(property));
}

const text = (what: string, example: string) =>
  z.string({ error: expected(what, example) }).min(1, { error: expected(what, example) });
const port = leaf.integer({ type: "integer", min: 1, max: 65_535 }, "22") as z.ZodType<number>;
const limit = leaf.integer({ type: "integer", min: 1, max: 64 }, "2") as z.ZodType<number>;
const bool = z.boolean({ error: expected("true or false", "true") });
const peer = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.:%-]*$/, { error: expected("an IP address or host name", '"10.0.0.12"') });

const hostShape = {
  address: text("an IP address or host name", '"10.0.0.12"').optional(),
  port: port.optional(),
  user: text("an account name", '"root"').optional(),
  identityFile: text("a path", '"~/.ssh/id_ed25519"').optional(),
  // Never shown back: a secret that is wrong stays one.
  privateKey: z
    .string({ error: () => "expected the text of a private key" })
    .min(1)
    .optional(),
  passphrase: z.string({ error: () => "expected the passphrase as a string" }).optional(),
  agent: z
    .union([bool, text("a socket path", '"/run/user/1000/ssh-agent"')], {
      error: expected("true, false or a socket path", "true"),
    })
    .optional(),
  hostKey: z
    .string()
    .regex(/^(SHA256:[A-Za-z0-9+/]{43}=?|(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?)$/, {
      error: expected("a fingerprint or a public key line", '"SHA256:…" or "ssh-ed25519 AAAA…"'),
    })
    .optional(),
  knownHostsFile: text("a path", '"~/.ssh/known_hosts"').optional(),
  proxyJump: text("jump hosts as ssh writes them", '"bastion" or "admin@bastion:2222"').optional(),
  peerAddress: peer.optional(),
  peerUser: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, { error: expected("an account name", '"migrate"') })
    .optional(),
  peerPort: port.optional(),
  migrationAddress: peer.optional(),
  maxOutgoing: limit.optional(),
  maxIncoming: limit.optional(),
  maintenance: bool.optional(),
  labels: z.record(z.string(), z.string(), { error: expected("text by key", '{ rack: "r1" }') }).optional(),
};
const inventorySchema = z.record(
  hostName,
  z.strictObject(hostShape, { error: unknownKeys(Object.keys(hostShape)) }).nullable(),
  { error: expected("hosts by name", "{ kvm-a: { address: 10.0.0.11, user: root } }") },
);

/** Reads `vm-placement:hosts`. `undefined` = no inventory. Throws nothing: failures name the field. */
export function parseInventory(json: string | undefined): {
  inventory: Record<string, Host> | undefined;
  failures: InputFailure[];
} {
  if (json === undefined) return { inventory: undefined, failures: [] };
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    const reason =
      'is no object; write it with `pulumi config set --path "vm-placement:hosts.kvm-a.address" 10.0.0.11`';
    return { inventory: undefined, failures: [{ property: "vm-placement:hosts", reason }] };
  }
  const parsed = inventorySchema.safeParse(value);
  if (!parsed.success)
    return { inventory: undefined, failures: failuresOf(inventorySchema, value, "vm-placement:hosts", []) };
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
  return { uri: defaultUri, failures: [{ property: "vm-placement:uri", reason }] };
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

function withoutUnknown(value: unknown): unknown {
  if (value === UNKNOWN) return undefined;
  if (Array.isArray(value)) return value.filter((item) => item !== UNKNOWN).map(withoutUnknown);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== UNKNOWN)
      .map(([key, item]) => [key, withoutUnknown(item)]),
  );
}

function unknownPaths(value: unknown, path: string): string[] {
  if (value === UNKNOWN) return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => unknownPaths(item, `${path}.${key}`));
}
