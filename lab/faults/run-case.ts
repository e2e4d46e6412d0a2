/** One case: hold the move in its phase, inject the fault, recover, call `up` again, and check the invariants. */
import { eventually, sleep } from "../libvirt/commands";
import type { Stack } from "../pulumi/stack";
import type { Case, Expected } from "./case";
import { Fixture } from "./fixture";
import { passesGoOn, violations } from "./invariants";
import { actionOfNext, errorOf, transcriptOf } from "./outcome";
import { phases } from "./phases";
import { onHosts, remediesOf } from "./remedies";
import type { Running } from "./running";

export interface CaseResult {
  name: string;
  /** As the table of docs/faults.md has it. */
  outcome: string;
  /** From recovery until the end of the `up` that put everything right. */
  recoverySeconds: number;
  seconds: number;
  /** What was not as expected. */
  wrong: string[];
  /** What the commands printed, and where the guest ran. */
  transcript: string;
}

/** For one `pulumi`; longer than the product waits for a QEMU that does not answer. */
const endMs = 400_000;
const caseMs = 900_000;

export const nameOf = ({ fault, phase }: Case) => `${fault.title} × ${phase}`;

export async function runCase(faultCase: Case, template: Stack): Promise<CaseResult> {
  const start = Date.now();
  const log: string[] = [];
  let run: Run | undefined;
  let wrong: string[] = [];
  let fixture: Fixture | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    fixture = await Fixture.create(template, faultCase.fault.guest);
    run = new Run(faultCase, fixture, log);
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done within ${caseMs / 1000} s`)), caseMs);
    });
    await Promise.race([run.all(), limit]);
    wrong = run.wrong;
  } catch (error) {
    wrong = [(error as Error).message];
    if (fixture?.up && fixture.up.code === undefined) log.push(`\`up\` still running, so far:\n${fixture.up.text}`);
  } finally {
    clearTimeout(timer);
    if (fixture) {
      if (wrong.length > 0) log.push(await fixture.hostStates());
      const { changes, samples } = fixture.sampler;
      const ran = changes.map(({ atMs, where }) => `${(atMs / 1000).toFixed(1)} s: ${where || "nowhere"}`);
      log.push(...fixture.typed, `ran: ${ran.join(" · ")} (${samples} samples)`);
      await fixture.close();
    }
  }
  return {
    name: nameOf(faultCase),
    outcome: run?.outcome ?? "",
    recoverySeconds: run?.recoverySeconds ?? 0,
    seconds: (Date.now() - start) / 1000,
    wrong,
    transcript: log.join("\n"),
  };
}

class Run {
  readonly wrong: string[] = [];
  outcome = "";
  recoverySeconds = 0;
  private recoveredAt = 0;
  private readonly expected: Expected;

  constructor(
    private readonly faultCase: Case,
    private readonly fixture: Fixture,
    private readonly log: string[],
  ) {
    this.expected = faultCase.expected;
  }

  async all(): Promise<void> {
    const up = await this.startAndInject();
    if (up === undefined) return;
    await this.recover(up);
    await this.checkOther();
    this.checkFirst(up);
    await this.refresh();

    const { refresh, nextFails, followsRemedies } = this.expected;
    // An `up` that went on after recovery is itself the one that puts everything right.
    const isDone = up.code === 0 && !refresh && !nextFails && this.metBy === undefined;
    if (!isDone) {
      const next = await this.next();
      if (up.code !== 0 || nextFails) this.outcomeOfNext(`; ${actionOfNext(next)}`);
      if (followsRemedies === true || (followsRemedies === "ifRefused" && next.code !== 0))
        await this.followRemedies(next);
    }
    await this.checkEnd();
  }

  /** The text of the next `up` until which the move is held. */
  private get metBy(): RegExp | undefined {
    const { heldUntil } = this.expected;
    return typeof heldUntil === "object" ? heldUntil : undefined;
  }

  private async startAndInject(): Promise<Running | undefined> {
    const { fixture } = this;
    const { fault, phase: phaseName } = this.faultCase;
    const phase = phases[phaseName];
    fixture.declareMove({ ...phase.migration, ...fault.migration });
    await fault.arrange?.(fixture);
    await phase.hold?.(fixture);
    if (phaseName === "before `up`") await fault.inject(fixture);
    const up = (fixture.up = fixture.startUp());
    if (phaseName === "before `up`") return up;
    const reached = await eventually(
      async () => (up.code !== undefined ? "ended" : (await phase.reached(fixture)) || undefined),
      120_000,
      250,
    );
    if (reached === true) {
      await fault.inject(fixture);
      return up;
    }
    this.note(up);
    this.wrong.push(
      `the move did not reach "${phaseName}"`,
      `\`${up.command}\` ended with ${up.code ?? "nothing yet"}`,
    );
    return undefined;
  }

