/** The exact virsh commands of a move, made from inputs and inventory only, so that a preview can promise them. */
import type { Plan } from "../core/args";
import { inUri } from "../core/destination";
import { connectionsTo } from "../core/linkSpeed";
import { isMapped, mappingLines } from "../core/mapping";
import type { Host, Inventory } from "../core/model";
import { type MigrationOptions, optionNames, optionTable } from "../core/options";
import { makePeerUri } from "../core/peerUri";
import { quote } from "../core/quote";
import { stepLines } from "./stepCommands";

const defaultUri = "qemu:///system";

/** The plan for moving `domain` to each of `hosts`; keyed by host where `anyOf`. */
export function makePlan(inputs: {
  domain: string;
  hosts: readonly string[];
  anyOf: boolean;
  options: MigrationOptions;
  inventory: Inventory;
  uri: string;
}): Plan {
  const { domain, hosts, anyOf, options, inventory, uri } = inputs;
  const each = (make: (destination: Host) => string): string | Record<string, string> => {
    const commands = hosts.map((name) => [name, make(inventory?.[name] ?? { name })] as const);
    return anyOf ? Object.fromEntries(commands) : commands[0]![1];
  };
  const plan: Plan = {};
  if (options.mode !== "offline") plan.live = each((host) => liveCommand(domain, host, options, uri));
  if (options.mode !== "live") plan.offline = each((host) => offlineCommand(domain, host, options, uri));
  if (options.mode !== "offline" && options.maxDowntimeMs !== undefined && options.maxDowntimeAfterMs === undefined) {
    plan.before = [setMaxDowntimeCommand(domain, options.maxDowntimeMs, uri)];
  }
  if (options.mode !== "offline" && options.convergence) plan.during = stepLines(virsh(uri), domain, options);
  if (isMapped(options)) plan.mapped = mappingLines(options);
  return plan;
}

/**
 * Continues a post-copy migration that was interrupted, by the flags of the plan. Also one that was started by hand: then without them.
 * The destination has its XML already.
 */
export function resumeCommand(domain: string, destination: Host, options: MigrationOptions, uri: string): string {
  const { disks: _, networks: __, ...resumed } = options;
  const command = liveCommand(domain, destination, { ...resumed, postCopy: true }, uri);
  return command.replace(" --postcopy", " --postcopy --postcopy-resume");
}

function liveCommand(domain: string, destination: Host, options: MigrationOptions, uri: string): string {
  return migrate(
    domain,
    destination,
    ["--live", "--p2p", "--persistent", "--undefinesource", ...liveFlags(destination, options)],
    uri,
  );
}

function offlineCommand(domain: string, destination: Host, options: MigrationOptions, uri: string): string {
  const flags = ["--offline", "--p2p", "--persistent", "--undefinesource"];
  if (options.unsafe) flags.push("--unsafe");
  flags.push(...mappedFlags(options));
  return migrate(domain, destination, flags, uri);
}

function migrate(domain: string, destination: Host, flags: string[], uri: string): string {
  return [virsh(uri), "migrate", ...flags, quote(domain), quote(makePeerUri(destination))].join(" ");
}

/** For `plan.before`, and for a limit that is raised while the migration runs. */
export function setMaxDowntimeCommand(domain: string, milliseconds: number, uri: string): string {
  return [virsh(uri), "migrate-setmaxdowntime", quote(domain), milliseconds].join(" ");
}

/** "virsh", with the libvirt URI where it is not the default. */
function virsh(uri: string): string {
  return uri === defaultUri ? "virsh" : `virsh -c ${quote(uri)}`;
}

/** Every option of the table that is one virsh migrate option, in the table's order; the others are distinguished here. */
function liveFlags(destination: Host, options: MigrationOptions): string[] {
  const flags: string[] = [];
  for (const name of optionNames) {
    const given = name === "parallelConnections" ? connectionsTo(destination, options[name]) : options[name];
    const { virsh } = optionTable[name];
    if (given === undefined || given === false || !virsh?.startsWith("--")) continue;
    if (name === "disks" || name === "networks") continue;
    if (name === "copyStorage") flags.push(given === "all" ? "--copy-storage-all" : "--copy-storage-inc");
    else if (given === true) flags.push(virsh);
    else if (typeof given === "object") flags.push(virsh, quote((given as readonly string[]).join(",")));
    else if (name !== "mode") flags.push(virsh, quote(String(given)));
  }
  if (options.compressionMethods) flags.push("--compressed");
  flags.push(...mappedFlags(options));
  if (destination.migrationAddress !== undefined && !options.tunnelled) {
    const port = destination.migrationPort === undefined ? "" : `:${destination.migrationPort}`;
    flags.push("--migrateuri", quote(`tcp://${inUri(destination.migrationAddress)}${port}`));
  }
  return flags;
}

/** Where virsh finds the XML of `mappedDefinition`: pipes, so that no file has to be made, named and removed (ADR 0012). */
function mappedFlags(options: MigrationOptions): string[] {
  return isMapped(options) ? ["--xml", "/dev/fd/3", "--persistent-xml", "/dev/fd/4"] : [];
}
