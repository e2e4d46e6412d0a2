import type { Host } from "../../../../provider/core/model";
import type { Dial } from "../../../../provider/core/ports";
import { createDial } from "../../../../provider/ssh";
import { fakeDomain, type SimulatedDomain, type SimulatedHostOptions, SimulatedLab } from "../../../../lab/simulated";
import { makeKey, serve, type SshServer } from "../../../../lab/simulated/ssh";
import { conformance } from "../../../support/conformance";
import type { ConformanceLab, VmState } from "../../../support/conformance/scenario";
import { FakeClock } from "../../../support/fake-clock";

const states: Record<VmState, Partial<SimulatedDomain>> = {
  running: {},
  paused: { state: "paused", reason: "user" },
  shutOff: { state: "shut off", reason: "unknown" },
};

function simulated(lab: SimulatedLab, inventory: Record<string, Host>, dial: Dial): ConformanceLab {
  const clock = new FakeClock();
  let held = false;
  let count = 0;
  lab.onMigrate = async ({ domain }) => {
    while (held && domain.job === "outgoing") await clock.sleep(100);
    return undefined;
  };
  return {
    inventory,
    dial,
    clock,
    start: (name, state) => {
      const uuid = `5c1e2f0a-6d0b-4f8e-9a37-${String(++count).padStart(12, "0")}`;
      lab.hosts.get("kvm-a")!.domains.push(fakeDomain({ name, uuid, ...states[state] }));
      return Promise.resolve({ uuid });
    },
    hold: () => Promise.resolve(void (held = true)),
    release: () => Promise.resolve(void (held = false)),
  };
}

function twoHosts(options: SimulatedHostOptions = {}): SimulatedLab {
  const lab = new SimulatedLab();
  for (const name of ["kvm-a", "kvm-b"]) lab.add(name, [], { address: `${name}.peer`, ...options });
  return lab;
}

describe("the simulated lab answers as libvirt does", () => {
  const variants: Record<string, SimulatedHostOptions> = {
    "at once": {},
    "with German errors": { language: "de" },
    "with French errors": { language: "fr" },
    "with Japanese errors": { language: "ja" },
  };
  for (const [how, options] of Object.entries(variants)) {
    describe(how, () => {
      conformance(() => {
        const lab = twoHosts(options);
        const inventory = Object.fromEntries(
          [...lab.hosts.values()].map(({ name, options: { address } }) => [name, { name, peerAddress: address! }]),
        );
        return Promise.resolve(simulated(lab, inventory, lab.dial));
      });
    });
  }

  describe("over ssh", () => {
    const servers: SshServer[] = [];
    after(() => Promise.all(servers.map((server) => server.close())));

    conformance(async () => {
      const lab = twoHosts();
      const privateKey = makeKey().private;
      const inventory: Record<string, Host> = {};
      for (const host of lab.hosts.values()) {
        const { name, options } = host;
        const server = await serve(lab, host);
        servers.push(server);
        const hostKey = server.hostKeys[0]!.fingerprint;
        const login = {
          address: "127.0.0.1",
          port: server.port,
          user: "root",
          privateKey,
          agent: false as const,
          hostKey,
        };
        inventory[name] = { name, ...login, peerAddress: options.address! };
      }
      return simulated(lab, inventory, createDial({ inventory }));
    });
  });
});
