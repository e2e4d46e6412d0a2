import { cleanLine } from "../core/clean";
import { wholeNumber } from "../core/numbers";
import type { QemuConf } from "../core/problems";

/** What it sets counts; undefined where it could not be read, which the probe shows by leaving out the first line. */
export function parseQemuConf(text: string): QemuConf | undefined {
  if (!text.startsWith("# readable")) return undefined;
  const all = settingsOf(text);
  const value = (key: string) => all.get(key)?.[0];
  const port = (key: string) => wholeNumber(value(key), 65_535);
  const tlsSecret = value("migrate_tls_x509_secret_uuid") ?? value("default_tls_x509_secret_uuid");
  return {
    migrationHost: value("migration_host"),
    migrationPortMin: port("migration_port_min") ?? 49_152,
    migrationPortMax: port("migration_port_max") ?? 49_215,
    migrateTlsForce: value("migrate_tls_force") === "1",
    ...(tlsSecret && { tlsSecret: tlsSecret.toLowerCase() }),
    user: value("user"),
    sharedFilesystems: all.get("shared_filesystems") ?? [],
  };
}

/** An account by name, or by number with or without a plus sign. */
export function isRoot(user: string): boolean {
  return user === "root" || /^\+?0+$/.test(user);
}

/** `"""…"""`, `"…"`, `'…'`, a number, or one of the marks around and between them; a comment ends with its line. No quote is escaped. */
const token = /\s+|#[^\n]*|"""(?:(?!""")[^])*"""|"[^"\n]*"|'[^'\n]*'|[[\],=]|[^\s#"'[\],=]+|./gy;

/** `key = value` as libvirt reads it: a number, a text in quotes, or a list of texts over as many lines as it likes. The first one of a key counts. */
function settingsOf(text: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  const tokens = (text.match(token) ?? []).filter((each) => !/^(?:\s|#)/.test(each));
  for (let at = 0; at + 2 < tokens.length; at++) {
    if (tokens[at + 1] !== "=") continue;
    const key = tokens[at]!;
    const end = tokens[at + 2] === "[" ? tokens.indexOf("]", at) : at + 2;
    const found = tokens.slice(at + 2, end < 0 ? undefined : end + 1).filter((each) => !/^[[\],]$/.test(each));
    if (!values.has(key)) values.set(key, found.map(unquoted));
    at = end < 0 ? tokens.length : end;
  }
  return values;
}

function unquoted(word: string): string {
  const quotes = /^(?:"""|"|')/.exec(word)?.[0].length ?? 0;
  return cleanLine(word.slice(quotes, word.length - quotes).trim(), 300);
}
