import { readdirSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import type { Directive, Line, Section } from "ssh-config" with { "resolution-mode": "import" };
import { PlacementError } from "../core/errors";
import { quote } from "../core/quote";
import { expandPath } from "./expand";
import { isLiteral, matchesPattern } from "./patterns";
import { type SshOptions, type Surroundings, surroundings } from "./surroundings";

/** The directives under one `Host` or `Match` line, or above the first. An Include is a directive: it counts only where its block does. */
export interface Block {
  /** Absent: the directives hold for every host. */
  when?: { keyword: "host" | "match"; words: string[] };
  entries: ({ keyword: string; values: string[] } | { include: Block[] })[];
}

// ssh-config ships a CommonJS build but types for its ES module only, so `import` of its values does not compile here.
// eslint-disable-next-line @typescript-eslint/consistent-type-imports, @typescript-eslint/no-unsafe-assignment
type SshConfigModule = typeof import("ssh-config", { with: { "resolution-mode": "import" } });
// eslint-disable-next-line @typescript-eslint/no-require-imports
const { LineType, parse: parseSshConfig } = require("ssh-config") as SshConfigModule;

/** ssh's own limit of nested Includes. */
const deepestInclude = 16;

/** All of ssh_config, user's first. Only the parser of `ssh-config` is used: its `compute` would run nslookup and `Match exec`. */
export function readConfig(around: Surroundings): Block[] {
  return around.configFiles.flatMap((file) => readBlocks(file, around, dirname(file), 0));
}

/** The hosts that ssh_config names one by one. */
export function sshConfigHosts(options: SshOptions = {}): string[] {
  return [...new Set(namesIn(readConfig(surroundings(options))))];
}

function namesIn(blocks: readonly Block[]): string[] {
  return blocks.flatMap(({ when, entries }) => [
    ...(when?.keyword === "host" ? when.words.filter(isLiteral) : []),
    ...entries.flatMap((entry) => ("include" in entry ? namesIn(entry.include) : [])),
  ]);
}

function readBlocks(file: string, around: Surroundings, folder: string, depth: number): Block[] {
  const lines = linesOf(file);
  const top: Block = { entries: [] };
  const blocks = [top];
  const entry = ({ param, value }: Directive): Block["entries"][number] => {
    // RSAMinSize: the name that RHEL gave RequiredRSASize before OpenSSH had it.
    const keyword = param.toLowerCase().replace(/^rsaminsize$/, "requiredrsasize");
    const values = wordsOf(value);
    if (keyword !== "include") return { keyword, values };
    if (depth >= deepestInclude) throw unusable(file, `Include is nested more than ${deepestInclude} deep`);
    const files = values.flatMap((path) => {
      const expanded = expandPath(path, around.home, around.env, { d: around.home, u: around.localUser });
      return filesLike(isAbsolute(expanded) ? expanded : join(folder, expanded));
    });
    return { include: files.flatMap((path) => readBlocks(path, around, folder, depth + 1)) };
  };
  for (const line of lines) {
    if (line.type !== LineType.DIRECTIVE) continue;
    const keyword = line.param.toLowerCase();
    if (keyword !== "host" && keyword !== "match") {
      top.entries.push(entry(line));
      continue;
    }
    const words = wordsOf(line.value);
    const directives = (line as Section).config.filter((inner) => inner.type === LineType.DIRECTIVE) as Directive[];
    blocks.push({ when: { keyword, words }, entries: directives.map(entry) });
  }
  return blocks;
}

/** The parser leaves single quotes, which ssh takes away. */
function wordsOf(value: Directive["value"]): string[] {
  const words = typeof value === "string" ? [value] : value.map(({ val }) => val);
  return words.map((word) => (/^'[^']*'$/.test(word) ? word.slice(1, -1) : word));
}

function linesOf(file: string): Line[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A pattern of Include may match a directory, which ssh reads as an empty file.
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return [];
    throw unusable(file, `it cannot be read (${code})`);
  }
  try {
    return parseSshConfig(text);
  } catch (error) {
    throw unusable(file, (error as Error).message);
  }
}

function unusable(file: string, why: string): PlacementError {
  return new PlacementError({
    code: "invalidInput",
    phase: "configure",
    action: `cannot use the ssh configuration ${file}`,
    message: why,
    remedies: [
      { do: "fix the file; ssh shows how it reads it", commands: [{ command: `ssh -G -F ${quote(file)} HOST` }] },
    ],
  });
}

/** The files that a path with `*` and `?` stands for, in order, as glob(3) gives them. */
function filesLike(path: string): string[] {
  return path
    .split("/")
    .slice(1)
    .reduce<string[]>(
      (folders, part) =>
        folders.flatMap((folder) => (isLiteral(part) ? [join(folder, part)] : namesLike(folder, part))),
      ["/"],
    );
}

function namesLike(folder: string, pattern: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => matchesPattern(pattern, name) && (!name.startsWith(".") || pattern.startsWith(".")))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
