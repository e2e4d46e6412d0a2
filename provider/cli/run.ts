/** The command line `vm-placement`: finds the verb, and gives it the hosts. */
import { Command, CommanderError } from "commander";
import { clean, cleanValues } from "../core/clean";
import { PlacementError } from "../core/errors";
import type { Inventory, SshChoice } from "../core/model";
import type { Clock, Dial } from "../core/ports";
import { Hosts } from "../observe/hosts";
import { type Mask, maskAll } from "../schema";
import { cancelVerb } from "./cancel";
import { discoverVerb } from "./discover";
import { balanceVerb } from "./fleet/balance";
import { evacuateVerb } from "./fleet/evacuate";
import { rankVerb } from "./fleet/rank";
import { restoreVerb } from "./fleet/restore";
import { metricsVerb } from "./history/metrics";
import { reportVerb } from "./history/report";
import { doctorVerb } from "./doctor";
import { type CliSettings, UsageError } from "./inventory";
import { planVerb } from "./plan";
import { maintainVerb } from "./maintain";
import { exitCodes, type Local, type Session, type Verb } from "./verb";

const about = `Where libvirt VMs run, and where they can go.

The hosts are those of the selected stack: of its configuration (vm-placement:hosts), and those that placements of its
state have in their inventory. --inventory FILE takes them from a JSON file instead.
Exit code: 0 = no blockers, 1 = blocked, 2 = usage error.`;

const verbs = [
  planVerb,
  doctorVerb,
  discoverVerb,
  evacuateVerb,
  restoreVerb,
  balanceVerb,
  rankVerb,
  maintainVerb,
  cancelVerb,
  reportVerb,
  metricsVerb,
] as readonly Verb<unknown>[];

export interface CliWorld {
  dial(inventory: Inventory, ssh: SshChoice, note: (text: string) => void): Dial;
  clock: Clock;
  settings(file: string | undefined, stack: string | undefined): Promise<CliSettings>;
  local: Local;
  print(text: string): void;
  complain(text: string): void;
}

interface CommonOptions {
  json?: boolean;
  inventory?: string;
  /** Of verbs that have it. */
  stack?: string;
}

export async function run(words: readonly string[], world: CliWorld): Promise<number> {
  const ports = new Ports(world);
  let code: number = exitCodes.usage;
  const program = new Command("vm-placement")
    .description(about)
    .exitOverride()
    .configureOutput({ writeOut: (text) => world.print(text), writeErr: (text) => world.complain(text) });
  for (const verb of verbs) addVerb(program, verb, ports, (given) => (code = given));
  try {
    await program.parseAsync([...words], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.fine : exitCodes.usage;
    ports.complain(`${textOf(error)}\n`);
    return error instanceof UsageError ? exitCodes.usage : exitCodes.blocked;
  } finally {
    await ports.close();
  }
}

function addVerb(program: Command, verb: Verb<unknown>, ports: Ports, end: (code: number) => void): void {
  const command = program.command(verb.usage).description(verb.description);
  for (const [flags, description] of verb.options) command.option(flags, description);
  command
    .option("--json", "print data for programs")
    .option("--inventory <file>", "take the hosts from a JSON file")
    .action(async () => {
      const options = command.opts<CommonOptions>();
      const session = await ports.session(options, verb.settings?.(command.args, options));
      end(await verb.run(session, command.args, options));
    });
}

function textOf(error: unknown): string {
  if (error instanceof UsageError || error instanceof PlacementError) return clean(error.message);
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The hosts, which are not asked before a verb is known, and what is printed of them. */
class Ports {
  private readonly hosts: Hosts[] = [];
  private mask: Mask = (text) => text;

  constructor(private readonly world: CliWorld) {}

  async session({ json, inventory: file, stack }: CommonOptions, own: CliSettings | undefined): Promise<Session> {
    const { world } = this;
    const settings = own ?? (await world.settings(file, stack));
    this.mask = settings.mask;
    for (const note of settings.notes ?? []) this.complain(`${clean(note)}\n`);
    const dial = world.dial(settings.inventory, settings.ssh, (text) => this.complain(`${text}\n`));
    const freshHosts = () => {
      const hosts = new Hosts(dial, settings.inventory, settings.uri, world.clock);
      this.hosts.push(hosts);
      return hosts;
    };
    return {
      settings,
      hosts: freshHosts(),
      freshHosts,
      clock: world.clock,
      local: world.local,
      row: (row) => {
        const at = new Date(world.clock.now());
        const cleaned = cleanValues(row);
        const shown = json
          ? JSON.stringify(maskAll({ at: at.toISOString(), ...cleaned }, this.mask))
          : this.mask(`${at.toTimeString().slice(0, 8)} ${cleaned.text}`);
        world.print(`${shown}\n`);
      },
      note: (text) => this.complain(`${clean(text)}\n`),
      show: (value, text) => {
        // Names of VMs are not cleaned where they come in, since commands are made of them; what is printed runs nothing.
        const cleaned = cleanValues(value);
        world.print(
          json ? `${JSON.stringify(maskAll(cleaned, this.mask), null, 2)}\n` : this.mask(`${text(cleaned)}\n`),
        );
      },
    };
  }

  complain(text: string): void {
    this.world.complain(this.mask(text));
  }

  async close(): Promise<void> {
    await Promise.all(this.hosts.map((hosts) => hosts.close()));
  }
}
