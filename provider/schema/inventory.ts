/** The stack's configuration `vm-placement:hosts`. What is wrong in it is named, never shown: a part of it may be secret. */
import { isDeepStrictEqual } from "node:util";
import * as z from "./zod";
import { isAccount, isAddressOfHost, isHostName, isIpv6 } from "../core/destination";
import type { Host, Inventory } from "../core/model";
import type { Remedy } from "../core/problem";
import { parseLinkSpeed } from "../core/linkSpeed";
import { parameterFields, peerParameters } from "../core/peerUri";
import { leaf } from "./leaves";
import { expected, failuresOf, type InputFailure, invalid, unknownKeys } from "./refusal";
import { isKeyText, kindOf, shownName } from "./shown";
import { unknownPaths, withoutUndefined } from "./wire";

const text = (what: string, example: string, is: RegExp | ((value: string) => boolean) = /^[^\n\r\0]{1,1024}$/) => {
  const error = expected(what, example);
  const holds = is instanceof RegExp ? (value: string) => is.test(value) : is;
  return z.string({ error }).check(z.refine((value) => holds(value) && !isKeyText(value), { error }));
};
const port = leaf.integer({ type: "integer", min: 1, max: 65_535 }, "22") as z.ZodType<number>;
const limit = leaf.integer({ type: "integer", min: 1, max: 64 }, "2") as z.ZodType<number>;
const bool = z.boolean({ error: expected("true or false", "true") });
const address = text(
  "an IP address or host name without account and port",
  '"10.0.0.12" or "fd00::12"',
  isAddressOfHost,
);
const choice = (values: readonly string[]) =>
  leaf.choice({ type: "choice", values }, `"${values[0]!}"`) as z.ZodType<string>;
/** Where the account's home is does not count there: libvirt opens it, not a shell. */
const pathOnHosts = (example: string) => text("an absolute path on the other hosts", example, /^\/[^\n\r\0]{1,1023}$/);
const isPath = /^[^\n\r\0]{1,4096}$/;
const path = (example: string) => {
  const error = (issue: { input?: unknown }) =>
    expected("a path", example)(issue) + (isKeyText(issue.input) ? "; put the text of a key in privateKey" : "");
  return z.string({ error }).check(z.refine((value) => isPath.test(value) && !isKeyText(value), { error }));
};

