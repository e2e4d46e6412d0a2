/** Commands to show, which somebody will paste into a shell: each value is quoted as one that runs is. */
import { canBeShown, quote } from "./quote";

type ShownValue = string | number | { name: string; uuid: string };

/**
 * For a text.
 *
 * @example
 * shownCommand`virsh destroy ${view}`     // `virsh destroy 'web server'`, with the backticks
 */
export function shownCommand(literals: TemplateStringsArray, ...values: ShownValue[]): string {
  return `\`${commandLine(literals, ...values)}\``;
}

/**
 * The command by itself, for a `Remedy`; the renderer puts it between backticks.
 *
 * A domain stands by its name, or by its UUID where the name cannot be shown, or would be read as an option or as an id. Another value
 * that cannot be shown stands as octal codes in a `printf`, which any shell turns into the value again.
 */
export function commandLine(literals: TemplateStringsArray, ...values: ShownValue[]): string {
  return literals
    .map((literal, index) => literal + (index < values.length ? word(literal, values[index]!) : ""))
    .join("");
}

function word(before: string, value: ShownValue): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "object") return domainWord(value);
  const text = canBeShown(value) ? quote(value) : octal(value);
  return value.startsWith("-") && / $/.test(before) ? `-- ${text}` : text;
}

/** A domain in a command, quoted. */
export function domainWord({ name, uuid }: { name: string; uuid: string }): string {
  return name !== name.trim() || !canBeShown(name) || /^(-|\d+$|$)/.test(name) ? uuid : quote(name);
}

function octal(text: string): string {
  const code = (byte: number) => `\\${byte.toString(8).padStart(3, "0")}`;
  return `"$(printf '${[...utf8(text)].map(code).join("")}')"`;
}

function utf8(text: string): number[] {
  return [...encodeURIComponent(text.replace(/\p{Cs}/gu, "\ufffd")).matchAll(/%([0-9A-F]{2})|([^%])/g)].map(
    ([, hex, character]) => (hex === undefined ? character!.charCodeAt(0) : Number.parseInt(hex, 16)),
  );
}
