/** One move through the provider, and what became of it. */
import type { Host } from "../../provider/core/model";
import type { Progress, Shell } from "../../provider/core/ports";
import { PlacementError } from "../../provider/core/errors";
import { systemClock as clock } from "../../provider/observe/clock";
import { Hosts } from "../../provider/observe/hosts";
import { reconcile } from "../../provider/reconcile/reconcile";
import { createDial } from "../../provider/ssh";
import { makePlan } from "../../provider/virsh/migrateCommand";
import type { Lab, LabHost } from "../libvirt";
import type { MatrixCase } from "./cases";

export type Outcome =
  | { kind: "works"; seconds: number; mode: string }
  | { kind: "before" | "by"; code: string; message: string }
  | { kind: "wrong"; message: string };

const uri = "qemu:///system";
interface Move {
  guest: string;
  source: LabHost;
  destination: LabHost;
  options: MatrixCase["options"];
  peer?: MatrixCase["peer"];
  switches?: true | undefined;
  adopts?: true | undefined;
}

export async function attempt(lab: Lab, move: Move): Promise<Outcome> {
  const { guest, source, destination } = move;
  const inventory = Object.fromEntries(
    Object.entries(lab.inventory()).map(([name, host]): [string, Host] => [name, { name, ...host, ...move.peer }]),
  );
  const migrations: string[] = [];
  const dial = createDial({ inventory });
  const hosts = new Hosts(async (host) => noting(await dial(host), migrations), inventory, uri, clock);
  // No move of a small VM takes as long; without a timer one that stands still would be waited for.
  const timer = move.options.postCopyAfterMs === undefined ? { timeoutMs: 90_000, onTimeout: "abort" as const } : {};
  const options = { mode: "auto" as const, ...timer, ...move.options };
  const to = [move.adopts ? source.name : destination.name];
  const plan = makePlan({ domain: guest, hosts: to, anyOf: false, options, inventory, uri });
  const desired = {
    domain: guest,
    uuid: undefined,
    hosts: to,
    options,
    plan,
    lastHost: move.adopts ? undefined : source.name,
  };
  const rows: string[] = [];
  const note = (text: string) => void rows.push(`${Date.now() - begun} ms: ${text}`);
  const progress: Progress = { live: note, info: note, warn: note };
  const begun = Date.now();
  try {
    const { lastMigration } = await reconcile(hosts, desired, { clock, progress });
    if (move.adopts) return await adopted(move, lastMigration !== undefined, migrations, Date.now() - begun);
    const wrong = await whatIsWrong(lab, move, lastMigration?.mode);
    if (wrong !== undefined) return { kind: "wrong", message: `${wrong}; it showed ${rows.join(" | ")}` };
    return { kind: "works", seconds: (Date.now() - begun) / 1000, mode: lastMigration!.mode };
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
    const { code, problem } = error;
    const stays = await source.virsh(`domstate ${guest}`).catch(() => "not there");
    if (!/^running|^shut off/.test(stays))
      return { kind: "wrong", message: `${error.message} (on the source: ${stays})` };
    return {
      kind: migrations.length > 0 || error.phase === "migrate" ? "by" : "before",
      code,
      message: problem.message,
    };
  } finally {
    await hosts.close();
  }
}

async function adopted(
  { guest, source, destination }: Move,
  moved: boolean,
  migrations: readonly string[],
  ms: number,
): Promise<Outcome> {
  const state = await source.virsh(`domstate ${guest}`);
  const elsewhere = (await destination.virsh("list --all --name")).split("\n").includes(guest);
  if (moved || migrations.length > 0 || elsewhere || state.trim() !== "running")
    return { kind: "wrong", message: `adopting it moved or changed it: ${state} on ${source.name}` };
  return { kind: "works", seconds: ms / 1000, mode: "adopted" };
}

/** Undefined when the VM is on the destination alone, in the state it had, and its memory is right. */
async function whatIsWrong(
  lab: Lab,
  { guest, source, destination, switches }: Move,
  mode: string | undefined,
): Promise<string | undefined> {
  const state = await destination.sh(`virsh -q domstate --reason ${guest}`);
  const expected = mode === "offline" ? "shut off (unknown)" : "running (migrated)";
  if (state.stdout.trim() !== expected) return `${destination.name} says ${state.stdout.trim() || state.stderr.trim()}`;
  const left = await source.virsh("list --all --name");
  if (left.split("\n").includes(guest)) return `${source.name} still has it`;
  if (switches && mode !== "postCopy") return `it ended as ${mode}, without a switch to post-copy`;
  for (const { name } of [source, destination])
    if ((await lab.serial(guest, name)).includes("!")) return `its memory was wrong on ${name}`;
  return undefined;
}

/** The same shell; migrations that it starts are noted. */
function noting(shell: Shell, migrations: string[]): Shell {
  const exec: Shell["exec"] = (command, options) => {
    if (/\bmigrate --(?:live|offline)\b/.test(`${command}\n${options?.input ?? ""}`)) migrations.push(command);
    return shell.exec(command, options);
  };
  return new Proxy(shell, {
    get: (target, key) => {
      const value: unknown = key === "exec" ? exec : Reflect.get(target, key, target);
      return typeof value === "function" && key !== "exec" ? (value.bind(target) as unknown) : value;
    },
  });
}
