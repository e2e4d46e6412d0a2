/** Takes step after step until all hosts are through, or one is not healthy again. What is intended is on disk before it is done. */
import { listed } from "../core/near";
import { showDuration } from "../core/units";
import { follow } from "./follow";
import type { Facts, HostObservation, HostRecord, Journal, Step } from "./model";
import { nextStep } from "./nextStep";
import type { World } from "./world";

export type Outcome = { isOver: true } | { isOver: false; why: string; remedies: readonly string[] };

const pollMs = 2000;
/** libvirt after a boot, or after an upgrade that restarted it. */
const libvirtMs = 120_000;

/** @param choice about the command that was begun before. */
export async function runMaintenance(
  journal: Journal,
  world: World,
  choice?: "again" | "skip",
): Promise<Outcome & { journal: Journal }> {
  const run = new Run(journal, world, choice);
  const outcome = await run.toItsEnd();
  return { ...outcome, journal: run.journal };
}

class Run {
  private facts: Facts;

  constructor(
    public journal: Journal,
    private readonly world: World,
    choice: "again" | "skip" | undefined,
  ) {
    this.facts = { ...(choice !== undefined && { choice }) };
  }

  async toItsEnd(): Promise<Outcome> {
    for (;;) {
      if (this.world.interrupted()) return { isOver: false, why: "stopped, as you asked", remedies: [] };
      const step = nextStep(this.journal, await this.observed(), this.facts);
      if (step.do === "stop") return { isOver: false, why: step.why, remedies: step.remedies };
      if (step.do === "finish") {
        await this.world.remove();
        return { isOver: true };
      }
      await this.take(step);
    }
  }

  private get record(): HostRecord {
    return this.journal.current!;
  }

  private async observed(): Promise<HostObservation | undefined> {
    const { current } = this.journal;
    if (current === undefined) return undefined;
    const { host, command } = current;
    return this.world.observe(host, command?.end === undefined ? command?.id : undefined);
  }

  private async note(change: Partial<HostRecord> | ((record: HostRecord) => HostRecord)): Promise<void> {
    const current = typeof change === "function" ? change(this.record) : { ...this.record, ...change };
    await this.save({ ...this.journal, current });
  }

  private async save(journal: Journal): Promise<void> {
    await this.world.save(journal);
    this.journal = journal;
  }

  private say(text: string): void {
    this.world.say(`${this.record.host}: ${text}`);
  }

  private async take(step: Exclude<Step, { do: "stop" | "finish" }>): Promise<void> {
    switch (step.do) {
      case "begin":
        await this.save({ ...this.journal, current: { host: step.host } });
        return this.say("its maintenance begins");
      case "done":
        return this.done();
      case "plan":
      case "edit":
      case "up":
      case "compare":
      case "noteMoved":
        return this.move(step);
      case "startCommand":
      case "followCommand":
      case "noteEnd":
      case "forgetCommand":
        return this.command(step);
      case "shutDown":
      case "start":
        return this.power(step);
      default:
        return this.boot(step);
    }
  }

  private async move(step: Extract<Step, { do: "plan" | "edit" | "up" | "compare" | "noteMoved" }>): Promise<void> {
    const { facts, world } = this;
    switch (step.do) {
      case "plan":
        facts.plan = await world.plan(step.goal, this.record.host);
        return;
      case "edit":
        return this.edit(step.edit);
      case "up": {
        this.say(step.refresh ? "pulumi up --refresh, since its state is behind the hosts" : "pulumi up");
        delete facts.astray;
        facts.up = { code: await world.up(step.refresh), refresh: step.refresh };
        return this.say(`pulumi up ended with exit code ${facts.up.code}`);
      }
      case "compare":
        facts.astray = await world.compare(step.vms);
        return;
      case "noteMoved":
        if (facts.up?.code !== 0) this.say("pulumi up failed, but every VM is where the file has it: going on");
        await this.note(({ upDue: _, ...record }) => record);
        return this.forgetPlan();
    }
  }

  private async edit(edit: Extract<Step, { do: "edit" }>["edit"]): Promise<void> {
    if (edit.vms.length > 0) await this.note({ upDue: edit.vms });
    const isWritten = await this.world.edit(edit);
    this.forgetPlan();
    if (!isWritten) return this.say("the placements file was changed meanwhile: planning again");
    this.facts.edits = (this.facts.edits ?? 0) + 1;
    this.say(`the placements file is edited: ${edit.moves.join(", ") || "nothing moves"}`);
  }

