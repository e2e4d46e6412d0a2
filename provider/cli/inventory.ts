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
import { giveThem, hostsOfState, withInventory } from "./stateInventory";

export interface CliSettings {
  inventory: NonNullable<Inventory>;
  uri: string;
  ssh: SshChoice;
  /** The file of `vm-placement:history`. */
  history?: string | undefined;
  /** Hides what is secret in the configuration. */
  mask: Mask;
  /** Hosts that were left out, and why. */
  notes?: readonly string[];
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

/**
 * Of a stack of this directory; without its name, of the one that is selected. Beside the configuration's hosts, those that placements of its state
 * have in an `inventory` of their own.
 */
export async function settingsFromStack(stack?: string, pulumi: Pulumi = pulumiCommand): Promise<CliSettings> {
  const named = stack === undefined ? [] : ["--stack", stack];
  const state = placementsOfState(pulumi, named);
  state.catch(() => {});
  let config: string;
  try {
    config = await pulumi(["config", "--show-secrets", "--json", ...named]);
  } catch (error) {
    throw new UsageError(
      `cannot read the stack's configuration: ${messageOf(error)}\n  Run it in the project's directory with a stack selected, or give --inventory FILE.`,
    );
  }
  return settingsFrom(config, "the stack's configuration", await state);
}

/** Runs pulumi with these words, and resolves to its standard output. */
export type Pulumi = (words: readonly string[]) => Promise<string>;

const pulumiCommand: Pulumi = async (words) => {
  const { stdout } = await promisify(execFile)("pulumi", words, { maxBuffer: 2 ** 30 });
  return stdout;
};

interface State {
  placements: ReturnType<typeof withInventory>;
  notes: string[];
}

/** Nothing of the state is decrypted unless a placement has hosts of its own. */
async function placementsOfState(pulumi: Pulumi, named: readonly string[]): Promise<State> {
  const exported = async (more: readonly string[]) =>
    withInventory(await pulumi(["stack", "export", ...more, ...named]));
  let encrypted: State["placements"];
  try {
    encrypted = await exported([]);
  } catch (error) {
    const note = `the state cannot be read, so hosts that only placements have in their inventory are left out: ${messageOf(error)}; ${giveThem}`;
    return { placements: [], notes: [note] };
  }
  if (encrypted.length === 0) return { placements: [], notes: [] };
  return exported(["--show-secrets"]).then(
    (placements) => ({ placements, notes: [] }),
    (error: unknown) => ({ placements: encrypted, notes: [`pulumi cannot decrypt the state: ${messageOf(error)}`] }),
  );
}

function messageOf(error: unknown): string {
  return (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
}

type ConfigValue = { value?: string; objectValue?: unknown; secret?: boolean };

function settingsFrom(text: string, where: string, state?: State): CliSettings {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own words quote the text.
    throw new UsageError(`${where} is no JSON`);
  }
  let mask = createMask(secretsOf(json));
  try {
    const { inventory: own = {}, ...settings } = settingsIn(json, text, where);
    const more = hostsOfState(state?.placements ?? [], own);
    mask = createMask([...secretsOf(json), ...secretsIn(more.texts)]);
    const inventory = { ...own, ...more.inventory };
    const notes = [...(state?.notes ?? []), ...more.notes];
    if (Object.keys(inventory).length === 0)
      throw new UsageError([`${where} has no hosts (vm-placement:hosts)`, ...notes].join("\n  "));
    return { ...settings, inventory, notes, mask };
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

function settingsIn(
  given: unknown,
  text: string,
  where: string,
): Omit<CliSettings, "mask" | "inventory"> & { inventory: Inventory } {
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
  return { inventory, uri, ssh, history };
}
