/** The command line `vm-placement`: thin, over placement/. */
import { whyNotAcceptable } from "../core/accept";
import { clean, cleanValues } from "../core/clean";
import { PlacementError } from "../core/errors";
import type { Inventory, SshChoice } from "../core/model";
import { nearMatches, listed } from "../core/near";
import type { Clock, Dial } from "../core/ports";
import { Hosts } from "../observe/hosts";
import { doctor, isWell, showDiagnosis } from "./doctor";
import { type Mask, maskAll } from "../schema";
import { type CliSettings, UsageError } from "./inventory";
import { plan, showPlan } from "./plan";

const usage = `vm-placement plan VM [--to HOST…] [--json]     where the VM can go, with which options, how long it takes, and what blocks it;
                                               --accept BLOCKER… as with migration.accept
vm-placement doctor [HOST…] [--tls] [--json]   every prerequisite on each host and between each pair, and how to fix what is missing

The hosts are those of the selected stack (vm-placement:hosts); --inventory FILE takes them from a JSON file instead.
Both commands only read from the hosts. Exit code: 0 = no blockers, 1 = blocked, 2 = usage error.
`;

export interface CliWorld {
  dial(inventory: Inventory, ssh: SshChoice, note: (text: string) => void): Dial;
  clock: Clock;
  settings(file: string | undefined): Promise<CliSettings>;
  print(text: string): void;
  complain(text: string): void;
}

export async function run(words: readonly string[], world: CliWorld): Promise<number> {
  let hosts: Hosts | undefined;
  let mask: Mask = (text) => text;
  const print = (text: string) => world.print(mask(text));
  const complain = (text: string) => world.complain(mask(text));
  const printJson = (value: unknown) => world.print(`${JSON.stringify(maskAll(value, mask), null, 2)}\n`);
  try {
    const { command, positional, to, accept, file, json, tls } = parse(words);
    if (command === undefined || command === "help") {
      print(usage);
      return command === undefined ? 2 : 0;
    }
    const settings = await world.settings(file);
    const { inventory, uri, ssh } = settings;
    mask = settings.mask;
    const unknown = [...to, ...(command === "doctor" ? positional : [])].find(
      (name) => !Object.hasOwn(inventory, name),
    );
    if (unknown !== undefined) {
      const near = nearMatches(unknown, Object.keys(inventory));
      throw new UsageError(
        `no host ${unknown} in the inventory; ${near.length > 0 ? `did you mean ${listed(near)}?` : `its hosts are ${listed(Object.keys(inventory), "and")}`}`,
      );
    }
    const dial = world.dial(inventory, ssh, (text) => complain(`${text}\n`));
    hosts = new Hosts(dial, inventory, uri, world.clock);
    if (command === "doctor") {
      const diagnosis = await doctor(hosts, positional.length > 0 ? positional : hosts.names, tls, world.clock);
      const shown = cleanValues(diagnosis);
      if (json) printJson(shown);
      else print(`${showDiagnosis(shown)}\n`);
      return isWell(diagnosis) ? 0 : 1;
    }
    const [domain] = positional;
    if (domain === undefined || positional.length > 1) throw new UsageError("plan takes one VM: plan VM");
    // Names of VMs are not cleaned where they come in, since commands are made of them; what is printed runs nothing.
    const made = cleanValues(await plan(hosts, settings, { domain, to, accept }, world.clock));
    if (json) printJson(made);
    else print(`${showPlan(made)}\n`);
    return made.ways.some(({ possible }) => possible) ? 0 : 1;
  } catch (error) {
    const isExpected = error instanceof UsageError || error instanceof PlacementError;
    complain(
      `${isExpected ? clean(error.message) : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return error instanceof UsageError ? 2 : 1;
  } finally {
    await hosts?.close();
  }
}

function parse(words: readonly string[]) {
  const [command, ...rest] = words;
  if (command === undefined || command === "help" || command === "--help")
    return { command: command && "help", positional: [], to: [], accept: [], file: undefined, json: false, tls: false };
  if (command !== "plan" && command !== "doctor") throw new UsageError(`not understood: ${command}\n\n${usage}`);
  const positional: string[] = [];
  const [to, accept]: [string[], string[]] = [[], []];
  let file: string | undefined;
  let [json, tls] = [false, false];
  let target = positional;
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i]!;
    if (word === "--json") json = true;
    else if (word === "--tls" && command === "doctor") tls = true;
    else if (word === "--to" && command === "plan") target = to;
    else if (word === "--accept" && command === "plan") target = accept;
    else if (word === "--inventory") {
      file = rest[++i];
      if (file === undefined) throw new UsageError("--inventory takes a file");
    } else if (word.startsWith("-")) throw new UsageError(`not understood: ${word}\n\n${usage}`);
    else target.push(word);
  }
  const why = accept.map(whyNotAcceptable).find((each) => each !== undefined);
  if (why !== undefined) throw new UsageError(why);
  return { command, positional, to, accept, file, json, tls };
}
