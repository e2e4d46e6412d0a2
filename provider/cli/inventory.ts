/** Where the command line finds the hosts: the selected stack's configuration, or a file. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Inventory, SshChoice } from "../core/model";
import {
  createMask,
  type Mask,
  parseHistory,
  parseInventory,
  parseSsh,
  parseUri,
  renderInputFailure,
  secretsIn,
} from "../schema";

export interface CliSettings {
  inventory: NonNullable<Inventory>;
  uri: string;
  ssh: SshChoice;
  /** The file of `vm-placement:history`. */
  history?: string | undefined;
  /** Hides what is secret in the configuration. */
  mask: Mask;
}

/** Something is wrong with how it was called, or with the configuration. */
export class UsageError extends Error {}

/** Of a JSON file: the hosts by name, or what `pulumi config --json` prints. */
export async function settingsFromFile(path: string): Promise<CliSettings> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${(error as Error).message}`);
  }
  return settingsFrom(text, path);
}

/** Of a stack of this directory; without its name, of the one that is selected. */
export async function settingsFromStack(stack?: string): Promise<CliSettings> {
  try {
    const named = stack === undefined ? [] : ["--stack", stack];
    const { stdout } = await promisify(execFile)("pulumi", ["config", "--show-secrets", "--json", ...named]);
    return settingsFrom(stdout, "the stack's configuration");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const message = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    throw new UsageError(
      `cannot read the stack's configuration: ${message}\n  Run it in the project's directory with a stack selected, or give --inventory FILE.`,
    );
  }
}

type ConfigValue = { value?: string; objectValue?: unknown; secret?: boolean };

function settingsFrom(text: string, where: string): CliSettings {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own words quote the text.
    throw new UsageError(`${where} is no JSON`);
  }
  const mask = createMask(secretsOf(json));
  try {
    return { ...settingsIn(json, text, where), mask };
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(mask(error.message)) : error;
  }
}

/**
 * Of a value with parts, such as the hosts, Pulumi says that something in it is secret, and not what: there the fields' names tell. A file
 * of hosts says neither.
 */
function secretsOf(json: unknown): string[] {
  const values = Object.values((json ?? {}) as Record<string, ConfigValue | null>);
  const whole = values.flatMap((entry) => {
    if (entry?.secret !== true || typeof entry.value !== "string") return [];
    const value: unknown = entry.objectValue ?? parsed(entry.value);
    return typeof value === "object" && value !== null ? secretsIn(value) : [entry.value];
  });
  // `value` repeats as one text what `objectValue` has in parts.
  return [...whole, ...secretsIn(json)];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function settingsIn(given: unknown, text: string, where: string): Omit<CliSettings, "mask"> {
  const json = (given ?? {}) as Record<string, unknown>;
  const value = (key: string): string | undefined => {
    const entry = json[key] as ConfigValue | undefined;
    if (entry === undefined) return undefined;
    return entry.objectValue === undefined ? entry.value : JSON.stringify(entry.objectValue);
  };
  const isConfig = Object.keys(json).some((key) => key.includes(":"));
  const { inventory, failures } = parseInventory(isConfig ? value("vm-placement:hosts") : text);
  const { uri, failures: uriFailures } = parseUri(isConfig ? value("vm-placement:uri") : undefined);
  const { ssh, failures: sshFailures } = parseSsh(isConfig ? value("vm-placement:ssh") : undefined);
  const { history, failures: historyFailures } = parseHistory(isConfig ? value("vm-placement:history") : undefined);
  const wrong = [...failures, ...uriFailures, ...sshFailures, ...historyFailures].map(
    (each) => `${each.property}: ${renderInputFailure(each)}`,
  );
  if (wrong.length > 0) throw new UsageError(`${where} cannot be used:\n  ${wrong.join("\n  ")}`);
  if (inventory === undefined || Object.keys(inventory).length === 0)
    throw new UsageError(`${where} has no hosts (vm-placement:hosts)`);
  return { inventory, uri, ssh, history };
}
