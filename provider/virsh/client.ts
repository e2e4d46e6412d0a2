import type { DomainState, DomainView, JobInfo } from "../core/domain";
import { type Phase, PlacementError } from "../core/errors";
import type { ExecResult, Shell } from "../core/ports";
import { setMaxDowntimeCommand } from "./command";
import { essence, readFailure } from "./failures";
import {
  parseDomState,
  parseDomainList,
  parseHelpOptions,
  parseHostUuid,
  parseJobInfo,
  parseNumber,
  parseUuids,
  parseVersions,
} from "./parse";
import { quote } from "./quote";
import { VirshSession } from "./session";

/** Longer than libvirt's own wait for a job lock (30 s), so that its answer is heard. */
const deadlineMs = 40_000;
const inquiryMs = 10_000;
const missing = /failed to get domain|Domain not found/;

/** virsh on one host: questions go through one session, a migration through an exec of its own. */
export class Virsh {
  private readonly session: VirshSession;
  /** A question that hangs must not hold up those who watch a migration. */
  private readonly inquiries: VirshSession;

  constructor(
    readonly shell: Shell,
    private readonly uri: string,
  ) {
    const start = `${this.environment()} virsh -q -c ${quote(this.uri)}`;
    this.session = new VirshSession(shell, start);
    this.inquiries = new VirshSession(shell, start);
  }

  get host(): string {
    return this.shell.host;
  }

  /** Every domain, defined or running. */
  async domains(): Promise<{ uuid: string; name: string }[]> {
    return parseDomainList(await this.ask("list --all --uuid --name"));
  }

  /** Everything a placement wants to know of the domains given. One that vanished meanwhile is left out. */
  async views(domains: { uuid: string; name: string }[], withJobs: boolean): Promise<DomainView[]> {
    const [persistent, autostart, managedSave, views] = await Promise.all([
      this.ask("list --all --persistent --uuid").then(parseUuids),
      this.ask("list --all --autostart --uuid").then(parseUuids),
      this.ask("list --all --with-managed-save --uuid").then(parseUuids),
      Promise.all(
        domains.map(async ({ uuid, name }) => {
          const [state, job] = await Promise.all([this.state(uuid), withJobs ? this.job(uuid) : undefined]);
          return state && { host: this.host, uuid, name, ...state, ...(job && { job }) };
        }),
      ),
    ]);
    return views
      .filter((view) => view !== undefined)
      .map((view) => ({
        ...view,
        persistent: persistent.has(view.uuid),
        autostart: autostart.has(view.uuid),
        managedSave: managedSave.has(view.uuid),
      }));
  }

  /** The domain by name or UUID, with its job; undefined where this host does not know it. */
  async view(domain: string): Promise<DomainView | undefined> {
    const found = (await this.domains()).find(({ uuid, name }) => uuid === domain || name === domain);
    return found && (await this.views([found], true))[0];
  }

  /** State and reason; undefined where this host does not know the domain. */
  async state(uuid: string): Promise<DomainState | undefined> {
    const text = await this.askDomain(`domstate --reason ${uuid}`);
    return text === undefined ? undefined : parseDomState(text);
  }

  /** The job on a domain; undefined where the domain is gone or does not run. On a destination the numbers are the source's to tell. */
  async job(uuid: string): Promise<JobInfo | undefined> {
    const { out, err } = await this.session.run(`domjobinfo --rawstats ${uuid}`, deadlineMs);
    if (err === "") return parseJobInfo(out);
    // So it says of a machine that has just left, when the question had to wait for the migration's end; libvirt 11.3.0 also of any
    // machine that is shut off, where 9.0.0 has "Job type: 0".
    if (missing.test(err) || /domain is not running/.test(err)) return undefined;
    if (/statistics are available only on the source host/.test(err))
      return { type: "unbounded", operation: "incoming" };
    if (/cannot acquire state change lock/.test(err)) return { type: "held" };
    throw this.failure(`domjobinfo ${uuid}`, err);
  }

  /** Statistics of the last finished job, kept for other readers; undefined where there are none. */
  async completedJob(uuid: string): Promise<JobInfo | undefined> {
    const { out, err } = await this.session.run(
      `domjobinfo --completed --keep-completed --rawstats ${uuid}`,
      deadlineMs,
    );
    const job = err === "" ? parseJobInfo(out) : undefined;
    return job?.type === "completed" ? job : undefined;
  }

  async maxDowntimeMs(uuid: string): Promise<number | undefined> {
    const out = await this.askDomain(`migrate-getmaxdowntime ${uuid}`);
    return out === undefined ? undefined : parseNumber(out);
  }

