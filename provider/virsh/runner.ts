import type { Daemons } from "../core/daemons";
import type { PlacementError } from "../core/errors";
import type { ExecResult, Shell } from "../core/ports";
import type { StderrCause } from "../core/problems";
import { daemonsScript, parseDaemons } from "./daemons";
import { type OnNoise, runScript, virshEnvironment } from "./runScript";
import { type Answer, VirshSession } from "./session";
import { SharedAnswers } from "./sharedAnswers";
import { plannedCommand, sh, type ShellScript } from "./shellScript";
import type { VirshCommand } from "./virshCommand";
import { virshFailed } from "./virshFailed";

/** Longer than libvirt's own wait for a job lock (30 s), so that its answer arrives. */
export const deadlineMs = 40_000;
const inquiryMs = 10_000;

/** XML of a VM for the destination, with its secrets. */
export interface Definition {
  live: string;
  persistent: string;
}

/**
 * By pipes, and `printf` is part of the shell: the secrets in the XML are in no file and in no list of processes, and nothing of them is
 * left, however this ends. virsh reads both before it connects to libvirt's migration.
 */
function withDefinition(planned: ShellScript, { live, persistent }: Definition): ShellScript {
  return sh`printf '%s\\n' ${live} 2>/dev/null | { printf '%s\\n' ${persistent} 2>/dev/null | ${planned} 4<&0 </dev/null; } 3<&0`;
}

/** Runs virsh on one host: questions go through one session, a migration through an exec of its own. */
export class VirshRunner {
  private readonly session: VirshSession;
  /** A question that hangs must not delay the watch of a migration. */
  private readonly inquiries: VirshSession;
  private readonly lists = new SharedAnswers<Answer>();

  constructor(
    readonly shell: Shell,
    private readonly uri: string,
    /** Called with what start-up files of the account print before the answers. */
    private readonly onNoise: OnNoise = () => {},
  ) {
    this.session = new VirshSession(shell, uri, onNoise);
    this.inquiries = new VirshSession(shell, uri, onNoise);
  }

  get host(): string {
    return this.shell.host;
  }

  protected async ask(question: VirshCommand): Promise<string> {
    const { out, err } = await this.answer(question);
    if (err !== "") throw await this.failed(question, err);
    return out;
  }

  /** A command that virsh's session would not read as it is runs in a process of its own. */
  protected answer(question: VirshCommand): Promise<Answer> {
    const { line } = question;
    if (line === undefined) return this.answerOfProcess(question, deadlineMs);
    const run = () => this.session.run(line, deadlineMs);
    return line.text.startsWith("list ") ? this.lists.ask(line.text, run) : run();
  }

  private async answerOfProcess({ script }: VirshCommand, limitMs: number): Promise<Answer> {
    const { code, stdout, stderr } = await this.run(script, limitMs);
    if (code === 0) return { out: stdout, err: "" };
    return { out: "", err: stderr.trim() === "" ? `error: virsh ended with code ${code}` : stderr.trim() };
  }

  /**
   * Starts a planned migration as it stands, on a channel of its own. The monitor bounds it; its end is not its result.
   *
   * @param definition what `--xml /dev/fd/3 --persistent-xml /dev/fd/4` read.
   */
  exec(planned: string, definition?: Definition): Promise<ExecResult> {
    const script = plannedCommand(planned);
    return this.run(definition === undefined ? script : withDefinition(script, definition), Infinity);
  }

  /** Asks what can be done without: undefined where virsh refuses to answer, or not in time. */
  async inquire(question: VirshCommand): Promise<string | undefined> {
    try {
      const { line } = question;
      const { out, err } = await (line === undefined
        ? this.answerOfProcess(question, inquiryMs)
        : this.inquiries.run(line, inquiryMs));
      return err === "" ? out : undefined;
    } catch (error) {
      if (this.shell.alive) return undefined;
      throw error;
    }
  }

  /** As `inquire`, for a script of the host's shell. It runs with the environment of virsh. */
  async inquireShell(script: ShellScript): Promise<ExecResult | undefined> {
    try {
      return await this.run(script, inquiryMs);
    } catch (error) {
      if (this.shell.alive) return undefined;
      throw error;
    }
  }

  /** Runs a planned command that is done in a moment. */
  execShort(planned: string): Promise<ExecResult> {
    return this.run(plannedCommand(planned), deadlineMs);
  }

  /** Runs a script with the environment of virsh. */
  run(script: ShellScript, limitMs?: number): Promise<ExecResult> {
    return runScript(this.shell, sh`${virshEnvironment(this.uri)}\n${script}`, {
      ...(limitMs !== undefined && { deadlineMs: limitMs }),
      onNoise: this.onNoise,
    });
  }

  close(): void {
    this.session.close();
    this.inquiries.close();
  }

  /** Which of libvirt's daemons serve this host; undefined where it does not tell. */
  async daemons(): Promise<Daemons | undefined> {
    const answer = await this.inquireShell(daemonsScript);
    return answer && parseDaemons(answer.stdout);
  }

  /** The error of it. Where libvirt does not answer, its remedies name the daemons of this host. */
  protected async failed(question: VirshCommand, err: string, seen?: StderrCause): Promise<PlacementError> {
    const error = virshFailed(this.shell, question, err, { seen });
    if (error.code !== "libvirtDown") return error;
    const daemons = await this.daemons().catch(() => undefined);
    return daemons === undefined ? error : virshFailed(this.shell, question, err, { seen, daemons });
  }
}
