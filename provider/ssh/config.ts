import { commandLine } from "../core/shownCommand";
import { readdirSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { PlacementError } from "../core/errors";
import { type ConfigLine, readLine } from "./config-line";
import { valueFault } from "./config-values";
import { expandPath } from "./expand";
import { isLiteral, matchesPattern } from "./patterns";
import { readPlainFile } from "./plain-file";
import { type ConfigFile, type SshOptions, type Surroundings, surroundings } from "./surroundings";

/** The directives under one `Host` or `Match` line, or above the first. An Include is a directive: it counts only where its block does. */
export interface Block {
  /** Absent: the directives hold for every host. */
  when?: { keyword: "host" | "match"; words: string[] };
  entries: ({ keyword: string; values: string[] } | { include: Block[] })[];
}

/** ssh's own limit of nested Includes. */
const deepestInclude = 16;

/** All of ssh_config, user's first. */
export function readConfig(around: Surroundings): Block[] {
  return around.configFiles.flatMap((file) => readBlocks(file, around, 0));
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

function readBlocks(file: ConfigFile, around: Surroundings, depth: number): Block[] {
  const blocks: Block[] = [{ entries: [] }];
  for (const { keyword, values } of linesOf(file, around.env)) {
    if (keyword === "host" || keyword === "match") {
      blocks.push({ when: { keyword, words: values }, entries: [] });
    } else if (keyword === "include") {
      if (depth >= deepestInclude) throw unusable(file.path, `Include is nested more than ${deepestInclude} deep`);
      const files = values.flatMap((path) => included(path, file, around));
      blocks.at(-1)!.entries.push({ include: files.flatMap((each) => readBlocks(each, around, depth + 1)) });
    } else blocks.at(-1)!.entries.push({ keyword, values });
  }
  return blocks;
}

/** Paths are relative to the account's or the system's directory, never to the file that includes them. */
function included(path: string, { path: from, directory }: ConfigFile, around: Surroundings): ConfigFile[] {
  const { home, env, localUser: u, localHost: l } = around;
  const expanded = expandPath(path, home, { d: home, u, l, L: l.split(".", 1)[0]! }, env);
  if (expanded === undefined) throw unusable(from, `Include ${path} has a part that is not understood here`);
  const paths = filesLike(isAbsolute(expanded) ? expanded : join(directory, expanded));
  return paths.map((each) => ({ path: each, directory, private: true }));
}

function linesOf(file: ConfigFile, env: NodeJS.ProcessEnv): ConfigLine[] {
  return textOf(file)
    .split("\n")
    .flatMap((text, index) => {
      const line = readLine(text);
      if (line === undefined) return [];
      const fault = typeof line === "string" ? line : valueFault(line.keyword, line.values, env);
      if (typeof line === "string" || fault !== undefined) throw unusable(file.path, `line ${index + 1}: ${fault}`);
      return line;
    });
}

function textOf({ path, private: alone }: ConfigFile): string {
  try {
    const facts = statSync(path);
    // A pattern of Include may match a directory, which ssh reads as an empty file.
    if (facts.isDirectory()) return "";
    const own = process.getuid?.();
    const foreign = facts.uid !== 0 && facts.uid !== own;
    if (alone && own !== undefined && (foreign || (facts.mode & 0o022) !== 0)) {
      throw unusable(path, "others may write it, and ssh refuses it too", commandLine`chmod go-w ${path}`);
    }
    return readPlainFile(path).toString("utf8");
  } catch (error) {
    if (error instanceof PlacementError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return "";
    throw unusable(path, `it cannot be read (${code})`);
  }
}

function unusable(file: string, why: string, fix?: string): PlacementError {
  return new PlacementError({
    code: "invalidInput",
    phase: "configure",
    action: `cannot use the ssh configuration ${file}`,
    message: why,
    remedies:
      fix === undefined
        ? [
            {
              do: "fix the file; ssh shows how it reads it",
              commands: [{ command: commandLine`ssh -G -F ${file} HOST` }],
            },
          ]
        : [{ do: "take the others' permissions away", commands: [{ command: fix }] }],
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
