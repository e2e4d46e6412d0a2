/** `vm-placement maintain`: one host after the other is emptied, worked on, rebooted and filled again. */
import { quote } from "../../core/quote";
import { PlacementError } from "../../core/errors";
import { parseDurationMs } from "../../core/units";
import { runMaintenance } from "../../maintain/run";
import { type Asked, commandDirectory, type Journal } from "../../maintain/model";
import { UsageError } from "../inventory";
import { exitCodes, knownHosts, type Session, type Verb } from "../verb";
import { check } from "./check";
import { JournalFile } from "./journalFile";
import { worldOf } from "./world";

interface MaintainOptions {
  file?: string;
  run?: string;
  reboot?: boolean;
  rebootCommand?: string;
  rebootTimeout?: string;
  shutdownUnmovable?: boolean;
  shutdownTimeout?: string;
  yes?: boolean;
  stack?: string;
  runAgain?: boolean;
  skipRun?: boolean;
  abandon?: boolean;
  json?: boolean;
}

const defaultReboot = "systemctl reboot";

export const maintainVerb: Verb<MaintainOptions> = {
  usage: "maintain [hosts...]",
  description:
    "for each host in turn: evacuate, pulumi up, run a command, reboot, doctor, restore, pulumi up; killed at any point, the same command goes on (docs/fleet.md)",
  options: [
    ["--run <command>", "run this on the host by its shell; its end is seen even if the connection is lost"],
    ["--reboot", "reboot the host, and wait for a new boot and for libvirt"],
    ["--reboot-command <command>", `how a host reboots (default: ${defaultReboot})`],
    ["--reboot-timeout <duration>", "how long a boot may take (default: 15m)"],
    ["--shutdown-unmovable", "shut down the VMs that cannot leave, and start them again; never by default"],
    ["--shutdown-timeout <duration>", "how long their guests may take to shut down (default: 5m)"],
    ["--yes", "`pulumi up` does not ask; without it, it shows its preview and asks each time"],
    ["--stack <name>", "the stack (default: the one that is selected)"],
    ["--file <file>", "the placements file (default: placements.yaml)"],
    ["--run-again", "run a command again that failed, or whose end was not seen"],
    ["--skip-run", "take such a command for done"],
    ["--abandon", "forget a maintenance that is not over; everything stays as it is"],
  ],
  async run(session, words, options) {
    const { file = "placements.yaml" } = options;
    const journalFile = new JournalFile(file);
    const before = await journalFile.read();
    if (options.abandon === true) return abandon(session, journalFile, before, file);
    const asked = askedOf(session, words, options);
    if (before !== undefined) refuseAnother(before, asked, journalFile.path);
    const choice = options.runAgain ? "again" : options.skipRun ? "skip" : undefined;
    if (choice !== undefined && before?.current?.command === undefined)
      throw new UsageError("--run-again and --skip-run are for a command that was begun, and none was");
    const made = { ...limitsOf(options), ...consentOf(session, options) };
    const world = worldOf(session, { ...made, file, journalFile, stack: options.stack, json: options.json === true });
    if (before === undefined) {
      const against = await check(session, file, asked);
      if (against.length > 0) return ended(session, file, { asked, done: [], version: 1 }, against.join("\n"), []);
    } else session.row({ text: `goes on by ${journalFile.path}` });
    const journal: Journal = before ?? { version: 1, asked, done: [] };
    await world.save(journal);
    try {
      const outcome = await runMaintenance(journal, world, choice);
      if (!outcome.isOver) return ended(session, file, outcome.journal, outcome.why, outcome.remedies);
    } catch (error) {
      if (!(error instanceof PlacementError || error instanceof UsageError)) throw error;
      return ended(session, file, (await journalFile.read()) ?? journal, error.message, []);
    }
    session.row({ text: `maintenance of ${asked.hosts.join(" ")} is over`, isOver: true });
    return exitCodes.fine;
  },
};

function askedOf(session: Session, words: readonly string[], options: MaintainOptions): Asked {
  const { run, reboot = false, rebootCommand, shutdownUnmovable = false, stack } = options;
  if (words.length === 0) throw new UsageError("which hosts? `vm-placement maintain HOST… --run COMMAND --reboot`");
  const twice = words.find((word, index) => words.indexOf(word) !== index);
  if (twice !== undefined) throw new UsageError(`${twice} is given twice`);
  if (run === undefined && !reboot)
    throw new UsageError("nothing to do on the hosts: give --run COMMAND, --reboot, or both");
  if (rebootCommand !== undefined && !reboot) throw new UsageError("--reboot-command needs --reboot");
  if (options.runAgain && options.skipRun) throw new UsageError("--run-again and --skip-run exclude each other");
  return {
    hosts: knownHosts(session, words),
    ...(run !== undefined && { run }),
    reboot,
    rebootCommand: rebootCommand ?? defaultReboot,
    shutdownUnmovable,
    ...(stack !== undefined && { stack }),
  };
}

