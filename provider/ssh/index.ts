/**
 * ssh without the ssh command: reads ssh_config and known_hosts as ssh does, connects with ssh2, and gives a Shell.
 * Nothing is cached here; how long connections live is decided in placement/hosts.ts.
 */
import type { Inventory } from "../core/model";
import type { Dial } from "../core/ports";
import { readConfig } from "./config";
import { connect, type Timing } from "./connect";
import type { Connection } from "./connection";
import { routeTo } from "./route";
import { SshShell } from "./shell";
import { type SshOptions, surroundings } from "./surroundings";
import { directly, through } from "./transport";

export { sshConfigHosts } from "./config";
export interface DialOptions extends SshOptions, Partial<Timing> {
  /** Where names are looked up first, those of jump hosts too. */
  inventory: Inventory;
  /** How long a command waits for a session when the host takes no more of them. Default 5000 ms. */
  sessionWaitMs?: number;
}

/**
 * Opens connections with verified host keys. Every call opens a new one.
 *
 * Defaults: `connectTimeoutMs` 10 000 (per hop; ssh_config's ConnectTimeout wins), `keepaliveIntervalMs` 5000 and
 * `keepaliveCountMax` 3 (ServerAliveInterval and ServerAliveCountMax win): a dead host is noticed within 20 s.
 *
 * @example
 * const dial = createDial({ inventory: undefined });
 * const shell = await dial({ name: "kvm-a", address: "10.0.0.11", user: "root" });
 */
export function createDial({ inventory, sessionWaitMs = 5000, ...options }: DialOptions): Dial {
  const around = surroundings(options);
  const timing: Timing = {
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    keepaliveIntervalMs: options.keepaliveIntervalMs ?? 5000,
    keepaliveCountMax: options.keepaliveCountMax ?? 3,
  };
  return async (host) => {
    const route = routeTo(host, inventory, readConfig(around), around);
    const open: Connection[] = [];
    try {
      for (const target of route) {
        const hop = open.at(-1);
        open.push(await connect(target, hop ? through(hop, target) : directly(target), timing));
      }
    } catch (error) {
      for (const connection of open.reverse()) await connection.close();
      throw error;
    }
    return new SshShell(open.pop()!, open, sessionWaitMs);
  };
}
