/** Two simulated hosts behind ssh servers, and the provider's process as Pulumi starts it: for the contract tests. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Runtime } from "../../lab/runtimes";
import { fakeDomain, type SimulatedHost, SimulatedLab } from "../../lab/simulated";
import { type Key, serve } from "../../lab/simulated/ssh";
import { CallError, type ProviderOptions, type Props, ProviderProcess } from "./provider-process";

const root = join(__dirname, "../..");

/** This checkout's own. */
export const installed: Runtime = {
  title: "installed",
  node: process.execPath,
  modules: join(root, "node_modules"),
};

/** Every text that a release has put into users' states: to be added to, never changed. */
export const providerTexts = JSON.parse(
  readFileSync(join(root, "test/contract/provider-texts.json"), "utf8"),
) as readonly string[];

export const placementUrn = "urn:pulumi:prod::placements::pulumi-nodejs:dynamic/libvirt:VmPlacement::db";

/** What the program of a dynamic resource has of db-01. */
export const placement = (more: Props = {}): Props => ({
  ...{ domain: "db-01", host: "kvm-a", __provider: providerTexts.at(-1), __urn: placementUrn },
  ...more,
});

/** The inputs that a check of right ones makes of them. */
export async function inputsOf(provider: ProviderProcess, news: Props): Promise<Props> {
  const { inputs, failures } = await provider.check(news);
  assert.deepEqual(failures, []);
  return inputs;
}

export async function failing(call: Promise<unknown>): Promise<CallError> {
  const error = await call.then(
    () => assert.fail("it succeeded"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CallError, String(error));
  return error;
}

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

export interface ProviderFixtureOptions extends Pick<ProviderOptions, "env" | "flags"> {
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
  ...started
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
  const provider = await ProviderProcess.start({ runtime, home, served, ...started });
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
