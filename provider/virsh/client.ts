import type { DomainState, DomainView, JobInfo } from "../core/domain";
import type { OwnedState } from "../core/owned";
import type { Owns } from "../core/undefine";
import { isActive, isInPostCopy } from "../core/situation";
import { domainNotRunning, jobNotActive, postCopyCannotEnd, type StderrCause } from "../core/problems";
import { parseDomainXml } from "./domainXml";
import { type ListedDomain, listDomains } from "./domainList";
import {
  parseDomState,
  parseHelpOptions,
  parseHostUuid,
  parseJobInfo,
  parseNumber,
  parseUuids,
  parseVersions,
  unreadableDomains,
} from "./parse";
import { refusedJob } from "./refusedJob";
import { deadlineMs, VirshRunner } from "./runner";
import { sh } from "./shellScript";
import { command, type VirshCommand } from "./virshCommand";
import { unreadableAnswer, virshFailed } from "./virshFailed";

const aboutJobs = /^(?:domjobabort|migrate-postcopy) /;

/** What a placement asks and does with virsh on one host. */
export class Virsh extends VirshRunner {
  private keepTpm: Promise<boolean> | undefined;

  /** Every domain, defined or running. */
  async domains(): Promise<ListedDomain[]> {
    return (await listDomains(
      (question) => this.ask(question),
      (uuid) => this.askDomain(uuid, command`domname ${uuid}`),
      (question, line) => {
        throw unreadableAnswer(this.shell, question, line);
      },
    ))!;
  }

  /** As `domains`; undefined where virsh refuses to answer, or not in time. */
  inquireDomains(): Promise<ListedDomain[] | undefined> {
    return listDomains(
      (question) => this.inquire(question),
      (uuid) => this.inquire(command`domname ${uuid}`),
    );
  }