function limitsOf({ rebootTimeout = "15m", shutdownTimeout = "5m" }: MaintainOptions) {
  const duration = (flag: string, text: string) => {
    const ms = parseDurationMs(text);
    if (ms === undefined) throw new UsageError(`${flag}: got ${text}; expected a duration, for example 15m`);
    return ms;
  };
  return {
    rebootTimeoutMs: duration("--reboot-timeout", rebootTimeout),
    shutdownTimeoutMs: duration("--shutdown-timeout", shutdownTimeout),
  };
}

function consentOf({ local, row }: Session, { yes = false }: MaintainOptions) {
  if (!yes && !local.isInteractive) throw new UsageError("`pulumi up` cannot ask here, without a terminal: give --yes");
  let isInterrupted = false;
  local.onInterrupt(() => {
    isInterrupted = true;
    row({ text: "stops at the next safe point; a second Ctrl-C ends it now" });
  });
  return { yes, interrupted: () => isInterrupted };
}

function refuseAnother({ asked: before }: Journal, asked: Asked, path: string): void {
  if (JSON.stringify(before) === JSON.stringify(sorted(asked, before))) return;
  throw new UsageError(
    `another maintenance is not over (${path}); go on with it:\n  ${commandOf(before)}\nor give it up, which leaves everything as it is:\n  vm-placement maintain --abandon`,
  );
}

/** With its keys in the order of another, so that both can be compared as text. */
function sorted(asked: Asked, like: Asked): Asked {
  const keys = [...new Set([...Object.keys(like), ...Object.keys(asked)])] as (keyof Asked)[];
  return Object.fromEntries(keys.map((key) => [key, asked[key]])) as unknown as Asked;
}

function commandOf({ hosts, run, reboot, rebootCommand, shutdownUnmovable, stack }: Asked, file?: string): string {
  return [
    `vm-placement maintain ${hosts.map(quote).join(" ")}`,
    ...(run === undefined ? [] : [`--run ${quote(run)}`]),
    ...(reboot ? ["--reboot"] : []),
    ...(rebootCommand === defaultReboot ? [] : [`--reboot-command ${quote(rebootCommand)}`]),
    ...(shutdownUnmovable ? ["--shutdown-unmovable"] : []),
    ...(stack === undefined ? [] : [`--stack ${quote(stack)}`]),
    ...(file === undefined || file === "placements.yaml" ? [] : [`--file ${quote(file)}`]),
  ].join(" ");
}

function ended(
  session: Session,
  file: string,
  { asked, done, current }: Journal,
  why: string,
  remedies: readonly string[],
): number {
  const next = commandOf(asked, file);
  const where =
    current === undefined
      ? "no host is under maintenance"
      : current.back
        ? `${current.host} is healthy, and its VMs are not all back`
        : `${current.host} stays in maintenance`;
  const advice = remedies.map((remedy) => `  ${remedy}`);
  const text = [
    `stopped: ${why}`,
    ...advice,
    `  ${done.length > 0 ? `over: ${done.join(" ")}; ` : ""}${where}; go on with: ${next}`,
  ];
  session.row({ text: text.join("\n"), isOver: false, why, remedies, done, host: current?.host, next });
  return exitCodes.blocked;
}

async function abandon(
  session: Session,
  journalFile: JournalFile,
  journal: Journal | undefined,
  file: string,
): Promise<number> {
  if (journal === undefined) {
    session.row({ text: "no maintenance is in progress" });
    return exitCodes.fine;
  }
  const { current } = journal;
  const left =
    current === undefined
      ? []
      : [
          `its VMs come back by: vm-placement restore ${quote(current.host)} --file ${quote(file)} --write, then pulumi up`,
          ...(current.shutDown ?? []).map(
            ({ uuid, name }) => `${name} was shut down on ${current.host}; if it is off still: virsh start ${uuid}`,
          ),
          ...(current.command === undefined ? [] : [`its command is in ${commandDirectory(current.command.id)}`]),
        ];
  await journalFile.remove();
  const what = current === undefined ? "" : ` of ${current.host}`;
  session.row({ text: [`the maintenance${what} is given up`, ...left.map((line) => `  ${line}`)].join("\n"), left });
  return exitCodes.fine;
}
