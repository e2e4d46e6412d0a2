/**
 * Text from outside (hosts, ssh servers before their key is checked, local files, node) as it may be shown and kept: it can neither
 * drive a terminal nor Pulumi's display, reads in the order it is written in, and has an end.
 */

/** Room for the longest error that is of use. */
const defaultLimit = 4096;

/** Whole escape sequences go; what is only their beginning is one more control character. OSC, DCS, SOS, PM and APC end with BEL or ST. */
// eslint-disable-next-line no-control-regex
const sequences = /(?:\u001B[[]|\u009B)[0-?]{0,64}[ -/]{0,16}[@-~]|\u001B[ -/]{0,16}[0-Z\\^-~]/g;

/**
 * Cc, Cf (bidirectional controls, zero-width characters), Cs (lone surrogates), Co, Zl, Zp, and what is drawn as nothing, assigned or not
 * (Default_Ignorable_Code_Point). Variation selectors stay: they choose a shape of the character before them.
 */
const invisible = /(?![\uFE00-\uFE0F\u{E0100}-\u{E01EF}])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{DI}]/gu;

/**
 * Cleans text that may have several lines. Idempotent.
 *
 * A character that is not shown leaves a "�": a name without it would be the name of another VM.
 *
 * @param limit the longest result in UTF-16 units, 64 or more; what is cut is counted: "… (12,345 more bytes)".
 */
export function clean(text: string, limit = defaultLimit): string {
  if (text.length <= limit && /^[\n -~]*$/.test(text) && !text.includes("<{%")) return text;
  // Only a constant multiple of what is kept is looked at: a flood costs nothing.
  const examined = text.length > 4 * limit ? text.slice(0, 4 * limit) : text;
  const washed = withoutStrings(examined)
    .replace(sequences, "")
    .replace(/\r\n?/g, "\n")
    .replace(/\t/g, " ")
    .replace(invisible, (character) => (character === "\n" ? "\n" : "\uFFFD"))
    .replaceAll("<{%", "<{ %");
  if (washed.length <= limit && examined === text) return washed;
  const kept = firstOf(washed, Math.min(washed.length, limit - 40));
  const cut = bytesOf(washed.slice(kept.length)) + bytesOf(text.slice(examined.length));
  return `${kept}… (${grouped(cut)} more bytes)`;
}

/** As `clean`, in one line: for values, and for words that another sentence holds. */
export function cleanLine(text: string, limit = 1024): string {
  const cleaned = clean(text, limit);
  return cleaned.includes("\n")
    ? cleaned
        .split("\n")
        .map((line) => line.trim())
        .join(" ")
    : cleaned;
}

/** Every text in a value that is about to be printed or kept, however deep. Keys are this program's own. */
export function cleanValues<T>(value: T, limit?: number): T {
  if (typeof value === "string") return clean(value, limit) as T;
  if (Array.isArray(value)) return value.map((each: unknown) => cleanValues(each, limit)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, cleanValues(each, limit)])) as T;
}

/** Takes out strings that are sent to the terminal itself (window titles, clipboard, downloads). One that never ends is left to the rest. */
function withoutStrings(text: string): string {
  // eslint-disable-next-line no-control-regex
  const begin = /\u001B[\]PX^_]|[\u0090\u0098\u009D-\u009F]/g;
  // eslint-disable-next-line no-control-regex
  const end = /\u0007|\u001B\\|\u009C/g;
  let rest = "";
  let at = 0;
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    end.lastIndex = begin.lastIndex;
    const ended = end.exec(text);
    if (ended === null) break;
    rest += text.slice(at, match.index);
    at = begin.lastIndex = end.lastIndex;
  }
  return rest + text.slice(at);
}

/** Never half a character. */
function firstOf(text: string, length: number): string {
  const unit = text.charCodeAt(length - 1);
  return text.slice(0, unit >= 0xd800 && unit <= 0xdbff ? length - 1 : length);
}

function bytesOf(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Each half of a surrogate pair stands for two of four bytes.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

function grouped(count: number): string {
  const digits = String(count);
  return [...digits].map((digit, i) => (i > 0 && (digits.length - i) % 3 === 0 ? `,${digit}` : digit)).join("");
}
