/** `migration.disks` and `migration.networks`: places on the destination, by what the VM has on the source. */
import * as z from "./zod";
import type { DiskPlace, NetworkPlace } from "../core/mapping";
import { once } from "../core/once";
import { optionTable } from "../core/options";
import { canBeShown } from "../core/quote";
import { expected } from "./refusal";
import { containsUnknown } from "./wire";

const text = (pattern: RegExp) => z.string().check(z.regex(pattern), z.refine(canBeShown));

/** As Linux has them. */
const bridge = once(() => text(/^(?!-)[^\s/:]{1,15}$/));
const name = once(() => text(/^(?!-)[^/\n\r\0]{1,128}$/));
const path = once(() => text(/^\/(?:[^\0]{0,4094}[^\0/])$/));
const diskTarget = once(() => text(/^(?!-)[A-Za-z0-9_-]{1,32}$/));

const diskPlace = once((): z.ZodType<DiskPlace> => {
  const volume = z.strictObject({ pool: name(), volume: name() });
  return z.union([z.strictObject({ path: path() }), volume]);
});
const networkPlace = once((): z.ZodType<NetworkPlace> => {
  const bridged = z.strictObject({ bridge: bridge() });
  return z.union([name(), bridged, z.strictObject({ network: name() })]);
});

interface Words {
  key: string;
  value: string;
  example: string;
}

export const mapSchemas = {
  disks: mapOf(diskTarget, diskPlace, {
    key: "a disk target",
    value: "{ path } with an absolute path, or { pool, volume }",
    example: optionTable.disks.example,
  }),
  networks: mapOf(name, networkPlace, {
    key: "the name of a bridge or libvirt network",
    value: "a name, { bridge } or { network }",
    example: `${optionTable.networks.example} or { "default": { "bridge": "br-lan" } }`,
  }),
};

function mapOf<T>(
  keys: () => z.ZodType,
  places: () => z.ZodType<T>,
  { key, value, example }: Words,
): z.ZodType<Record<string, T>> {
  const whole = expected(`an object with ${key} for each place on the destination`, example);
  const ofKey = expected(key, example);
  const ofValue = expected(value, example);
  return z.read(z.unknown(), (given, refuse): Record<string, T> => {
    const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
    const entries = isObject ? Object.entries(given) : [];
    if (entries.length === 0) return refuse(whole({ input: given }));
    const read = entries.flatMap(([word, place]): [string, T][] => {
      if (!keys().safeParse(word).success) refuse(ofKey({ input: word }), [word]);
      // Another resource makes it: the inputs are read again once it is known.
      if (containsUnknown(place)) return [];
      const parsed = places().safeParse(place);
      if (parsed.success) return [[word, parsed.data]];
      refuse(ofValue({ input: place }), [word]);
      return [];
    });
    return Object.fromEntries(read);
  });
}
