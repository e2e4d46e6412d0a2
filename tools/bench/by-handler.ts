/** The provider's side: `update` of the built handlers, in this process, with its real ssh. */
import { join } from "node:path";
import type { Lab } from "../../lab/libvirt";
import type { Shell } from "../../provider/core/ports";
import type { createHandlers } from "../../provider/handlers";
import type { createDial } from "../../provider/ssh";

type Props = Record<string, unknown>;

export interface Placement {
  id: string;
  domain: string;
}

/** What is measured is what users get: compiled. */
interface Built {
  createHandlers: typeof createHandlers;
  createDial: typeof createDial;
}

async function built(): Promise<Built> {
  const modules = await Promise.all(
    ["handlers.js", "ssh/index.js"].map(
      (name) => import(join(__dirname, "../../dist", name)) as Promise<Partial<Built>>,
    ),
  );
  return Object.assign({}, ...modules) as Built;
}

/** A move by handlers that have no connection yet, as in every `pulumi up`. Returns the milliseconds that `update` took. */
export async function moveByHandler(lab: Lab, { id, domain }: Placement, from: string, to: string): Promise<number> {
  const { createHandlers, createDial } = await built();
  const shells: Shell[] = [];
  const nothing = () => {};
  const handlers = createHandlers({
    dial: (inventory) => {
      const dial = createDial({ inventory });
      return async (host) => {
        const shell = await dial(host);
        shells.push(shell);
        return shell;
      };
    },
    sshHosts: () => [],
    clock: { now: () => Date.now(), sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
    display: {
      row: () => ({ live: nothing, info: nothing, warn: nothing }),
      debug: () => {},
      flush: () => Promise.resolve(),
    },
  });
  try {
    await handlers.configure({ config: { get: (key) => settings(lab)[key] } });
    const olds: Props = { domain, host: from, currentHost: from, domainUuid: id, state: "running", __name: domain };
    const checked = await handlers.check(olds, { domain, host: to });
    const start = performance.now();
    const updated = await handlers.update(id, olds, checked.inputs as Props);
    const ms = performance.now() - start;
    const outs = updated.outs as Props;
    if (outs["currentHost"] !== to || outs["lastMigration"] === undefined) {
      throw new Error(`the handler did not move ${domain} to ${to}: ${JSON.stringify(outs)}`);
    }
    return ms;
  } finally {
    await Promise.all(shells.map((shell) => shell.close()));
  }
}

function settings(lab: Lab): Record<string, string> {
  return { "vm-placement:hosts": JSON.stringify(lab.inventory()) };
}
