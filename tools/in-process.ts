/** The provider's handlers in this process, with its real ssh, as in one `pulumi` command. */
import type { Lab } from "../lab/libvirt";
import type { Shell } from "../provider/core/ports";
import { systemClock } from "../provider/observe/clock";
import type { createHandlers } from "../provider/handlers";
import type { createDial } from "../provider/ssh";

/** From the sources, or compiled. */
export interface Build {
  createHandlers: typeof createHandlers;
  createDial: typeof createDial;
}

export interface InProcess {
  handlers: ReturnType<typeof createHandlers>;
  /** Ends its connections, as the end of the provider process does. */
  close: () => Promise<void>;
}

/** Has no connection yet. */
export async function providerInProcess(lab: Lab, { createHandlers, createDial }: Build): Promise<InProcess> {
  const shells = new Set<Shell>();
  const nothing = () => {};
  const handlers = createHandlers({
    dial: (inventory) => {
      const dial = createDial({ inventory });
      return async (host) => {
        const shell = await dial(host);
        shells.add(shell);
        return shell;
      };
    },
    sshHosts: () => [],
    clock: systemClock,
    display: {
      row: () => ({ live: nothing, info: nothing, warn: nothing }),
      debug: nothing,
      flush: () => Promise.resolve(),
    },
  });
  const config = new Map([["vm-placement:hosts", JSON.stringify(lab.inventory())]]);
  await handlers.configure({ config: { get: (key: string) => config.get(key) } });
  return {
    handlers,
    close: async () => void (await Promise.all([...shells].map((shell) => shell.close()))),
  };
}
