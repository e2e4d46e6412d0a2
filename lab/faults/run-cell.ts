/** One cell: hold the move in its phase, strike, heal, `up` again, and look at what is true. */
import { eventually, sleep } from "../libvirt/commands";
import type { Stack } from "../pulumi/stack";
import type { Cell, Fault, PhaseName } from "./cell";
import { phases } from "./phases";
import type { Running } from "./running";
import { Scene } from "./scene";
import { passesGoOn, wrongs } from "./truth";

export interface MatrixCell {
  fault: Fault;
  phase: PhaseName;
  cell: Cell;
}

export interface CellResult {
  name: string;
  /** In the words of the table. */
  outcome: string;
  /** From the moment the fault was healed until `up` had put everything right. */
  healSeconds: number;
  seconds: number;
  /** Empty when it passed. */
  wrong: string[];
  /** What the user read, and where the guest ran. */
  transcript: string;
}

/** For one `pulumi`; longer than the product waits for a QEMU that does not answer. */
const endMs = 400_000;
/** For a cell. */
const limitMs = 900_000;

export const nameOf = ({ fault, phase }: MatrixCell) => `${fault.title} × ${phase}`;

export async function runCell(matrixCell: MatrixCell, template: Stack): Promise<CellResult> {
  const start = Date.now();
  const { fault } = matrixCell;
  const log: string[] = [];
  const result = { outcome: "", healSeconds: 0 };
  let wrong: string[] = [];
  let scene: Scene | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    scene = await Scene.create(template, fault.guest);
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done within ${limitMs / 1000} s`)), limitMs);
    });
    wrong = await Promise.race([play(matrixCell, scene, result, log), limit]);
  } catch (error) {
    wrong = [(error as Error).message];
    if (scene?.up && scene.up.code === undefined) log.push(`\`up\` still running, so far:\n${scene.up.text}`);
  } finally {
    clearTimeout(timer);
    if (scene) {
      if (wrong.length > 0) log.push(await witness(scene));
      const seen = scene.sampler.seen.map(({ atMs, where }) => `${(atMs / 1000).toFixed(1)} s: ${where || "nowhere"}`);
      log.push(...scene.typed, `ran: ${seen.join(" · ")} (${scene.sampler.samples} samples)`);
      await scene.close();
    }
  }
  const seconds = (Date.now() - start) / 1000;
  return { name: nameOf(matrixCell), ...result, seconds, wrong, transcript: log.join("\n") };
}

async function play(
  { fault, phase: phaseName, cell }: MatrixCell,
  scene: Scene,
  result: { outcome: string; healSeconds: number },
  log: string[],
): Promise<string[]> {
  const phase = phases[phaseName];
  const wrong: string[] = [];
  scene.declareMove({ ...phase.migration, ...fault.migration });
  await fault.arrange?.(scene);
  await phase.hold?.(scene);
  if (phaseName === "before `up`") await fault.strike(scene);
  const up = (scene.up = scene.startUp());
  if (phaseName !== "before `up`") {
    const arrived = await eventually(
      async () => (up.code !== undefined ? "ended" : (await phase.reached(scene)) || undefined),
      120_000,
      250,
    );
    if (arrived !== true) return [`the move did not get to "${phaseName}"`, note(log, up)];
    await fault.strike(scene);
  }

  const { stands, held = "healed" } = cell;
  // A host that was switched off keeps nothing back any more.
  const release = async () => (scene.source.isOn ? phase.release?.(scene) : undefined);
  if (held === "struck") await release();
  if (typeof stands === "number") await Promise.race([sleep(stands), up.end]);
  else if (stands) await up.said(stands, 60_000);
  else await up.ended(endMs);
  const healedAt = Date.now();
  await fault.heal?.(scene);
  if (held === "healed") await release();
  const code = await up.ended(endMs);
  result.healSeconds = (Date.now() - healedAt) / 1000;
  note(log, up);
  if (scene.otherUp) {
    await scene.otherUp.ended(endMs);
    note(log, scene.otherUp);
    if (scene.otherUp.code !== 0) wrong.push(`the other stack's \`up\` ended with ${scene.otherUp.code}`);
  }
  if (cell.up !== "either" && (code === 0) !== (cell.up === "succeeds"))
    wrong.push(`the struck \`up\` ended with ${code}`);
  if (!cell.says.test(up.text + (scene.otherUp?.text ?? ""))) wrong.push(`its user did not read ${String(cell.says)}`);
  result.outcome = code === 0 ? "moved by the same `up`" : errorOf(up);

  if (cell.refresh) {
    const refresh = scene.pulumi("refresh", "--yes");
    await refresh.ended(endMs);
    note(log, refresh);
    if (refresh.code !== 0 && !cell.nextFails) wrong.push(`refresh ended with ${refresh.code}`);
  }
  // An `up` that went on after the fault was healed is the one that comes after.
  const goesOn = code === 0 && !cell.refresh && !cell.nextFails && typeof held !== "object";
  if (goesOn) return [...wrong, ...(await end(scene, cell))];

  const next = scene.startUp();
  if (typeof held === "object") {
    const met = await next.said(held, 60_000);
    await release();
    if (!met) wrong.push(`the next \`up\` did not say ${String(held)}`);
  }
  await next.ended(endMs);
  note(log, next);
  if (cell.follows !== "ifRefused" && (next.code !== 0) !== (cell.nextFails ?? false))
    wrong.push(`the next \`up\` ended with ${next.code}`);
  if (cell.next && !cell.next.test(next.text)) wrong.push(`its user did not read ${String(cell.next)}`);
  if (code !== 0 || cell.nextFails) {
    result.outcome += `; ${whatNextDid(next)}`;
    result.healSeconds = (Date.now() - healedAt) / 1000;
  }

  if (cell.follows === true || (cell.follows === "ifRefused" && next.code !== 0)) {
    await followRefusal(scene, next);
    const last = scene.startUp();
    await last.ended(endMs);
    note(log, last);
    if (last.code !== 0) wrong.push(`\`up\` ended with ${last.code} after the commands of the refusal`);
    result.outcome += `; after the commands that it gives, \`up\` ${whatNextDid(last).replace("the next `up` ", "")}`;
    result.healSeconds = (Date.now() - healedAt) / 1000;
  }
  return [...wrong, ...(await end(scene, cell))];
}

