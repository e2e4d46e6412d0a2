/** `vm-placement` in this process, on simulated hosts. */
import type { Inventory } from "../../provider/core/model";
import type { Clock } from "../../provider/core/ports";
import { run } from "../../provider/cli/run";
import type { Local } from "../../provider/cli/verb";
import { createMask } from "../../provider/schema";
import type { SimulatedLab } from "../../lab/simulated";

export interface Called {
  code: number;
  printed: string;
  complained: string;
}

/** No terminal, and no pulumi program. */
export const noTerminal: Local = { isInteractive: false, pulumi: () => Promise.resolve(255), onInterrupt: () => {} };

/** @param hosts the inventory's names; the default is those of the lab. */
export async function callCli(
  words: readonly string[],
  lab: SimulatedLab,
  {
    hosts = [...lab.hosts.keys()],
    inventory = Object.fromEntries(hosts.map((name) => [name, { name }])),
    secrets = [],
    history,
    local = {},
    clock = { now: () => Date.now(), sleep: () => Promise.resolve() },
  }: {
    hosts?: readonly string[];
    inventory?: NonNullable<Inventory>;
    secrets?: string[];
    history?: string;
    local?: Partial<Local>;
    clock?: Clock;
  } = {},
): Promise<Called> {
  let [printed, complained] = ["", ""];
  const code = await run(words, {
    dial: () => lab.dial,
    clock,
    local: { ...noTerminal, ...local },
    settings: () =>
      Promise.resolve({ inventory, uri: "qemu:///system", ssh: "auto", history, mask: createMask(secrets) }),
    print: (text) => (printed += text),
    complain: (text) => (complained += text),
  });
  return { code, printed, complained };
}
