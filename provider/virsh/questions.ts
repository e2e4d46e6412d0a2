import type { DomainState, DomainView, JobInfo } from "../core/domain";
import { parseDomainStates } from "./domainStates";
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
import { VirshRunner } from "./runner";
import { command, type VirshCommand } from "./virshCommand";
import { unreadableAnswer } from "./virshFailed";

/** What a placement asks of virsh on one host. Nothing there changes. */
export class VirshQuestions extends VirshRunner {
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

  /** Everything that a placement needs of the given domains, with their jobs. One that vanished meanwhile is left out. */
  async views(domains: readonly ListedDomain[]): Promise<DomainView[]> {
    const [marks, seen] = await Promise.all([
      Promise.all(markQuestions.map((question) => this.ask(question))),
      Promise.all(
        domains.map(async ({ uuid, name }) => {
          const [state, job] = await Promise.all([this.state(uuid), this.job(uuid)]);
          return state && { host: this.host, uuid, name, ...state, ...(job && { job }) };
        }),
      ),
    ]);
    return marked(seen, marks);
  }

  /** Everything that a placement needs of all domains but their jobs: one question for each kind of fact, all asked at once. */
  async look(): Promise<DomainView[]> {
    const listed = this.domains();
    const asked = Promise.all([command`domstats --state`, ...markQuestions].map((each) => this.answer(each)));
    // Where libvirt refuses, the list of the domains says why.
    asked.catch(() => {});
    const domains = await listed;
    const [states, ...marks] = await asked;
    const refused = marks.findIndex(({ err }) => err !== "");
    if (refused >= 0) throw await this.failed(markQuestions[refused]!, marks[refused]!.err);
    const known = parseDomainStates(states!.out);
    const seen = await Promise.all(
      domains.map(async ({ uuid, name }) => {
        const state = known.get(name) ?? (await this.state(uuid));
        return state && { host: this.host, uuid, name, ...state };
      }),
    );
    return marked(seen, marks.map(({ out }) => out)); // prettier-ignore
  }

  /** The domain by name or UUID, with its job; undefined where this host does not know it. */
  async view(domain: string): Promise<DomainView | undefined> {
    const found = (await this.domains()).find(({ uuid, name }) => uuid === domain || name === domain);
    return found && (await this.views([found]))[0];
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

  protected async has(uuid: string): Promise<boolean> {
    const list = await this.ask(command`list --all --uuid`);
    return parseUuids(list).has(uuid) || unreadableDomains(list).length > 0;
  }
}

/** Which domains have what: their UUIDs. */
const markQuestions = [
  command`list --all --persistent --uuid`,
  command`list --all --autostart --uuid`,
  command`list --all --with-managed-save --uuid`,
];
type Marked = "persistent" | "autostart" | "managedSave";

function marked(views: readonly (Omit<DomainView, Marked> | undefined)[], answers: readonly string[]): DomainView[] {
  const [persistent, autostart, managedSave] = answers.map(parseUuids);
  return views
    .filter((view) => view !== undefined)
    .map((view) => ({
      ...view,
      persistent: persistent!.has(view.uuid),
      autostart: autostart!.has(view.uuid),
      managedSave: managedSave!.has(view.uuid),
    }));
}
