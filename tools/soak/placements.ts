/** The product's handlers in this process, for several VMs: what `pulumi up` calls, without the seconds that Pulumi itself takes. */
import { type Failure, PlacementError } from "../../provider/core/errors";
import { createHandlers } from "../../provider/handlers";
import { createDial } from "../../provider/ssh";
import type { Lab } from "../../lab/libvirt";
import { type InProcess, providerInProcess } from "../in-process";

type Props = Record<string, unknown>;

export interface Failed {
  text: string;
  /** Absent where inputs were refused, and for a fault of the provider itself. */
  problem?: Failure;
}

export class Placements {
  /** By domain: what Pulumi would have in its state. */
  private readonly states = new Map<string, { id: string; outs: Props }>();
  private provider: Promise<InProcess>;

  constructor(private readonly lab: Lab) {
    this.provider = this.newProvider();
  }

  /** One `up` of one VM. What it failed with, or undefined. */
  async place(domain: string, host: string, migration: Props): Promise<Failed | undefined> {
    const known = this.states.get(domain);
    const { handlers } = await this.provider;
    const checked = await handlers.check(known?.outs ?? {}, { domain, host, migration });
    if (checked.failures?.length) return { text: checked.failures.map(({ reason }) => reason).join("; ") };
    const news = checked.inputs as Props;
    try {
      if (known === undefined) {
        const created = await handlers.create(news);
        this.states.set(domain, { id: created.id, outs: created.outs as Props });
      } else {
        const updated = await handlers.update(known.id, known.outs, news);
        this.states.set(domain, { id: known.id, outs: updated.outs as Props });
      }
      return undefined;
    } catch (error) {
      const partial = error as Error & { id?: string; properties?: Props };
      if (partial.id !== undefined) this.states.set(domain, { id: partial.id, outs: partial.properties! });
      const { cause, message } = partial;
      return { text: message, ...(cause instanceof PlacementError && { problem: cause.problem }) };
    }
  }

  /** What `pulumi refresh` does. */
  async refresh(domain: string): Promise<void> {
    const { id, outs } = this.states.get(domain)!;
    const { handlers } = await this.provider;
    const read = await handlers.read(id, outs);
    this.states.set(domain, { id, outs: read.props as Props });
  }

  currentHost(domain: string): unknown {
    return this.states.get(domain)?.outs["currentHost"];
  }

  /** As from one `pulumi` command to the next: the provider process ends, and its connections with it. */
  async restart(): Promise<void> {
    await (await this.provider).close();
    this.provider = this.newProvider();
  }

  private newProvider(): Promise<InProcess> {
    return providerInProcess(this.lab, { createHandlers, createDial });
  }
}
