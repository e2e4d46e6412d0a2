/** What a command changes in a placements file. What it does not name stays as it is. */
export interface Changes {
  /** By VM. `null` takes its entry away; a VM that the file does not have needs a host. */
  readonly vms?: Readonly<Record<string, VmChange | null>>;
  readonly hosts?: Readonly<Record<string, { readonly maintenance: boolean | null }>>;
  /** By host: which VMs left it, in which order. `null` takes the record away. */
  readonly evacuated?: Readonly<Record<string, Readonly<Record<string, number>> | null>>;
}

interface VmChange {
  readonly host?: string;
  /** `null` or an empty list takes it away. */
  readonly after?: readonly string[] | null;
  /** Of a VM that is added: its domain, where it is not the key. */
  readonly domain?: string;
}

export type Value = string | number | boolean | readonly string[] | { readonly [key: string]: Value };

/** One place of the file and what it becomes; undefined takes it away. */
export interface Operation {
  path: readonly string[];
  value: Value | undefined;
}

/**
 * @param vms The entries as they stand in the file: a host, or an object with more.
 * @param isOneLine Whether the object of a VM is written as `{ … }`: it may become short.
 */
export function operationsOf(
  changes: Changes,
  vms: Readonly<Record<string, unknown>>,
  isOneLine: (vm: string) => boolean,
): Operation[] {
  return [
    ...Object.entries(changes.vms ?? {}).flatMap(([name, change]) =>
      ofVm(["vms", name], change, Object.hasOwn(vms, name) ? vms[name] : undefined, isOneLine),
    ),
    ...Object.entries(changes.hosts ?? {}).map(([name, { maintenance }]) => ({
      path: ["hosts", name, "maintenance"],
      value: maintenance ?? undefined,
    })),
    ...Object.entries(changes.evacuated ?? {}).map(([name, left]) => ({
      path: ["evacuated", name],
      value: left === null || Object.keys(left).length === 0 ? undefined : left,
    })),
  ];
}

function ofVm(
  path: readonly string[],
  change: VmChange | null,
  entry: unknown,
  isOneLine: (vm: string) => boolean,
): Operation[] {
  if (change === null) return [{ path, value: undefined }];
  const after = change.after === undefined ? undefined : (change.after ?? []);
  if (typeof entry !== "object" || entry === null) {
    const host = change.host ?? (entry as string | undefined);
    if (host === undefined) throw new Error(`no host is given for ${path[1]}, which the file does not have`);
    const isLong = (after ?? []).length > 0 || change.domain !== undefined;
    const long = {
      host,
      ...(change.domain !== undefined && { domain: change.domain }),
      ...(after !== undefined && after.length > 0 && { after }),
    };
    return [{ path, value: isLong ? long : host }];
  }
  const fields = entry as Readonly<Record<string, unknown>>;
  const left = Object.keys(fields).filter((key) => key !== "after" || after === undefined || after.length > 0);
  // The short form comes back with what made the entry long.
  if (after?.length === 0 && "after" in fields && left.join() === "host" && isOneLine(path[1]!)) {
    return [{ path, value: change.host ?? (fields["host"] as string) }];
  }
  return [
    ...(change.host === undefined ? [] : [{ path: [...path, "host"], value: change.host }]),
    ...(after === undefined ? [] : [{ path: [...path, "after"], value: after.length > 0 ? after : undefined }]),
  ];
}

/** The same on plain values: what the text has to say afterwards. */
export function applied(before: unknown, operations: readonly Operation[]): unknown {
  const root = structuredClone(before) as Record<string, unknown>;
  for (const { path, value } of operations) {
    const chain: Record<string, unknown>[] = [root];
    for (const key of path.slice(0, -1)) {
      const above = chain[chain.length - 1]!;
      if (!Object.hasOwn(above, key) || above[key] === null) {
        if (value === undefined) break;
        define(above, key, {});
      }
      chain.push(above[key] as Record<string, unknown>);
    }
    if (chain.length < path.length) continue;
    const last = path[path.length - 1]!;
    if (value !== undefined) define(chain[chain.length - 1]!, last, value);
    else {
      delete chain[chain.length - 1]![last];
      for (let depth = path.length - 1; depth > 0 && isPruned(path, depth); depth--) {
        if (Object.keys(chain[depth]!).length === 0) delete chain[depth - 1]![path[depth - 1]!];
      }
    }
  }
  return root;
}

/** Whether the collection at this depth of the path goes when nothing is left in it. The section of the VMs stays. */
export function isPruned(path: readonly string[], depth: number): boolean {
  return path[0] !== "vms" || depth > 2;
}

function define(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
