/** Hides the secrets of a stack's configuration in everything that is printed. */

/** Fields that hold a secret, also where somebody misspelt one or put it where no such field is. */
const secretField = /pass|secret|private|token/i;
/** As Pulumi: shorter ones would hide half of each word, and are none. */
const leastLength = 3;
/** A line of a key by itself. */
const leastLine = 16;

const hidden = "[secret]";

export type Mask = (text: string) => string;

/** Every text below a field that holds a secret, at any depth. */
export function secretsIn(value: unknown, isSecret = false): string[] {
  if (typeof value === "string" || typeof value === "number") return isSecret ? [String(value)] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => secretsIn(item, isSecret || secretField.test(name)));
}

/** Replaces each secret, as it is, as JSON writes it, and a key's lines one by one. */
export function createMask(secrets: readonly string[]): Mask {
  const forms = secrets.flatMap((secret) => [
    secret,
    secret.trim(),
    JSON.stringify(secret).slice(1, -1),
    ...secret.split(/[\r\n]+|\\n/).filter((line) => line.length >= leastLine),
  ]);
  const known = [...new Set(forms)].filter((form) => form.length >= leastLength);
  // A secret that begins as another one does must not leave its end behind.
  known.sort((a, b) => b.length - a.length);
  return (text) => known.reduce((masked, form) => masked.replaceAll(form, hidden), text);
}

/** Of a whole value: its texts, and not the names of its fields, so that JSON stays JSON. */
export function maskAll<T>(value: T, mask: Mask): T {
  if (typeof value === "string") return mask(value) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => maskAll(item, mask)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, maskAll<unknown>(item, mask)])) as T;
}