  async setMaxDowntimeMs(uuid: string, milliseconds: number): Promise<void> {
    await this.ask(setMaxDowntimeCommand(uuid, milliseconds, "qemu:///system").replace(/^virsh /, ""));
  }

  async startPostCopy(uuid: string): Promise<void> {
    await this.ask(`migrate-postcopy ${uuid}`);
  }

  async abortJob(uuid: string): Promise<void> {
    await this.ask(`domjobabort ${uuid}`);
  }

  async suspend(uuid: string): Promise<void> {
    await this.ask(`suspend ${uuid}`);
  }

  async resume(uuid: string): Promise<void> {
    await this.ask(`resume ${uuid}`);
  }

  async setAutostart(uuid: string, on: boolean): Promise<void> {
    await this.ask(`autostart ${uuid}${on ? "" : " --disable"}`);
  }

  /** Defines a transient domain from its own running definition. */
  async makePersistent(uuid: string): Promise<void> {
    const file = `/tmp/vm-placement-${uuid}.xml`;
    const script = `umask 077; virsh dumpxml --inactive --security-info ${uuid} > ${file} && virsh define ${file}; rc=$?; rm -f ${file}; exit $rc`;
    const { code, stderr } = await this.shell.exec(`${this.environment()} sh -c ${quote(script)}`, { deadlineMs });
    if (code !== 0) throw this.failure("define", stderr);
  }

  /** Removes a definition; its NVRAM file stays. */
  async undefine(uuid: string): Promise<void> {
    await this.ask(`undefine --keep-nvram ${uuid}`);
  }

  async versions(): Promise<{ libvirt: string | undefined; qemu: string | undefined }> {
    return parseVersions(await this.ask("version --daemon"));
  }

  /** The options `virsh migrate` has on this host. */
  async migrateOptions(): Promise<Set<string>> {
    return parseHelpOptions(await this.ask("help migrate"));
  }

  async hostUuid(): Promise<string | undefined> {
    return parseHostUuid(await this.ask("capabilities"));
  }

  /** Starts a planned migration as it stands, on a channel of its own. Whoever watches bounds it; its end is not its result. */
  exec(command: string): Promise<ExecResult> {
    return this.shell.exec(`${this.environment()} ${command}`);
  }

  /** Asks what can be done without: undefined where virsh refuses to answer, or not in time. */
  async inquire(command: string): Promise<string | undefined> {
    try {
      const { out, err } = await this.inquiries.run(command, inquiryMs);
      return err === "" ? out : undefined;
    } catch (error) {
      if (this.shell.alive) return undefined;
      throw error;
    }
  }

  /** As `inquire`, for a command of the host's shell. It runs with the environment of virsh. */
  async inquireShell(command: string, input?: string): Promise<ExecResult | undefined> {
    try {
      return await this.shell.exec(`${this.environment()} ${command}`, {
        deadlineMs: inquiryMs,
        ...(input !== undefined && { input }),
      });
    } catch (error) {
      if (this.shell.alive) return undefined;
      throw error;
    }
  }

  /** Runs a planned command that is done in a moment. */
  execShort(command: string): Promise<ExecResult> {
    return this.shell.exec(`${this.environment()} ${command}`, { deadlineMs });
  }

  close(): void {
    this.session.close();
    this.inquiries.close();
  }

  /** sshd may refuse the environment of a client, so it stands before the command. */
  private environment(): string {
    return `env LC_ALL=C LIBVIRT_DEFAULT_URI=${quote(this.uri)}`;
  }

  private async askDomain(command: string): Promise<string | undefined> {
    const { out, err } = await this.session.run(command, deadlineMs);
    if (err === "") return out;
    if (missing.test(err)) return undefined;
    throw this.failure(command, err);
  }

  private async ask(command: string): Promise<string> {
    const { out, err } = await this.session.run(command, deadlineMs);
    if (err !== "") throw this.failure(command, err);
    return out;
  }

  private failure(command: string, stderr: string, phase: Phase = "observe"): PlacementError {
    const { host, user } = this.shell;
    const { code, next } = readFailure(stderr, {
      domain: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(command)?.[0] ?? "the domain",
      source: host,
      destination: "the destination",
      ...(user !== undefined && { sourceUser: user }),
    });
    const unknown = code === "migrationFailed";
    return new PlacementError({
      code: unknown ? "libvirtDown" : code,
      phase,
      host,
      what: `cannot ask libvirt on ${host} (\`virsh ${command.split(" ")[0]!}\`)`,
      why: essence(stderr),
      next: unknown ? `try \`virsh ${command}\` on ${host}, and read the log of libvirtd (or virtqemud) there` : next,
    });
  }
}