  /** Everything that a placement needs of the given domains. One that vanished meanwhile is left out. */
  async views(domains: readonly ListedDomain[], withJobs: boolean): Promise<DomainView[]> {
    const [persistent, autostart, managedSave, views] = await Promise.all([
      this.ask(command`list --all --persistent --uuid`).then(parseUuids),
      this.ask(command`list --all --autostart --uuid`).then(parseUuids),
      this.ask(command`list --all --with-managed-save --uuid`).then(parseUuids),
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
    const text = await this.askDomain(uuid, command`domstate --reason ${uuid}`);
    return text === undefined ? undefined : parseDomState(text);
  }

  /** The job on a domain; undefined where the domain is gone or does not run. On a destination the numbers are the source's to tell. */
  async job(uuid: string): Promise<JobInfo | undefined> {
    const askedAt = performance.now();
    const { out, err } = await this.answer(command`domjobinfo --rawstats ${uuid}`);
    if (err === "") return parseJobInfo(out);
    const tookMs = performance.now() - askedAt;
    return refusedJob(await this.state(uuid), tookMs);
  }

  /** Statistics of the last finished job, kept for other readers; undefined where there are none. */
  async completedJob(uuid: string): Promise<JobInfo | undefined> {
    const { out, err } = await this.answer(command`domjobinfo --completed --keep-completed --rawstats ${uuid}`);
    const job = err === "" ? parseJobInfo(out) : undefined;
    return job?.type === "completed" ? job : undefined;
  }

  async maxDowntimeMs(uuid: string): Promise<number | undefined> {
    const question = command`migrate-getmaxdowntime ${uuid}`;
    const { out, err } = await this.answer(question);
    if (err === "") return parseNumber(out);
    if (!(await this.has(uuid))) return undefined;
    return parseNumber(await this.steer(uuid, question));
  }

  /** The cap that the host keeps for the VM's migrations, MiB/s; undefined where libvirt does not tell. */
  async maxSpeedMiBps(uuid: string): Promise<number | undefined> {
    const out = await this.askDomain(uuid, command`migrate-getspeed ${uuid}`).catch(() => undefined);
    return out === undefined ? undefined : parseNumber(out);
  }

  /** As its definition says; undefined where libvirt does not tell. */
  async memoryBytes(uuid: string): Promise<number | undefined> {
    const xml = await this.inquire(command`dumpxml ${uuid}`);
    return xml === undefined ? undefined : parseDomainXml(xml)?.memoryBytes;
  }

  async setMaxDowntimeMs(uuid: string, milliseconds: number): Promise<void> {
    await this.steer(uuid, command`migrate-setmaxdowntime ${uuid} ${milliseconds}`);
  }

  async setMaxSpeedMiBps(uuid: string, mibps: number): Promise<void> {
    await this.steer(uuid, command`migrate-setspeed ${uuid} ${mibps}`);
  }

  async startPostCopy(uuid: string): Promise<void> {
    await this.steer(uuid, command`migrate-postcopy ${uuid}`);
  }

  async abortJob(uuid: string): Promise<void> {
    await this.steer(uuid, command`domjobabort ${uuid}`);
  }

  async suspend(uuid: string): Promise<void> {
    await this.steer(uuid, command`suspend ${uuid}`);
  }

  async resume(uuid: string): Promise<void> {
    await this.steer(uuid, command`resume ${uuid}`);
  }

  async setAutostart(uuid: string, on: boolean): Promise<void> {
    await this.ask(on ? command`autostart ${uuid}` : command`autostart ${uuid} --disable`);
  }

  /** Defines a transient domain from its own running definition. */
  async makePersistent(uuid: string): Promise<void> {
    // Through a variable of the shell and a pipe: the XML may hold secrets, and no other user may read or swap it in a file.
    const script = sh`xml=$(virsh -q dumpxml --inactive --security-info ${uuid}) && printf '%s\\n' "$xml" | virsh -q define /dev/stdin`;
    const { code, stderr } = await this.run(script, deadlineMs);
    if (code !== 0) throw await this.failed(command`define`, stderr);
  }

  /** What the definition here owns beside its disks. What cannot be read may own everything. */
  async owns(uuid: string): Promise<Owns> {
    this.keepTpm ??= this.answer(command`help undefine`).then(({ out }) => out.includes("--keep-tpm"));
    const [{ out, err }, keepTpm] = await Promise.all([
      this.answer(command`dumpxml --inactive ${uuid}`),
      this.keepTpm.catch(() => false),
    ]);
    const owned = err === "" ? parseDomainXml(out)?.owned : undefined;
    const has = (what: OwnedState["what"]) => owned === undefined || owned.some((each) => each.what === what);
    return { nvram: has("UEFI variables"), tpm: has("vTPM state"), keepTpm };
  }

  /**
   * Removes a definition; its vTPM state and NVRAM stay.
   *
   * @throws PlacementError where virsh here is too old to keep the vTPM state.
   */
  async undefine(uuid: string): Promise<void> {
    const owns = await this.owns(uuid);
    const question = owns.tpm
      ? command`undefine --keep-nvram --keep-tpm ${uuid}`
      : command`undefine --keep-nvram ${uuid}`;
    if (owns.tpm && !owns.keepTpm) {
      const text = "virsh there would delete its vTPM state with it (undefine --keep-tpm came with libvirt 8.9)";
      throw await this.failed(question, `error: ${text}`);
    }
    await this.ask(question);
  }

  /** Asks the guest to shut down. When and whether it does is its own affair. */
  async shutDown(uuid: string): Promise<void> {
    await this.steer(uuid, command`shutdown ${uuid}`);
  }

  async start(uuid: string): Promise<void> {
    await this.steer(uuid, command`start ${uuid}`);
  }

  /** Ends its QEMU at once. Only for the abandoned source of a post-copy whose VM runs on another host with all of its memory. */
  async destroy(uuid: string): Promise<void> {
    await this.steer(uuid, command`destroy ${uuid}`);
  }

  async versions(): Promise<{ libvirt: string | undefined; qemu: string | undefined }> {
    return parseVersions(await this.ask(command`version --daemon`));
  }

  /** The options `virsh migrate` has on this host. */
  async migrateOptions(): Promise<Set<string>> {
    return parseHelpOptions(await this.ask(command`help migrate`));
  }

  async hostUuid(): Promise<string | undefined> {
    return parseHostUuid(await this.ask(command`capabilities`));
  }

  /** undefined where this host does not have the domain: its list says so, whichever language libvirt's error is in. */
  private async askDomain(uuid: string, question: VirshCommand): Promise<string | undefined> {
    const first = await this.answer(question);
    if (first.err === "") return first.out;
    if (!(await this.has(uuid))) return undefined;
    // It may have come in between.
    const { out, err } = await this.answer(question);
    if (err === "") return out;
    if (!(await this.has(uuid))) return undefined;
    throw await this.failed(question, err);
  }

  private async has(uuid: string): Promise<boolean> {
    const list = await this.ask(command`list --all --uuid`);
    return parseUuids(list).has(uuid) || unreadableDomains(list).length > 0;
  }

  /** Steers a domain or its migration. */
  private async steer(uuid: string, question: VirshCommand): Promise<string> {
    const { out, err } = await this.answer(question);
    if (err === "") return out;
    const error = virshFailed(this.shell, question, err);
    throw error.code === "libvirtDown" ? await this.failed(question, err, await this.stateOf(uuid, question)) : error;
  }

  /** What in the state of the domain explains that it refuses. */
  private async stateOf(uuid: string, { text }: VirshCommand): Promise<StderrCause | undefined> {
    const [state, job] = await Promise.all([this.state(uuid), this.job(uuid)]).catch(() => []);
    if (state === undefined) return undefined;
    if (!isActive(state)) return domainNotRunning;
    if (isInPostCopy(state)) return postCopyCannotEnd;
    return job?.type === "none" && aboutJobs.test(text) ? jobNotActive : undefined;
  }
}