const hostShape = {
  address: address,
  port: port,
  // An account of a directory may have spaces and a backslash in it.
  user: text("an account name", '"root"', /^(?![-\s])[^\p{Cc}]{1,256}(?<!\s)$/u),
  sudo: bool,
  identityFile: path('"~/.ssh/id_ed25519"'),
  // Never shown back: a secret that is wrong stays one.
  privateKey: secret("the text of a private key"),
  passphrase: secret("the passphrase"),
  agent: z.union([bool, path('"/run/user/1000/ssh-agent"')], {
    error: expected("true, false or a socket path", "true"),
  }),
  hostKey: text(
    "a fingerprint or a public key line",
    '"SHA256:…" or "ssh-ed25519 AAAA…"',
    /^(SHA256:[A-Za-z0-9+/]{43}=?|(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?)$/,
  ),
  knownHostsFile: path('"~/.ssh/known_hosts"'),
  proxyJump: text("jump hosts as ssh writes them", '"bastion" or "admin@bastion:2222"'),
  peerTransport: choice(["ssh", "tls", "tcp"]),
  peerAddress: address,
  peerUser: text("an account name", '"migrate"', isAccount),
  peerPort: port,
  peerKeyfile: pathOnHosts('"/root/.ssh/migrate"'),
  peerProxy: choice(["auto", "native", "netcat"]),
  peerPkipath: pathOnHosts('"/etc/pki/migrate"'),
  peerTlsPriority: text(
    "a priority string of GnuTLS",
    '"NORMAL:-VERS-TLS1.2"',
    /^[A-Za-z0-9@][A-Za-z0-9@:+!%,_.-]{0,999}$/,
  ),
  migrationAddress: address,
  migrationPort: port,
  linkSpeed: text("a speed in Gbps or Mbps", '"25Gbps"', (value) => parseLinkSpeed(value) !== undefined),
  maxOutgoing: limit,
  maxIncoming: limit,
  maintenance: bool,
  labels: z.record(z.string(), text("text", '"r1"', /^[^\0]{0,1024}$/), {
    error: expected("text by key", '{ rack: "r1" }'),
  }),
};
const hostExample = "{ address: 10.0.0.11, user: root }";
const hostSchema = z
  .partial(z.strictObject(hostShape, { error: unknownKeys(Object.keys(hostShape), hostExample, kindOf) }))
  .check(
    z.superRefine(({ peerTransport = "ssh", ...host }, context) => {
      if (host.migrationPort !== undefined && (host.migrationAddress === undefined || host.maxIncoming !== 1)) {
        const message = "is a single port for all migrations; expected migrationAddress and maxIncoming: 1 beside it";
        context.addIssue({ code: "custom", path: ["migrationPort"], message });
      }
      for (const field of parameterFields.filter((each) => host[each] !== undefined)) {
        const { transport } = peerParameters[field];
        if (transport === peerTransport) continue;
        const message = `is of peerTransport: ${transport}; expected it with ${transport} only, and peerTransport is ${peerTransport}`;
        context.addIssue({ code: "custom", path: [field], message });
      }
    }),
  );
const inventorySchema = z.record(
  z.string().check(z.refine((name) => isHostName(name) || isIpv6(name))),
  z.nullable(hostSchema),
  {
    error: ({ code, input }) =>
      code === "invalid_key"
        ? `is not a host name; expected letters, digits and . _ -, or an IPv6 address, for example kvm-a: ${hostExample}`
        : `got ${kindOf(input)}; expected hosts by name, for example { kvm-a: ${hostExample} }`,
  },
);

function secret(what: string) {
  const error = ({ input }: { input?: unknown }) =>
    `got ${input === "" ? "an empty text" : kindOf(input)}; expected ${what}`;
  return z.string({ error }).check(z.minLength(1, { error }));
}

const isSecret = (property: string) => /\.(privateKey|passphrase)$/.test(property);

function setSecret(property: string): Remedy {
  return {
    do: "set it as a secret",
    commands: [{ command: `pulumi config set --secret --path '${property}' < FILE` }],
  };
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
    const addOne = { command: `pulumi config set --path '${key}.kvm-a.address' 10.0.0.11` };
    const remedies = [{ do: "add hosts one by one", commands: [addOne] }];
    return { inventory: undefined, failures: [invalid(key, "is no object; expected hosts by name", remedies)] };
  }
  const parsed = inventorySchema.safeParse(value);
  if (!parsed.success) {
    const failures = failuresOf(parsed.error, key).map((failure) =>
      isSecret(failure.property) ? { ...failure, remedies: [setSecret(failure.property)] } : failure,
    );
    return { inventory: undefined, failures };
  }
  return { inventory: hostsOf(parsed.data), failures: [] };
}

/**
 * Reads a placement's `inventory`, a part of which Pulumi may not know yet: of a host that it is still to make, the name alone.
 *
 * @param stack the hosts of the stack's configuration, which it must not contradict.
 */
export function parseOwnInventory(
  value: unknown,
  stack: Inventory,
): { inventory: Record<string, Host>; failures: InputFailure[] } {
  const key = "inventory";
  const unknown = unknownPaths(value, key);
  const parsed = inventorySchema.safeParse(value);
  if (!parsed.success) {
    const failures = failuresOf(parsed.error, key, unknown);
    const names = typeof value === "object" && value !== null ? Object.keys(value) : [];
    return { inventory: Object.fromEntries(names.map((name) => [name, { name }])), failures };
  }
  const inventory = hostsOf(parsed.data);
  const others = Object.keys(inventory).filter(
    (name) => stack !== undefined && Object.hasOwn(stack, name) && !isDeepStrictEqual(stack[name], inventory[name]),
  );
  const failures = others.map((name) =>
    invalid(
      `${key}.${shownName(name)}`,
      "is another host than that of vm-placement:hosts; expected a name that is not there, or the same fields",
    ),
  );
  return { inventory, failures };
}

function hostsOf(data: z.infer<typeof inventorySchema>): Record<string, Host> {
  return Object.fromEntries(
    Object.entries(data).map(([name, host]) => [name, withoutUndefined({ name, ...host }) as unknown as Host]),
  );
}
