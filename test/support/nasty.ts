/** Texts of hosts, and of anybody who answers in place of one, that a terminal or Pulumi's display would act on. */
import assert from "node:assert/strict";

const character = (code: number) => String.fromCharCode(code);
const esc = character(0x1b);
const bel = character(7);

/** From field cases, and the rest of their kinds. */
export const nastyTexts: Record<string, string> = {
  "a directive of Pulumi's display": "bye <{%nonsense%}>",
  "a directive behind a sequence": `<{${esc}[0m%nonsense%}>`,
  "a directive behind a sequence in a sequence": `<${esc}${esc}[0m[0m{%nonsense%}>`,
  "a window title, a colour, a clearing of the screen": `${esc}]0;pwned${bel}${esc}[31mred${esc}[2J`,
  "a title that ends with ST": `${esc}]0;pwned${esc}\\text`,
  "a title that never ends": `${esc}]0;pwned`,
  "a device control string": `${esc}P$qm${esc}\\text`,
  "the clipboard": `${esc}]52;c;cm0gLXJmCg==${bel}`,
  "half a sequence": `text${esc}[`,
  "two escapes": `${esc}${esc}[31m`,
  "C1 sequences": `${character(0x9b)}31m ${character(0x9d)}0;pwned${character(0x9c)}`,
  "backspaces and a right-to-left override": `31m ${character(8)}${character(8)}${character(8)} ${character(0x202e)}txt`,
  isolates: `${character(0x2066)}a${character(0x2067)}b${character(0x2068)}c${character(0x2069)}`,
  marks: `${character(0x200e)}${character(0x200f)}${character(0x61c)}`,
  "zero-width characters": `a${character(0x200b)}b${character(0x200c)}c${character(0x200d)}d${character(0xfeff)}e${character(0x2060)}`,
  "line and paragraph separators": `a${character(0x2028)}b${character(0x2029)}`,
  "lone surrogates": `a${character(0xd800)}b${character(0xdc00)}`,
  tags: "a\u{e0041}\u{e007f}",
  "what is drawn as nothing": "a\u{e0000}b\u2065c\u034fd\u3164",
  "NUL and DEL": `a${character(0)}b${character(0x7f)}`,
};

/** Everything at once, in one line. */
export const nastyLine = Object.values(nastyTexts).join(" ");

const driving =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF]|\p{Cs}|[\u{E0000}-\u{E007F}]|<\{%/u;

/** Nothing in a text acts on a terminal or on Pulumi's display. */
export function assertClean(text: string, whose = "the text"): void {
  const found = driving.exec(text);
  assert.equal(found, null, `${whose} has ${JSON.stringify(found?.[0])} at ${found?.index}: ${JSON.stringify(text)}`);
}

/** The same for every text in a value, keys too. */
export function assertAllClean(value: unknown, whose = "the value"): void {
  if (typeof value === "string") assertClean(value, whose);
  else if (typeof value === "object" && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      assertClean(key, whose);
      assertAllClean(each, `${whose}.${key}`);
    }
  }
}
