import assert from "node:assert/strict";
import { createHandlers } from "../../provider/handlers";
import type { Props } from "../../provider/pulumi/state";
import type { World } from "../../provider/pulumi/world";
import { fakeDomain, SimulatedLab } from "../../lab/simulated";

export const urn = "urn:pulumi:prod::placements::pulumi-nodejs:dynamic/libvirt:VmPlacement::db";
export const provider = "exports.handler = …";
export const commands = (peer: string) => ({
  live: `virsh migrate --live --p2p --persistent --undefinesource db-01 qemu+ssh://${peer}/system`,
  offline: `virsh migrate --offline --p2p --persistent --undefinesource db-01 qemu+ssh://${peer}/system`,
});

export const hostsConfig = {
  "vm-placement:hosts": JSON.stringify({ "kvm-a": {}, "kvm-b": { address: "10.0.0.12" }, "kvm-c": {} }),
};

/** Handlers over hosts that are models, and what they shown. */
export function boundary({
  config = hostsConfig,
  sshHosts = [],
}: { config?: Record<string, string>; sshHosts?: string[] } = {}) {
  const fake = new SimulatedLab();
  fake.add("kvm-a", [fakeDomain()]);
  fake.add("kvm-b", [], { address: "10.0.0.12" });
  fake.add("kvm-c");
  const shown: { urn: string; kind: string; text: string }[] = [];
  let nowMs = Date.UTC(2026, 0, 2);
  let sshReads = 0;
  const world: World = {
    dial: () => fake.dial,
    sshHosts: () => {
      sshReads++;
      return sshHosts;
    },
    clock: {
      now: () => nowMs,
      sleep: async (ms) => {
        nowMs += ms;
        await new Promise((resolve) => setImmediate(resolve));
      },
    },
    display: {
      row: (of) => ({
        live: (text) => void shown.push({ urn: of, kind: "live", text }),
        info: (text) => void shown.push({ urn: of, kind: "info", text }),
        warn: (text) => void shown.push({ urn: of, kind: "warn", text }),
      }),
      debug: () => {},
      flush: () => Promise.resolve(),
    },
  };
  const handlers = createHandlers(world);
  void handlers.configure({ config: { get: (key) => config[key] } });
  return {
    ...handlers,
    fake,
    shown,
    host: (name: string) => fake.hosts.get(name)!,
    sshReads: () => sshReads,
    later: (ms: number) => (nowMs += ms),
    inputs: async (more: Props = {}) => {
      const checked = await handlers.check({}, news(more));
      assert.deepEqual(checked.failures, []);
      return checked.inputs as Props;
    },
  };
}

export function news(more: Props = {}): Props {
  return { domain: "db-01", host: "kvm-a", __provider: provider, __urn: urn, ...more };
}

export async function refusal(
  work: Promise<unknown>,
): Promise<Error & { id?: string; properties?: Props; reasons?: string[] }> {
  const error = await work.then(
    () => assert.fail("it succeeded"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Error);
  assert.equal(error.stack, "", "a stack would be printed beside the message");
  return error;
}