  private forgetPlan(): void {
    delete this.facts.plan;
    delete this.facts.up;
    delete this.facts.astray;
  }

  private async command(
    step: Extract<Step, { do: "startCommand" | "followCommand" | "noteEnd" | "forgetCommand" }>,
  ): Promise<void> {
    const { facts, world } = this;
    const run = this.journal.asked.run!;
    switch (step.do) {
      case "startCommand": {
        if (this.record.command === undefined) await this.note({ command: { id: world.newId() } });
        this.say(`no VM is active; runs ${run}`);
        const why = await world.startCommand(this.record.host, this.record.command!.id, run);
        if (why !== undefined) facts.commandNotBegun = why;
        else await this.note({ command: { id: this.record.command!.id, begun: true } });
        return;
      }
      case "followCommand":
        await follow(world, this.record.host, this.record.command!.id);
        facts.outputShown = true;
        return;
      case "noteEnd":
        await this.note(({ command, ...record }) => ({ ...record, command: { id: command!.id, end: step.end } }));
        if (step.end === "skipped") delete facts.choice;
        return this.say(step.end === "skipped" ? "the command counts as done" : `exit code ${step.end.code}`);
      case "forgetCommand":
        delete facts.choice;
        delete facts.outputShown;
        return this.note({ command: { id: world.newId() } });
    }
  }

  private async power(step: Extract<Step, { do: "shutDown" | "start" }>): Promise<void> {
    const names = listed(
      step.vms.map(({ name }) => name),
      "and",
    );
    if (step.do === "start") {
      this.say(`starts ${names}`);
      const why = await this.world.start(this.record.host, step.vms);
      if (why.length > 0) this.facts.notStarted = why;
      return;
    }
    if (this.record.shutDown === undefined) await this.note({ shutDown: step.vms });
    this.say(`shuts down ${names}`);
    const left = await this.world.shutDown(this.record.host, step.vms);
    if (left.length > 0) this.facts.stillActive = left;
  }

  private async boot(
    step: Extract<Step, { do: "reboot" | "awaitBoot" | "awaitLibvirt" | "doctor" | "noteHealthy" }>,
  ): Promise<void> {
    const { facts, world } = this;
    const { host } = this.record;
    switch (step.do) {
      case "reboot": {
        await this.note({ reboot: { bootId: step.bootId } });
        this.say("no VM is active; reboots");
        const why = await world.reboot(host, step.bootId, this.journal.asked.rebootCommand);
        facts.rebootGiven = true;
        if (why !== undefined) facts.rebootFailed = why;
        return;
      }
      case "awaitBoot": {
        const { bootId } = this.record.reboot!;
        this.say(`waits for its next boot, at most ${showDuration(world.rebootTimeoutMs)}`);
        const isNew = (seen: HostObservation) => "bootId" in seen && seen.bootId !== bootId;
        const took = await this.waitFor(isNew, world.rebootTimeoutMs);
        if (took !== undefined) this.say(`has booted (waited ${showDuration(took)})`);
        else if (!world.interrupted()) facts.bootTimedOut = true;
        return;
      }
      case "awaitLibvirt":
        if ((await this.waitFor((seen) => "active" in seen && seen.active !== undefined, libvirtMs)) === undefined)
          facts.libvirtTimedOut = true;
        return;
      case "doctor":
        facts.health = await world.doctor(host);
        return;
      case "noteHealthy":
        await this.note({ back: true });
        return this.say("is healthy");
    }
  }

  /** Resolves to how long it took; undefined where it did not come. */
  private async waitFor(isSo: (seen: HostObservation) => boolean, limitMs: number): Promise<number | undefined> {
    const { clock } = this.world;
    const startedAt = clock.now();
    for (;;) {
      const seen = await this.observed();
      const tookMs = clock.now() - startedAt;
      if (seen !== undefined && isSo(seen)) return tookMs;
      if (tookMs >= limitMs || this.world.interrupted()) return undefined;
      await clock.sleep(pollMs);
    }
  }

  private async done(): Promise<void> {
    const { host, command } = this.record;
    if (command !== undefined) await this.world.clean(host, command.id);
    this.say("its maintenance is over");
    const { asked, done } = this.journal;
    await this.save({ version: 1, asked, done: [...done, host] });
    this.facts = {};
  }
}
