import assert from "node:assert/strict";
import type { Asked, CommandState, Journal, Plan, Vm } from "../../../provider/maintain/model";
import { runMaintenance } from "../../../provider/maintain/run";
import type { World } from "../../../provider/maintain/world";
import { FakeClock } from "../../support/fake-clock";

const asked: Asked = {
  hosts: ["kvm-a", "kvm-b"],
  run: "dnf -y upgrade",
  reboot: true,
  rebootCommand: "systemctl reboot",
  shutdownUnmovable: true,
};
const gpu: Vm = { uuid: "5c1e2f0a-6d0b-4f8e-9a37-000000000004", name: "gpu-01" };

class Killed extends Error {}

/**
 * Hosts, a file and a journal in memory, which outlive the process. It can be killed before and after each write and each effect. db-01
 * lives on kvm-a and web-01 on kvm-b, both can go to kvm-c; gpu-01 on kvm-a cannot leave.
 */
class Kept {
  readonly effects: string[] = [];
  journal: Journal | undefined;
  file: Record<string, string> = { "db-01": "kvm-a", "web-01": "kvm-b" };
  home = { ...this.file };
  at: Record<string, string> = { ...this.file };
  isGpuActive = true;
  boots: Record<string, number> = {};
  readonly commands = new Map<string, CommandState>();
  private ticks = 0;
  private killAt = Infinity;

  /** One process. @returns the ticks of it. */
  async process(killAt = Infinity): Promise<number> {
    Object.assign(this, { ticks: 0, killAt });
    const world = this.world();
    this.journal ??= { version: 1, asked, done: [] };
    const outcome = await runMaintenance(this.journal, world);
    assert.ok(outcome.isOver, JSON.stringify(outcome));
    return this.ticks;
  }

  private effect<T>(name: string | undefined, happen: () => T): Promise<T> {
    this.tick();
    const result = happen();
    if (name !== undefined) this.effects.push(name);
    this.tick();
    return Promise.resolve(result);
  }

  private tick(): void {
    if (++this.ticks === this.killAt) throw new Killed();
  }

  private active(host: string): Vm[] {
    const moved = Object.keys(this.at).filter((vm) => this.at[vm] === host);
    return [...moved.map((vm) => ({ uuid: vm, name: vm })), ...(host === "kvm-a" && this.isGpuActive ? [gpu] : [])];
  }

  private plan(goal: Plan["goal"], host: string): Plan {
    const own = Object.keys(this.home).filter((vm) => this.home[vm] === host);
    const goesTo = goal === "evacuate" ? "kvm-c" : host;
    const vms = own.filter((vm) => this.file[vm] !== goesTo);
    const text = JSON.stringify({ ...this.file, ...Object.fromEntries(vms.map((vm) => [vm, goesTo])) });
    const edit = { before: JSON.stringify(this.file), text, vms, moves: [] };
    const unmovable = host === "kvm-a" && this.isGpuActive ? [{ ...gpu, reason: "it is pinned" }] : [];
    return { goal, hindrances: [], unmovable, partners: [], ...(vms.length > 0 && { edit }) };
  }

  private world(): World {
    const state = async (id: string) => Promise.resolve(this.commands.get(id) ?? ({ is: "absent" } as const));
    return {
      clock: new FakeClock(),
      rebootTimeoutMs: 60_000,
      interrupted: () => false,
      say: () => {},
      newId: () => `${this.commands.size}`,
      save: (journal) => this.effect(undefined, () => void (this.journal = structuredClone(journal))),
      remove: () => this.effect(undefined, () => void (this.journal = undefined)),
      observe: async (host, id) => ({
        bootId: `${host} ${this.boots[host] ?? 0}`,
        active: this.active(host),
        ...(id !== undefined && { command: await state(id) }),
      }),
      plan: (goal, host) => Promise.resolve(this.plan(goal, host)),
      edit: (edit) => this.effect("edit", () => ((this.file = JSON.parse(edit.text) as Kept["file"]), true)),
      up: () => this.effect("up", () => ((this.at = { ...this.file }), 0)),
      compare: (vms) => Promise.resolve(vms.filter((vm) => this.at[vm] !== this.file[vm])),
      shutDown: (_, [vm]) => this.effect(`shutdown ${vm!.name}`, () => ((this.isGpuActive = false), [])),
      startCommand: (host, id) => {
        if (this.commands.has(id)) return Promise.resolve(undefined);
        return this.effect(`run ${host}`, () => void this.commands.set(id, { is: "ended", code: 0 }));
      },
      output: async (_, id) => ({ lines: [], state: await state(id) }),
      reboot: (host, bootId) => {
        if (bootId !== `${host} ${this.boots[host] ?? 0}`) return Promise.resolve(undefined);
        return this.effect(`reboot ${host}`, () => {
          assert.deepEqual(this.active(host), []);
          this.boots[host] = (this.boots[host] ?? 0) + 1;
          return undefined;
        });
      },
      doctor: () => Promise.resolve([]),
      start: (_, [vm]) => this.effect(`start ${vm!.name}`, () => ((this.isGpuActive = true), [])),
      clean: (_, id) => this.effect(undefined, () => void this.commands.set(id, { is: "absent" })),
    };
  }
}

const once = ["run kvm-a", "run kvm-b", "reboot kvm-a", "reboot kvm-b", "shutdown gpu-01", "start gpu-01"];

describe("runMaintenance", () => {
  function assertWhole(kept: Kept, when: string) {
    assert.deepEqual(
      [kept.at, kept.file, kept.isGpuActive, kept.journal],
      [kept.home, kept.home, true, undefined],
      when,
    );
    assert.deepEqual(kept.boots, { "kvm-a": 1, "kvm-b": 1 }, when);
    for (const effect of once)
      assert.equal(kept.effects.filter((each) => each === effect).length, 1, `${effect}: ${when}`);
  }

  it("takes every effect once, in order", async () => {
    const kept = new Kept();
    await kept.process();
    assertWhole(kept, "at once");
    assert.deepEqual(kept.effects, [
      ...["edit", "up", "shutdown gpu-01", "run kvm-a", "reboot kvm-a", "edit", "up", "start gpu-01"],
      ...["edit", "up", "run kvm-b", "reboot kvm-b", "edit", "up"],
    ]);
  });

  it("comes to the same end from a kill before and after each write and each effect, and takes each effect once", async () => {
    const ticks = await new Kept().process();
    assert.ok(ticks > 60, String(ticks));
    for (let killAt = 1; killAt <= ticks; killAt++) {
      const kept = new Kept();
      await assert.rejects(kept.process(killAt), Killed);
      // What was begun is not over: only the last write leaves none.
      if (kept.journal === undefined) assert.ok(killAt >= ticks - 1, String(killAt));
      else await kept.process();
      assertWhole(kept, `killed at ${killAt} of ${ticks}`);
      // An `up` whose end was not written down is run again; a file that was written is not.
      const count = (name: string) => kept.effects.filter((each) => each === name).length;
      assert.equal(count("edit"), 4, `killed at ${killAt}`);
      assert.ok(count("up") <= 5, `killed at ${killAt}`);
    }
  });

  it("comes to the same end from two kills in a row", async () => {
    const ticks = await new Kept().process();
    for (let first = 1; first < ticks; first += 3) {
      for (let second = 1; second < 8; second++) {
        const kept = new Kept();
        await assert.rejects(kept.process(first), Killed);
        const wasKilled = await kept.process(second).then(
          () => false,
          () => true,
        );
        if (wasKilled && kept.journal !== undefined) await kept.process();
        assertWhole(kept, `killed at ${first} and ${second}`);
      }
    }
  });
});
