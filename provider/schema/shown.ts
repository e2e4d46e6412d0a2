/**
 * What of a refused value may be shown. Any field can hold a secret that was meant for another one. Pulumi masks a secret in its display
 * only where it finds the whole of it, letter by letter: a value that is cut or escaped is one that it no longer knows.
 */
import { UNKNOWN } from "./wire";

/** Longer than any word of an option, any duration, size or port, and shorter than a token. */
const mostShown = 24;
/** A field or a host, in messages about what is below it. */
const mostOfName = 64;

/** A number, true or false, or a short text of plain letters as it stands; of anything else only what it is. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (isKeyText(value)) return "the text of a private key";
  const text = JSON.stringify(value).replaceAll(UNKNOWN, "(not known yet)");
  const isFit =
    text.length <= 2 * mostShown && textsIn(value).every((each) => each.length <= mostShown && isPlain(each));
  return isFit ? text : described(value);
}

/** "a text of 412 characters". */
function described(value: unknown): string {
  if (typeof value === "string" && value !== "") {
    const length = [...value].length;
    return `a text of ${length} ${length === 1 ? "character" : "characters"}`;
  }
  return kindOf(value);
}

/** For values of which a part may be secret. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return { string: "a text", object: "an object", boolean: "true or false" }[typeof value as string] ?? "a number";
}

/** The name of a field or a host that somebody wrote: it may be a value in the wrong place. */
export function shownName(name: string): string {
  return name.length <= mostOfName && /^[\x20-\x7e]*$/.test(name) && !isKeyText(name)
    ? name
    : `(a name of ${[...name].length} characters)`;
}

/** A private key, whole or in part: OpenSSH's form begins with "openssh-key-v1" in base64 also where its first line is lost. */
export function isKeyText(value: unknown): boolean {
  return typeof value === "string" && /PRIVATE KEY|b3BlbnNzaC1rZXktdjE/.test(value);
}

/** Stands between quotes as it is; a few letters may have a line break among them, which no secret of that length has. */
function isPlain(text: string): boolean {
  const letters = text.length <= 8 ? text.replace(/[\n\r\t]/g, "") : text;
  return /^[\x20-\x7e]*$/.test(letters) && !/["\\]/.test(letters) && !isKeyText(text) && !looksRandom(text);
}

/** What a generator of passwords makes. One that a program made a secret of Pulumi does not mask in an error. */
function looksRandom(text: string): boolean {
  return text.length > 10 && [/[a-z]/, /[A-Z]/, /[0-9]/].every((kind) => kind.test(text));
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value === UNKNOWN ? "" : value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [...(Array.isArray(value) ? [] : [key]), ...textsIn(item)]);
}
