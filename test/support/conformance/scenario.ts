import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { Decision } from "../../../provider/core/decide/types";
import type { JobInfo } from "../../../provider/core/domain";
import type { ErrorCode } from "../../../provider/core/errorCodes";
import { PlacementError } from "../../../provider/core/errors";
import type { Host } from "../../../provider/core/model";
import type { MigrationOptions } from "../../../provider/core/options";
import type { Clock, Dial, Progress, Shell } from "../../../provider/core/ports";
import { assess } from "../../../provider/observe/assess";
import { Hosts } from "../../../provider/observe/hosts";
import { cancel, type Cancelled } from "../../../provider/reconcile/cancel";
import { reconcile, type Reconciled } from "../../../provider/reconcile/reconcile";
import type { Virsh } from "../../../provider/virsh/client";
import { makePlan } from "../../../provider/virsh/migrateCommand";

export type VmState = "running" | "paused" | "shutOff";

/** What a lab must be able to do for the scenarios. */
export interface ConformanceLab {
  inventory: Record<string, Host>;
  dial: Dial;
  clock: Clock;
  /** Defines a VM on kvm-a, and starts it. */
  start(name: string, state: VmState): Promise<{ uuid: string }>;
  /** From here on no migration from kvm-a comes to an end by itself, until `release`. */
  hold(): Promise<void>;
  release(): Promise<void>;
}

interface Asked {
  /** Default: the VM of the scenario. */
  domain?: string;
  uuid?: string | undefined;
  options?: Partial<MigrationOptions>;
}

const silent: Progress = { live: () => {}, info: () => {}, warn: () => {} };
const uri = "qemu:///system";
const changing =
  /^(?:virsh )?(?:migrate|migrate-setmaxdowntime|migrate-setspeed|migrate-postcopy|domjobabort|suspend|resume|autostart|undefine|destroy|shutdown|start) /;

/** A VM on kvm-a, and what is done to it. */
export class Scenario {
  /** Commands that change something, as they were sent: "kvm-a: undefine --keep-nvram UUID". */
  readonly commands: string[] = [];
  private readonly hosts: Hosts;
  private readonly moves: Hosts[] = [];

  private constructor(
    private readonly lab: ConformanceLab,
    readonly name: string,
    readonly uuid: string,
  ) {
    this.hosts = this.connect();
  }

  static async begin(lab: ConformanceLab, name: string, state: VmState): Promise<Scenario> {
    const { uuid } = await lab.start(name, state);
    return new Scenario(lab, name, uuid);
  }

  /** Leaves neither a migration nor the VM. */
  async end(): Promise<void> {
    await this.lab.release();
    for (const host of Object.keys(this.lab.inventory)) {
      const virsh = await this.virsh(host);
      for (const removal of [() => virsh.destroy(this.uuid), () => virsh.undefine(this.uuid)])
        await removal().catch((error: unknown) => assert.ok(error instanceof PlacementError, String(error)));
    }
    for (const hosts of [this.hosts, ...this.moves]) await hosts.close();
  }

  virsh(host: string): Promise<Virsh> {
    return this.hosts.on(host);
  }

  /** "running (booted)", or "nothing" where the host does not know it. */
  async state(host: string): Promise<string> {
    const virsh = await this.virsh(host);
    const [before, all, found] = [await virsh.state(this.uuid), await virsh.look(), await virsh.state(this.uuid)];
    const seen = all.find(({ uuid }) => uuid === this.uuid);
    // What one question tells of all domains is what is told of each; it may have changed in between.
    if (isDeepStrictEqual(before, found))
      assert.deepEqual(seen && { state: seen.state, reason: seen.reason }, found, `on ${host}`);
    return found ? `${found.state} (${found.reason})` : "nothing";
  }

  async states(): Promise<Record<string, string>> {
    const names = Object.keys(this.lab.inventory);
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await this.state(name)] as const)));
  }

  /** What libvirt says of the job, and nothing of what it does not; as of none where newer releases refuse to answer. */
  async job(host: string): Promise<JobInfo> {
    const job = (await (await this.virsh(host)).job(this.uuid)) ?? { type: "none" };
    return JSON.parse(JSON.stringify(job)) as JobInfo;
  }

  plan(host: string, options: Partial<MigrationOptions> = {}) {
    const { inventory } = this.lab;
    return makePlan({
      domain: this.name,
      hosts: [host],
      anyOf: false,
      options: { mode: "auto", ...options },
      inventory,
      uri,
    });
  }

  async place(host: string, asked: Asked = {}): Promise<Reconciled> {
    const hosts = this.connect();
    this.moves.push(hosts);
    return reconcile(hosts, this.desired(host, asked), { clock: this.lab.clock, progress: silent });
  }

  async cancel(who = "ann@laptop"): Promise<Cancelled> {
    const hosts = this.connect();
    this.moves.push(hosts);
    return cancel(hosts, this.name, who, this.lab.clock);
  }

  async decision(host: string, asked: Asked = {}): Promise<Decision> {
    return (await assess(this.hosts, this.desired(host, asked))).decision;
  }

  async fails(act: () => Promise<unknown>, code: ErrorCode, says = ""): Promise<void> {
    await assert.rejects(act, (error: unknown) => {
      assert.ok(error instanceof PlacementError, String(error));
      assert.equal(error.code, code, error.message);
      assert.ok(error.message.includes(says), error.message);
      return true;
    });
  }

  /** @throws where it is not so within 30 seconds. */
  async until(condition: () => Promise<boolean>): Promise<void> {
    const { clock } = this.lab;
    const begun = clock.now();
    while (!(await condition())) {
      assert.ok(clock.now() - begun < 30_000, `it did not come to it: ${JSON.stringify(await this.states())}`);
      await clock.sleep(50);
    }
  }

  hold(): Promise<void> {
    return this.lab.hold();
  }

  release(): Promise<void> {
    return this.lab.release();
  }

  private desired(host: string, asked: Asked) {
    const { domain = this.name, options = {} } = asked;
    const uuid = "uuid" in asked ? asked.uuid : this.uuid;
    const complete = { mode: "auto", ...options } as const;
    return { domain, uuid, hosts: [host], options: complete, plan: this.plan(host, options), lastHost: "kvm-a" };
  }

  private connect(): Hosts {
    const dial: Dial = async (host) => this.recorded(await this.lab.dial(host));
    return new Hosts(dial, this.lab.inventory, uri, this.lab.clock);
  }

  /** The same shell, which notes what changes something. */
  private recorded(shell: Shell): Shell {
    const note = (text: string) => {
      for (const line of text.split("\n")) if (changing.test(line)) this.commands.push(`${shell.host}: ${line}`);
    };
    return {
      host: shell.host,
      ...(shell.user !== undefined && { user: shell.user }),
      get alive() {
        return shell.alive;
      },
      close: () => shell.close(),
      exec: (command, options) => {
        note(options?.input ?? "");
        return shell.exec(command, options);
      },
      spawn: async (command, listeners) => {
        const process = await shell.spawn(command, listeners);
        return {
          exit: process.exit,
          end: () => process.end(),
          destroy: () => process.destroy(),
          write: (text) => {
            note(text);
            process.write(text);
          },
        };
      },
    };
  }
}
