import assert from "node:assert/strict";
import { type Failure, PlacementError } from "../../provider/core/errors";
import type { Inventory } from "../../provider/core/model";
import type { MigrationOptions } from "../../provider/core/options";
import type { Progress } from "../../provider/core/ports";
import { Hosts } from "../../provider/observe/hosts";
import { reconcile, type Reconciled } from "../../provider/reconcile/reconcile";
import { makePlan } from "../../provider/virsh/migrateCommand";
import { FakeClock } from "./fake-clock";
import { type SimulatedDomain, type SimulatedHost, SimulatedLab, fakeUuid } from "../../lab/simulated";

export interface Asked {
  host?: string | string[];
  domain?: string;
  /** Default: in state under the fake domain's UUID; null = create. */
  uuid?: string | null;
  lastHost?: string;
  options?: Partial<MigrationOptions>;
}

const changing = new Set(
  "migrate migrate-setmaxdowntime migrate-setspeed migrate-postcopy domjobabort suspend resume autostart undefine define".split(
    " ",
  ),
);

/** Three hosts, a clock that costs nothing, and a record of what the user saw and what the hosts were told to do. */
export class Placing {
  readonly fakes = new SimulatedLab();
  readonly clock = new FakeClock();
  readonly hosts: Hosts;
  /** "live: …", "info: …", "warn: …" as the display got them. */
  readonly rows: string[] = [];
  /** Commands that change something, with the seconds since the start: "20 s kvm-a: migrate-postcopy". */
  readonly commands: string[] = [];

  constructor(
    domains: Record<string, SimulatedDomain[]>,
    inventory: Inventory = { "kvm-a": { name: "kvm-a" }, "kvm-b": { name: "kvm-b" }, "kvm-c": { name: "kvm-c" } },
  ) {
    for (const name of Object.keys(inventory ?? domains)) this.fakes.add(name, domains[name] ?? []);
    for (const host of this.fakes.hosts.values()) host.onCommand = (command) => this.record(host, command);
    this.hosts = new Hosts(this.fakes.dial, inventory, "qemu:///system", this.clock);
    this.inventory = inventory;
  }

  private readonly inventory: Inventory;

  /** Called for each command that a host receives. */
  onCommand: (host: SimulatedHost, command: string) => void = () => {};

  private record(host: SimulatedHost, command: string): void {
    const verb = command.split(" ")[0]!;
    if (changing.has(verb)) {
      const words = command.split(" ").filter((word) => word !== fakeUuid);
      this.commands.push(
        `${this.clock.elapsedMs / 1000} s ${host.name}: ${verb === "migrate" ? "migrate" : words.join(" ")}`,
      );
    }
    this.onCommand(host, command);
  }

  readonly progress: Progress = {
    live: (text) => void this.rows.push(`live: ${text}`),
    info: (text) => void this.rows.push(`info: ${text}`),
    warn: (text) => void this.rows.push(`warn: ${text}`),
  };

  host(name: string): SimulatedHost {
    return this.fakes.hosts.get(name)!;
  }

  /** "kvm-a: nothing, kvm-b: running (migrated)". */
  get where(): string {
    return [...this.fakes.hosts.values()]
      .map(({ name, domains }) => {
        const domain = domains.find(({ uuid }) => uuid === fakeUuid);
        return `${name}: ${domain ? `${domain.state} (${domain.reason})` : "nothing"}`;
      })
      .join(", ");
  }

  plan({ host = "kvm-b", domain = "db-01", options = {} }: Asked) {
    const hosts = [host].flat();
    return makePlan({
      domain,
      hosts,
      anyOf: Array.isArray(host),
      options: { mode: "auto", ...options },
      inventory: this.inventory,
      uri: "qemu:///system",
    });
  }

  async place(asked: Asked = {}): Promise<Reconciled> {
    const { host = "kvm-b", domain = "db-01", uuid, lastHost, options = {} } = asked;
    try {
      return await reconcile(
        this.hosts,
        {
          domain,
          uuid: uuid === null ? undefined : (uuid ?? fakeUuid),
          hosts: [host].flat(),
          options: { mode: "auto", ...options },
          plan: this.plan(asked),
          lastHost,
        },
        { clock: this.clock, progress: this.progress },
      );
    } finally {
      await this.hosts.close();
    }
  }

  /** What a placement that has to fail fails for. */
  async fails(asked: Asked = {}): Promise<Failure> {
    const error: unknown = await this.place(asked).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    assert.ok(error instanceof PlacementError, `not a failure: ${String(error)}`);
    return error.problem;
  }

  /** A migration that converges after so many seconds, at once after a switch to post-copy or a pause, or never. */
  lasts(seconds: number | undefined, afterSwitchSeconds = 1): void {
    this.fakes.onMigrate = async ({ domain }) => {
      const begun = this.clock.now();
      while (seconds === undefined || this.clock.now() - begun < seconds * 1000) {
        await this.clock.sleep(100);
        // It was cancelled.
        if (domain.job === undefined) return undefined;
        if (domain.state === "paused") {
          await this.clock.sleep(afterSwitchSeconds * 1000);
          return undefined;
        }
      }
      return undefined;
    };
  }
}
