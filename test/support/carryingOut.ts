/** `pulumi up --continue-on-error` of a placements file: the real members and handlers, in the engine's order, each `up` in a process of its own. */
import assert from "node:assert/strict";
import type { Host } from "../../provider/core/model";
import type { Clock } from "../../provider/core/ports";
import { createHandlers } from "../../provider/handlers";
import { fleetOf } from "../../provider/placements/program";
import type { Props } from "../../provider/pulumi/state";
import type { SimulatedLab } from "../../lab/simulated";
import { provider } from "./boundary";

/** What the engine keeps of each VM. */
export type State = Map<string, { id: string; outs: Props }>;
type End = "same" | "done" | "failed" | "skipped";

export async function up(
  text: string,
  state: State,
  { lab, inventory, clock }: { lab: SimulatedLab; inventory: Record<string, Host>; clock: Clock },
): Promise<Map<string, End>> {
  const hosts = JSON.stringify(
    Object.fromEntries(Object.entries(inventory).map(([key, { name: _, ...host }]) => [key, host])),
  );
  const row = { live: () => {}, info: () => {}, warn: () => {} };
  const handlers = createHandlers({
    dial: () => lab.dial,
    sshHosts: () => [],
    clock,
    display: { row: () => row, debug: () => {}, flush: () => Promise.resolve() },
  });
  await handlers.configure({ config: { get: (key) => (key === "vm-placement:hosts" ? hosts : undefined) } });

  const place = async (name: string, given: Props): Promise<End> => {
    const known = state.get(name);
    const urn = `urn:pulumi:prod::placements::pulumi-nodejs:dynamic/libvirt:VmPlacement::${name}`;
    const news = { ...given, __provider: provider, __urn: urn, __dryRun: false };
    const checked = await handlers.check(known?.outs ?? {}, news);
    assert.deepEqual(checked.failures, []);
    const inputs = checked.inputs as Props;
    try {
      if (known === undefined) {
        const { id, outs } = (await handlers.create(inputs)) as { id: string; outs: Props };
        state.set(name, { id, outs });
        return "done";
      }
      if (!(await handlers.diff(known.id, known.outs, inputs)).changes) return "same";
      const { outs } = (await handlers.update(known.id, known.outs, inputs)) as { outs: Props };
      state.set(name, { ...known, outs });
      return "done";
    } catch (error) {
      const { id, properties } = error as { id?: string; properties?: Props };
      if (id === undefined || properties === undefined) throw error;
      state.set(name, { id, outs: properties });
      return "failed";
    }
  };

  const ends = new Map<string, Promise<End>>();
  for (const { name, after, ...inputs } of fleetOf(text, "placements.yaml", hosts).members) {
    const before = after.map((other) => ends.get(other)!);
    ends.set(
      name,
      Promise.all(before).then((all) =>
        all.some((end) => end === "failed" || end === "skipped") ? "skipped" : place(name, inputs),
      ),
    );
  }
  return new Map(await Promise.all([...ends].map(async ([name, end]) => [name, await end] as const)));
}
