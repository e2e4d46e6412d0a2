/**
 * Connects to hosts and gives a Shell on each: with ssh2, which needs no ssh command and reads ssh_config and known_hosts as ssh does; or
 * with the system's ssh. Nothing is cached here; how long connections live is decided in placement/hosts.ts.
 */
import type { Inventory, SshChoice } from "../core/model";
import type { Dial, Shell } from "../core/ports";
import type { Timing } from "./attempt";
import { choose } from "./choose";
import { readConfig } from "./config";
import { connect } from "./connect";
import type { Connection } from "./connection";
import { dialOpenSsh } from "./openssh";
import { routeTo } from "./route";
import { SshShell, type Way } from "./shell";
import { refuseForSsh2 } from "./ssh2-limits";
import { asRoot } from "./sudo";
import { type SshOptions, surroundings } from "./surroundings";
import type { Target } from "./target";
import { directly, through } from "./transport";

export { sshConfigHosts } from "./config";

export interface DialOptions extends SshOptions, Partial<Timing> {
  /** Where names are looked up first, those of jump hosts too. */
  inventory: Inventory;
  /** How long a command waits for a session when the host takes no more of them. Default 5000 ms. */
  sessionWaitMs?: number;
  /** Which ssh connects. Default: ssh2. */
  ssh?: SshChoice;
  /** Told once for each host for which `auto` takes the system's ssh, and why. */
  note?: (text: string) => void;
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
export function createDial({
  inventory,
  sessionWaitMs = 5000,
  ssh = "ssh2",
  note = () => {},
  ...options
}: DialOptions): Dial {
  const around = surroundings(options);
  const timing: Timing = {
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    keepaliveIntervalMs: options.keepaliveIntervalMs ?? 5000,
    keepaliveCountMax: options.keepaliveCountMax ?? 3,
  };
  const chosen = choose(ssh, around, note);
  return async (host) => {
    const route = routeTo(host, inventory, readConfig(around), around);
    const shell = await chosen(route, {
      ssh2: () => shellOver(() => dialSsh2(route, timing), sessionWaitMs),
      openssh: (program) => shellOver(() => dialOpenSsh(route, { ssh: program, around, timing }), sessionWaitMs),
    });
    return host.sudo === true ? asRoot(shell) : shell;
  };
}

const shellOver = async (dial: () => Promise<Way>, sessionWaitMs: number): Promise<Shell> =>
  new SshShell(await dial(), sessionWaitMs, dial);

async function dialSsh2(route: readonly Target[], timing: Timing): Promise<Way> {
  route.forEach(refuseForSsh2);
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
  return { link: open.pop()!, hops: open };
}
