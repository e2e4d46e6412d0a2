/** A placement's inputs. */
import * as z from "./zod";
import type { OnDrift } from "../core/args";
import type { HostLimits } from "../core/hostLimits";
import { destinationOf, type NotADestination } from "../core/destination";
import type { MigrationOptions } from "../core/options";
import { listed } from "../core/near";
import { once } from "../core/once";
import { optionConflicts } from "../core/optionConflicts";
import { canBeShown } from "../core/quote";
import { hostLimitsSchema } from "./hostLimits";
import { migrationSchema } from "./migration";
import { expected, failuresOf, type InputFailure, invalid, unknownFields } from "./refusal";
import { kindOf, shown, shownName } from "./shown";
import { unknownPaths } from "./wire";

/** The inputs after parsing. A field is undefined while Pulumi does not know it. */
export interface ParsedInputs {
  domain: string | undefined;
  hosts: string[] | undefined;
  /** True when `host` was written as a list: any member will do. */
  anyOf: boolean;
  migration: MigrationOptions | undefined;
  onDrift: OnDrift | undefined;
  limits: HostLimits | undefined;
}

/**
 * A libvirt domain. A name of digits alone is refused, because virsh takes it for a domain id, which changes at every start;
 * one that looks like an option, because virsh would take it for that.
 */
export const domainSchema = z.read(
  z.string({ error: expected("a libvirt domain name or UUID", '"db-01"') }),
  (text, refuse): string => {
    const wrong =
      text === ""
        ? "is empty"
        : /^\d+$/.test(text)
          ? "is a number, which virsh reads as a domain id; give the UUID of this domain instead"
          : text.startsWith("-")
            ? "begins with a dash, which virsh reads as an option; give the UUID of this domain instead"
            : /[/\n\r\0]/.test(text)
              ? "has a character that libvirt allows in no domain name"
              : !canBeShown(text)
                ? "has a character that cannot be shown in a command; give the UUID of this domain instead"
                : undefined;
    return wrong
      ? refuse(`got ${shown(text)}, which ${wrong}; expected a name or UUID, for example "db-01"`)
      : canonicalDomain(text);
  },
);

/** libvirt reads a UUID in either case and writes it in lower case. */
export function canonicalDomain<T>(domain: T): T {
  return typeof domain === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(domain)
    ? (domain.toLowerCase() as T & string)
    : domain;
}

/** A key of the inventory, a Host of ssh_config, or (without an inventory) `[user@]host[:port]`. */
export const hostName = z.read(z.string({ error: expected("a host name", '"kvm-b"') }), (text, refuse): string => {
  const read = destinationOf(text);
  if (!("wrong" in read)) return text;
  // What stands before an @ and has a colon may be a password.
  const got = /:.*@/s.test(text) ? kindOf(text) : shown(text);
  return refuse(`got ${got}; expected ${expectedOf[read.wrong]}`);
});
const expectedOf: Record<NotADestination["wrong"], string> = {
  name: 'a host name of letters, digits and . _ -, for example "kvm-b"',
  scheme: 'a host name without a scheme, for example "root@kvm-b:2222"',
  address: 'an IPv6 address, in brackets where a port follows, for example "fd00::12" or "root@[fd00::12]:2222"',
  port: 'a port from 1 to 65535 behind the colon, for example "kvm-b:2222"',
  user: 'an account name of letters, digits and . _ - before the @, for example "root@kvm-b"; for other account names, set `user` of the host in vm-placement:hosts',
};

const hostError = expected("a host name, or a list of them", '"kvm-b" or ["kvm-b", "kvm-c"]');
const hostSchema = z.union([hostName, z.array(hostName).check(z.minLength(1, { error: hostError }))], {
  error: hostError,
});

const onDriftValues = ["moveBack", "adopt", "fail"] as const satisfies readonly OnDrift[];
const onDriftSchema = z.withDefault(
  z.enum(onDriftValues, { error: expected(listed(onDriftValues.map((value) => JSON.stringify(value))), '"adopt"') }),
  "moveBack",
);

/** Most placements of a large stack say nothing of it. */
const withoutMigration = once(() => Object.freeze(migrationSchema.parse({})));

/** What a program may say, and what a placement keeps beside it; names that begin with "__" are the resource's own. */
const inputNames = ["domain", "host", "migration", "onDrift", "limits", "inventory"];
const outputNames = ["plan", "currentHost", "domainUuid", "state", "lastMigration", "schemaVersion"];
const knownNames = new Set([...inputNames, ...outputNames]);

/** Reads a placement's inputs. All failures at once; what Pulumi does not know yet is left out and fails nothing. */
export function parseInputs(props: Record<string, unknown>): { inputs: ParsedInputs; failures: InputFailure[] } {
  const failures: InputFailure[] = [];
  const read = <T>(schema: z.ZodType<T>, property: string): T | undefined => {
    const parsed = schema.safeParse(props[property]);
    const unknown = unknownPaths(props[property], property);
    if (!parsed.success) failures.push(...failuresOf(parsed.error, property, unknown));
    return parsed.success && unknown.length === 0 ? parsed.data : undefined;
  };

  const strangers = Object.keys(props).filter((name) => !name.startsWith("__") && !knownNames.has(name));
  for (const name of strangers) failures.push(invalid(shownName(name), unknownFields([name], inputNames)));

  const domain = read(domainSchema, "domain");
  const host = read(hostSchema, "host");
  const isDefault = props.migration === undefined;
  const migration = isDefault ? withoutMigration() : read(migrationSchema, "migration");
  const onDrift = read(onDriftSchema, "onDrift");
  const limits = props.limits === undefined ? undefined : read(hostLimitsSchema(), "limits");
  if (migration && !isDefault) {
    failures.push(
      ...optionConflicts(migration).map(({ reason, ...where }) => ({ ...where, message: reason, remedies: [] })),
    );
  }
  const hosts = host === undefined ? undefined : [host].flat();
  if (hosts && new Set(hosts).size < hosts.length) {
    failures.push(
      invalid("host", `got ${shown(host)}; a host is in the list twice; write for example ["kvm-b", "kvm-c"]`),
    );
  }
  return { inputs: { domain, hosts, anyOf: Array.isArray(host), migration, onDrift, limits }, failures };
}
