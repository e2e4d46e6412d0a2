/**
 * Simulated hosts in a process of their own, for the section `scale`: `fleet-process.ts HOSTS VMS`. Prints the inventory as a line of JSON,
 * then for each line on standard input the handshakes of each host since the last one; ends with its standard input.
 */
import { createInterface } from "node:readline";
import { fakeDomain, type SimulatedHost, SimulatedLab } from "../../lab/simulated";
import { makeKey, serve } from "../../lab/simulated/ssh";
import { hostOf, uuidOf, vmOf } from "./fleet-names";

async function main([hosts, vms]: number[]): Promise<void> {
  const lab = new SimulatedLab();
  const key = makeKey();
  const servers = new Map<string, Awaited<ReturnType<typeof serve>>>();
  for (let h = 0; h < hosts!; h++) {
    const host = lab.add(hostOf(h), [], { address: `${hostOf(h)}.peer` });
    for (let vm = h; vm < vms!; vm += hosts!) host.domains.push(fakeDomain({ name: vmOf(vm), uuid: uuidOf(vm) }));
    countDirtyPages(host);
    servers.set(host.name, await serve(lab, host));
  }
  const inventory = [...servers].map(([name, { port, hostKeys }]) => {
    const { fingerprint } = hostKeys[0]!;
    const own = { address: "127.0.0.1", port, user: "root", agent: false, privateKey: key.private };
    return [name, { ...own, hostKey: fingerprint, peerAddress: `${name}.peer` }];
  });
  console.log(JSON.stringify(Object.fromEntries(inventory)));
  let before = 0;
  for await (const _ of createInterface(process.stdin)) {
    const accepted = [...servers.values()].map((server) => server.accepted());
    const sum = accepted.reduce((all, each) => all + each, 0);
    console.log(JSON.stringify({ handshakes: sum - before, hosts: accepted.filter((each) => each > 0).length }));
    before = sum;
  }
  process.exit(0);
}

/** QEMU's own count, which takes as long as it is told to: the second that a preview waits for. */
function countDirtyPages(host: SimulatedHost): void {
  host.answers.set("domdirtyrate-calc", "Start to calculate domain's memory dirty rate successfully.");
  const fields = "  dirtyrate.calc_status=2\n  dirtyrate.megabytes_per_second=4\n";
  host.answers.set("domstats --dirtyrate", host.domains.map(({ name }) => `Domain: '${name}'\n${fields}`).join("\n"));
}

void main(process.argv.slice(2).map(Number));
