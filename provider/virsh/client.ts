import type { OwnedState } from "../core/owned";
import type { Owns } from "../core/undefine";
import { isActive, isInPostCopy } from "../core/situation";
import { domainNotRunning, jobNotActive, postCopyCannotEnd, type StderrCause } from "../core/problems";
import { parseDomainXml } from "./domainXml";
import { parseNumber } from "./parse";
import { VirshQuestions } from "./questions";
import { deadlineMs } from "./runner";
import { sh } from "./shellScript";
import { command, type VirshCommand } from "./virshCommand";
import { virshFailed } from "./virshFailed";

const aboutJobs = /^(?:domjobabort|migrate-postcopy) /;

/** What a placement asks and does with virsh on one host. */
export class Virsh extends VirshQuestions {
  private keepTpm: Promise<boolean> | undefined;

  async maxDowntimeMs(uuid: string): Promise<number | undefined> {
    const question = command`migrate-getmaxdowntime ${uuid}`;
    const { out, err } = await this.answer(question);
    if (err === "") return parseNumber(out);
    if (!(await this.has(uuid))) return undefined;
    return parseNumber(await this.steer(uuid, question));
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
