/** Values as Pulumi hands them over and takes them back. */
/** How Pulumi's dynamic-provider protocol spells a value that is not known yet, at any place and whatever its type. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function containsUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(containsUnknown);
}

export function unknownPaths(value: unknown, path: string): string[] {
  if (value === UNKNOWN) return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => unknownPaths(item, `${path}.${key}`));
}

/** Pulumi's wire format knows no undefined, and meets one with "Unexpected struct type." after the work is done. */
export function withoutUndefined<T>(value: T): T {
  if (!hasUndefined(value)) return value;
  if (Array.isArray(value)) return value.filter((item) => item !== undefined).map(withoutUndefined) as T;
  return Object.fromEntries(
    Object.entries(value as object)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, withoutUndefined<unknown>(item)]),
  ) as T;
}

/** Below the value itself. */
function hasUndefined(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some((item) => item === undefined || hasUndefined(item));
}

/** The version of what a placement keeps in state; older ones are read for ever. */
export const schemaVersion = 1;
