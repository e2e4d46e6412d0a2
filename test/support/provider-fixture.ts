/** Two simulated hosts behind ssh servers, and the provider's process as Pulumi starts it: for the contract tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Runtime } from "../../lab/runtimes";
import { fakeDomain, type SimulatedHost, SimulatedLab } from "../../lab/simulated";
import { type Key, serve } from "../../lab/simulated/ssh";
import { type Props, ProviderProcess } from "./provider-process";

const root = join(__dirname, "../..");

/** This checkout's own. */
export const installed: Runtime = {
  title: "installed",
  node: process.execPath,
  modules: join(root, "node_modules"),
};

export interface ProviderFixture {
  /** The home directory of the process. */
  home: string;
  world: SimulatedLab;
  /** kvm-a, which has the VM db-01. */
  a: SimulatedHost;
  /** kvm-b. */
  b: SimulatedHost;
  /** `vm-placement:hosts`. */
  hosts: Record<string, Props>;
  provider: ProviderProcess;
  close(): Promise<void>;
}

export interface ProviderFixtureOptions {
  runtime?: Runtime;
  /** The provider for every language, in place of the process of dynamic resources. */
  served: boolean;
  key: Key;
  /** More of each host's fields. */
  host?: Props;
}

export async function providerFixture({
  runtime = installed,
  served,
  key,
  host: more = {},
}: ProviderFixtureOptions): Promise<ProviderFixture> {
  const home = mkdtempSync(join(tmpdir(), "vm-placement-home-"));
  const world = new SimulatedLab();
  const a = world.add("kvm-a", [fakeDomain()], { address: "a.peer" });
  const b = world.add("kvm-b", [], { address: "b.peer" });
  const servers = await Promise.all([a, b].map((host) => serve(world, host)));
  const fieldsOf = (host: SimulatedHost, i: number): Props => ({
    ...{ address: "127.0.0.1", port: servers[i]!.port, user: "root", privateKey: key.private, agent: false },
    ...{ hostKey: servers[i]!.hostKeys[0]!.fingerprint, peerAddress: host.options.address },
    ...more,
  });
  const provider = await ProviderProcess.start({ runtime, home, served });
  const fixture: ProviderFixture = {
    ...{ home, world, a, b, provider },
    hosts: Object.fromEntries([a, b].map((host, i) => [host.name, fieldsOf(host, i)])),
    async close() {
      await fixture.provider.stop();
      await Promise.all(servers.map((server) => server.close()));
      rmSync(home, { recursive: true, force: true });
    },
  };
  return fixture;
}