/** Types what the refusal says, word for word, up to the command that boots it from its disk, or that loses nothing. */
async function followRefusal(scene: Scene, refused: Running): Promise<void> {
  const advice = /What to do: ([\s\S]*?)(?:boots from its disk|loses nothing)/.exec(refused.text)?.[1] ?? "";
  const commands = [...advice.matchAll(/`virsh ([^`]+)`(?: on (kvm-[ab]))?/g)];
  if (commands.length === 0) throw new Error("the refusal gives no commands");
  for (const [, words, host] of commands) {
    if (host === undefined) throw new Error(`the refusal does not say on which host: virsh ${words}`);
    const { code, stderr } = await scene.byHand(scene.lab.host(host), words!);
    if (code !== 0) throw new Error(`\`virsh ${words}\` of the refusal failed on ${host}: ${stderr}`);
  }
}

async function end(scene: Scene, cell: Cell): Promise<string[]> {
  const { end = "running" } = cell;
  const wrong = await wrongs(scene, cell);
  if (end === "running" && wrong.length === 0 && !(await passesGoOn(scene, scene.destination)))
    return ["the guest stands still"];
  return wrong;
}

function note(log: string[], run: Running): string {
  log.push(`$ ${run.command} → ${run.code ?? "still running"}\n${run.text.trim()}`);
  return `\`${run.command}\` ended with ${run.code ?? "nothing yet"}`;
}

/** The code in brackets that the product's errors end with. */
function errorOf(run: Running): string {
  const code = /\[([a-zA-Z]+)\]/.exec(run.text)?.[1];
  if (code !== undefined) return code;
  return run.code === 137 ? "killed" : /interrupted/.test(run.text) ? "interrupted" : `ended with ${run.code}`;
}

function whatNextDid(run: Running): string {
  if (run.code !== 0) return `the next \`up\` refuses: ${errorOf(run)}`;
  const did = [
    [/no second one is started/, "takes over the move that runs"],
    [/resuming it/, "resumes it"],
    [/leftover definition of .* on|removed the leftover/, "removes what is left over"],
    [/moved kvm-a → kvm-b \(shut off\)/, "moves its definition"],
    [/moved kvm-a → kvm-b/, "moves it"],
  ] as const;
  const said = did.filter(([pattern]) => pattern.test(run.text)).map(([, text]) => text);
  // "moved" also ends a move that was taken over or resumed.
  return `the next \`up\` ${said[0] ?? "finds it there"}`;
}

/** What both hosts say when a cell has failed. */
async function witness({ lab }: Scene): Promise<string> {
  const texts = await Promise.all(
    lab.hosts.map(async (host) => {
      if (!host.isOn) return `── ${host.name} is switched off`;
      const { stdout, stderr } = await host.sh(
        "virsh -q list --all; for d in $(virsh -q list --all --name); do virsh -q domstate --reason $d; timeout 3 virsh -q domjobinfo $d | grep 'Job type'; done; tail -n 5 /var/log/libvirt/libvirtd.log",
        { timeoutMs: 15_000 },
      );
      return `── ${host.name}\n${stdout}${stderr}`.trim();
    }),
  );
  return texts.join("\n");
}
