/** What every verb of `vm-placement` has in common. */
import { listed, nearMatches } from "../core/near";
import type { Clock } from "../core/ports";
import type { Hosts } from "../observe/hosts";
import { type CliSettings, UsageError } from "./inventory";

export const exitCodes = { fine: 0, blocked: 1, usage: 2 } as const;

export interface Session {
  settings: CliSettings;
  hosts: Hosts;
  clock: Clock;
  /** The value itself with --json, else its text; what hosts print is cleaned, and what is secret hidden, in both. */
  readonly show: <T>(value: T, text: (value: T) => string) => void;
  /** Beside the result, on stderr. */
  readonly note: (text: string) => void;
  /** A row with its time, for what takes long; with --json a line of JSON. */
  readonly row: (row: { text: string; [more: string]: unknown }) => void;
  /** The same hosts, of which nothing is known yet. */
  readonly freshHosts: () => Hosts;
  readonly local: Local;
}

/** What a verb needs of this computer. */
export interface Local {
  /** Somebody can be asked. */
  isInteractive: boolean;
  /** Runs the pulumi program with this terminal, its standard output with --json on stderr. Resolves to its exit code. */
  pulumi(words: readonly string[], json: boolean): Promise<number>;
  /** Ctrl-C; the second ends this process. */
  onInterrupt(listener: () => void): void;
}

export interface Verb<Options = never> {
  /** Name and arguments, as commander reads them: "plan <vm>". */
  usage: string;
  description: string;
  /** Flags as commander reads them, and what they mean. */
  options: readonly (readonly [flags: string, description: string])[];
  /** Settings of its own, where these words do not need those of a stack or file. */
  settings?(words: readonly string[], options: Options): CliSettings | undefined;
  run(session: Session, words: readonly string[], options: Options): Promise<number>;
}

/** Each once. @throws UsageError for a name that the inventory does not have. */
export function knownHosts({ settings: { inventory } }: Session, names: readonly string[]): readonly string[] {
  const unknown = names.find((name) => !Object.hasOwn(inventory, name));
  if (unknown === undefined) return [...new Set(names)];
  const near = nearMatches(unknown, Object.keys(inventory));
  const hint = near.length > 0 ? `did you mean ${listed(near)}?` : `its hosts are ${listed(Object.keys(inventory), "and")}`; // prettier-ignore
  throw new UsageError(`no host ${unknown} in the inventory; ${hint}`);
}
