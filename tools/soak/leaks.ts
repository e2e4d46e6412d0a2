/** What a provider that has ended must not leave on the hosts or in this process. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Lab } from "../../lab/libvirt";
import { eventually, sleep } from "../../lab/libvirt/commands";

const settleMs = 15_000;

/** All that is left on any host, in words. */
export async function leaksOf(lab: Lab): Promise<string[]> {
  let found: string[] = [];
  await eventually(
    async () => {
      found = (await Promise.all(lab.hosts.map((host) => leftOn(host)))).flat();
      return found.length === 0 ? true : undefined;
    },
    settleMs,
    500,
  );
  const sockets = process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
  if (sockets > 0) found.push(`${sockets} connections of this process are open`);
  return found;
}

async function leftOn(host: Lab["hosts"][number]): Promise<string[]> {
  const { stdout } = await host.sh(`
    echo sessions of sshd: $(pgrep -c -f '[s]shd: root@|[s]shd-session: root@')
    echo virsh: $(pgrep -c -x virsh)
    echo files: $(ls /tmp | grep -c '^vm-placement.*xml$')`);
  return stdout
    .split("\n")
    .filter((line) => /: [1-9]/.test(line))
    .map((line) => `left on ${host.name}: ${line}`);
}

/** Of the heap, after all garbage is gone. */
export async function settledMemoryMiB(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) {
    collect();
    await sleep(50);
  }
  return process.memoryUsage().heapUsed / 2 ** 20;
}