  private async recover(up: Running): Promise<void> {
    const { recoverAfter, heldUntil = "recovered" } = this.expected;
    if (heldUntil === "injected") await this.release();
    if (typeof recoverAfter === "number") await Promise.race([sleep(recoverAfter), up.end]);
    else if (recoverAfter) await up.printed(recoverAfter, 60_000);
    else await up.ended(endMs);
    this.recoveredAt = Date.now();
    await this.faultCase.fault.recover?.(this.fixture);
    if (heldUntil === "recovered") await this.release();
    await up.ended(endMs);
    this.stopClock();
    this.note(up);
  }

  private async release(): Promise<void> {
    // Power loss has released it already.
    if (this.fixture.source.isOn) await phases[this.faultCase.phase].release?.(this.fixture);
  }

  private checkFirst(up: Running): void {
    const { up: expected, output } = this.expected;
    if (expected !== "either" && (up.code === 0) !== (expected === "succeeds"))
      this.wrong.push(`the \`up\` that met the fault ended with ${up.code}`);
    // The other stack's `up` may be the one that is expected to print it.
    this.outcome = up.code === 0 ? "moved by the same `up`" : errorOf(up);
    this.expectOutput(output, up);
  }

  private async checkOther(): Promise<void> {
    const { otherUp } = this.fixture;
    if (!otherUp) return;
    await otherUp.ended(endMs);
    this.note(otherUp);
    if (otherUp.code !== 0) this.wrong.push(`the other stack's \`up\` ended with ${otherUp.code}`);
  }

  private async refresh(): Promise<void> {
    if (!this.expected.refresh) return;
    const refresh = this.fixture.pulumi("refresh", "--yes");
    await refresh.ended(endMs);
    this.note(refresh);
    if (refresh.code !== 0 && !this.expected.nextFails) this.wrong.push(`refresh ended with ${refresh.code}`);
  }

  private async next(): Promise<Running> {
    const { nextOutput, nextFails, followsRemedies } = this.expected;
    const next = this.fixture.startUp();
    if (this.metBy) {
      const met = await next.printed(this.metBy, 60_000);
      await this.release();
      if (!met) this.wrong.push(`the next \`up\` did not print ${String(this.metBy)}`);
    }
    await next.ended(endMs);
    this.note(next);
    if (followsRemedies !== "ifRefused" && (next.code !== 0) !== (nextFails ?? false))
      this.wrong.push(`the next \`up\` ended with ${next.code}`);
    if (nextOutput) this.expectOutput(nextOutput, next);
    return next;
  }

  /** Runs the commands of the first remedy that ends what is left of the VM or starts it from its disk, as printed. */
  private async followRemedies(refused: Running): Promise<void> {
    const { fixture } = this;
    if (refused.problem === undefined) throw new Error(`\`${refused.command}\` noted no problem`);
    const commands = remediesOf(refused.problem)
      .map(onHosts)
      .find((each) => each.some(({ command }) => /^virsh (destroy|start) /.test(command)));
    if (commands === undefined) throw new Error("the refusal has no commands");
    const printed = refused.text.replace(/\s+/g, " ");
    for (const { host, command } of commands) {
      if (!printed.includes(`\`${command}\` on ${host}`)) throw new Error(`\`${command}\` on ${host} is not printed`);
      const { code, stderr } = await fixture.byHand(fixture.lab.host(host), command.replace(/^virsh /, ""));
      if (code !== 0) throw new Error(`\`${command}\` of the refusal failed on ${host}: ${stderr}`);
    }
    const last = fixture.startUp();
    await last.ended(endMs);
    this.note(last);
    if (last.code !== 0) this.wrong.push(`\`up\` ended with ${last.code} after the commands of the refusal`);
    const action = actionOfNext(last).replace("the next `up` ", "");
    this.outcomeOfNext(`; after the commands of the refusal, \`up\` ${action}`);
  }

  private async checkEnd(): Promise<void> {
    const { fixture, expected } = this;
    const found = await violations(fixture, expected);
    this.wrong.push(...found);
    if ((expected.end ?? "running") === "running" && found.length === 0) {
      if (!(await passesGoOn(fixture, fixture.destination))) this.wrong.push("the guest makes no progress");
    }
  }

  private expectOutput(pattern: RegExp, run: Running): void {
    const other = run === this.fixture.up ? (this.fixture.otherUp?.text ?? "") : "";
    if (!pattern.test(run.text + other)) this.wrong.push(`\`${run.command}\` did not print ${String(pattern)}`);
  }

  private outcomeOfNext(text: string): void {
    this.outcome += text;
    this.stopClock();
  }

  private stopClock(): void {
    this.recoverySeconds = (Date.now() - this.recoveredAt) / 1000;
  }

  private note(run: Running): void {
    this.log.push(transcriptOf(run));
  }
}
