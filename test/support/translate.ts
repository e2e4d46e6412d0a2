/** libvirt's and the C library's errors in the languages of hosts, by the catalogues that these ship. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** An English text, with `%s` and the like in it, and what stands in its place. */
export type Catalogue = Readonly<Record<string, string>>;

/** From Debian's libvirt-l10n 9.0.0 and libc-l10n 2.36: what `stderrCases` and the patterns of the causes need of them. */
export const catalogues = JSON.parse(
  readFileSync(join(__dirname, "../fixtures/translations/libvirt-9.0.0.json"), "utf8"),
) as Readonly<Record<string, Catalogue>>;

const placeholder = /%(?:\d\$)?[-#0]*\d*(?:hh|h|ll|l|z)?[sdiuxp]/;

/** The text with these in place of its placeholders, in their order. */
export function filled(text: string, values: readonly string[]): string {
  let next = 0;
  return text.replaceAll(new RegExp(placeholder, "g"), () => values[next++] ?? "");
}

/** What virsh prints of an error that the daemon of such a host sends: "error: " is virsh's own and stays. */
export function translated(stderr: string, catalogue: Catalogue, onUse?: (english: string) => void): string {
  const formats = formatsOf(catalogue);
  const translate = (text: string): string => {
    const fit = formats
      .map((each) => ({ ...each, match: each.pattern.exec(text) }))
      .find(({ match }) => match !== null);
    if (fit === undefined) return text;
    onUse?.(fit.english);
    return filled(catalogue[fit.english]!, fit.match!.slice(1).map(translate));
  };
  return stderr
    .split("\n")
    .map((line) => {
      const [prefix = ""] = /^(?:error: )?/.exec(line)!;
      const text = line.slice(prefix.length);
      // This one is virsh's own.
      return text === "failed to connect to the hypervisor" ? line : prefix + translate(text);
    })
    .join("\n");
}

const known = new WeakMap<Catalogue, { english: string; pattern: RegExp }[]>();

/** The most literal first. */
function formatsOf(catalogue: Catalogue) {
  let formats = known.get(catalogue);
  if (formats === undefined) {
    formats = Object.keys(catalogue)
      .sort((a, b) => b.replaceAll(/%\w+/g, "").length - a.replaceAll(/%\w+/g, "").length)
      .map((english) => {
        const parts = english
          .trim()
          .split(placeholder)
          .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
        return { english, pattern: new RegExp(`^${parts.join("(.*)")}$`) };
      });
    known.set(catalogue, formats);
  }
  return formats;
}
