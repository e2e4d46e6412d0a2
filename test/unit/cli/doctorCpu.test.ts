/** Hosts of three CPUs; what virsh prints is recorded from libvirt 9.0.0, with other names of features. */
import assert from "node:assert/strict";
import type { FleetCpu } from "../../../provider/preflight/fleetCpu";
import { fakeDomain, SimulatedLab } from "../../../lab/simulated";
import { callCli } from "../../support/cli";

const cpu = (model: string, ...features: string[]) =>
  `<cpu mode='custom' match='exact'>\n  <model fallback='forbid'>${model}</model>\n${features
    .map((name) => `  <feature policy='require' name='${name}'/>`)
    .join("\n")}\n</cpu>`;
const baseline = cpu("EPYC", "x2apic");
const definition = (of: string, machine = "pc-q35-7.2") =>
  `<domain type='kvm'><name>db-01</name><memory>1048576</memory><os><type arch='x86_64' machine='${machine}'>hvm</type></os>${of}</domain>`;
const uuids = ["1", "2", "3", "4"].map((last) => `5c1e2f0a-6d0b-4f8e-9a37-0c1d2e3f4a5${last}`);

describe("doctor --cpu", () => {
  /** What the CPU of each host has beside what all have. */
  const more: Record<string, string[]> = { "kvm-a": ["avx512f", "hle"], "kvm-b": ["hle"], "kvm-c": [] };

  function fleet(
    defined: Record<string, [host: string, cpu: string, machine?: string]>,
    prepare = (_: SimulatedLab) => {},
  ) {
    const fake = new SimulatedLab();
    const names = Object.keys(defined);
    for (const host of Object.keys(more)) {
      const own = names.filter((name) => defined[name]![0] === host);
      const simulated = fake.add(
        host,
        own.map((name) => fakeDomain({ name, uuid: uuids[names.indexOf(name)]! })),
      );
      for (const name of own) {
        const [, of, machine] = defined[name]!;
        simulated.answers.set(`dumpxml ${uuids[names.indexOf(name)]}`, definition(of, machine));
      }
      simulated.onScript = (script) => {
        if (script.includes("hypervisor-cpu-compare")) {
          const known = ["x2apic", ...more[host]!];
          const missing = [
            ...new Set([...script.matchAll(/require[^ ]* name=[^a-z0-9]*([a-z0-9]+)/g)].map(([, name]) => name!)),
          ];
          const lacking = missing.filter((name) => !known.includes(name));
          return lacking.length === 0
            ? { out: "The CPU provided by hypervisor on the host is a superset of CPU described in /dev/stdin" }
            : {
                err: `Failed to compare hypervisor CPU with /dev/stdin\nerror: the CPU is incompatible with host CPU: Host CPU does not provide required features: ${lacking.join(", ")}`,
              };
        }
        if (script.includes("pc-q35-10.0") && host !== "kvm-a")
          return {
            err: "failed to get emulator capabilities\nerror: invalid argument: the machine 'pc-q35-10.0' is not supported by emulator '/usr/bin/qemu-system-x86_64'",
          };
        if (script.includes("xml=$(virsh -q domcapabilities")) return { out: cpu("EPYC", "x2apic", ...more[host]!) };
        return script.includes("hypervisor-cpu-baseline") ? { out: baseline } : undefined;
      };
    }
    prepare(fake);
    return fake;
  }

  it("prints the CPU of all hosts, and which VMs need more", async () => {
    const fake = fleet({
      small: ["kvm-a", cpu("EPYC", "x2apic")],
      large: ["kvm-a", cpu("EPYC", "x2apic", "avx512f", "hle")],
      whole: ["kvm-b", "<cpu mode='host-passthrough'/>"],
      bare: ["kvm-c", ""],
    });
    const { code, printed } = await callCli(["doctor", "--cpu"], fake);
    assert.equal(code, 1);
    assert.equal(
      printed,
      [
        "For kvm x86_64 VMs of machine type pc-q35-7.2, every CPU of kvm-a, kvm-b and kvm-c has this. Put it in place of <cpu> (virsh edit VM); the VM has it from its next start:",
        "",
        ...baseline.split("\n"),
        "",
        "VM     HOST   STATE    CPU               EXCEEDS  CANNOT RUN ON",
        "small  kvm-a  running  EPYC              no",
        "large  kvm-a  running  EPYC              yes      kvm-b: lacks avx512f; kvm-c: lacks avx512f, hle",
        "whole  kvm-b  running  host-passthrough  yes      kvm-c: lacks hle",
        "bare   kvm-c  running  QEMU's default    no",
        "",
      ].join("\n"),
    );
  });

  it("is of the hosts that are named, and exits with 0 where every VM can run on each", async () => {
    const fake = fleet({ wide: ["kvm-b", cpu("EPYC", "hle")] });
    const { code, printed } = await callCli(["doctor", "--cpu", "--json", "kvm-a", "kvm-b"], fake);
    const { vms, baselines, unreachable } = JSON.parse(printed) as FleetCpu;
    assert.deepEqual([code, unreachable], [0, []]);
    assert.deepEqual(
      vms.map(({ name, lacking, refusedBy, unknownOn }) => [name, lacking, refusedBy, unknownOn]),
      [["wide", [], [], []]],
    );
    assert.deepEqual(baselines, [
      {
        virtType: "kvm",
        arch: "x86_64",
        machines: ["pc-q35-7.2"],
        hosts: ["kvm-a", "kvm-b"],
        cpu: baseline,
        without: [],
      },
    ]);
  });

  it("has one CPU for machine types that differ in nothing, and another where a host lacks one", async () => {
    const fake = fleet({
      old: ["kvm-a", baseline],
      older: ["kvm-a", baseline, "pc-i440fx-7.2"],
      young: ["kvm-a", baseline, "pc-q35-10.0"],
    });
    const { printed, code } = await callCli(["doctor", "--cpu", "--json"], fake);
    const { baselines, vms } = JSON.parse(printed) as FleetCpu;
    assert.equal(code, 1);
    assert.deepEqual(
      baselines.map(({ machines, hosts, without }) => [machines, hosts, without.map(({ host }) => host)]),
      [
        [["pc-i440fx-7.2", "pc-q35-7.2"], ["kvm-a", "kvm-b", "kvm-c"], []],
        [["pc-q35-10.0"], ["kvm-a"], ["kvm-b", "kvm-c"]],
      ],
    );
    assert.match(baselines[1]!.without[0]!.why, /^invalid argument: the machine 'pc-q35-10.0' is not supported/);
    assert.deepEqual(
      vms.map(({ lacking }) => lacking),
      [[], [], []],
    );
  });

  it("takes the answer that every host accepts, and says why where there is none", async () => {
    const newer = cpu("EPYC-Genoa", "gds-no");
    const refuse = (fake: SimulatedLab, printedBy: Record<string, string>) => {
      for (const [host, simulated] of fake.hosts) {
        const before = simulated.onScript;
        simulated.onScript = (script) =>
          script.includes("hypervisor-cpu-baseline") && !script.includes("xml=$(")
            ? { out: printedBy[host]! }
            : before(script);
      }
    };
    const defined = { db: ["kvm-a", baseline] } as Record<string, [string, string]>;
    const first = fleet(defined, (fake) => refuse(fake, { "kvm-a": newer, "kvm-b": baseline, "kvm-c": newer }));
    const { baselines } = JSON.parse((await callCli(["doctor", "--cpu", "--json"], first)).printed) as FleetCpu;
    assert.equal(baselines[0]!.cpu, baseline);
    const none = fleet(defined, (fake) => refuse(fake, { "kvm-a": newer, "kvm-b": newer, "kvm-c": newer }));
    const { printed, code } = await callCli(["doctor", "--cpu"], none);
    assert.equal(code, 1);
    assert.match(printed, /^No CPU for kvm x86_64 VMs of machine type pc-q35-7.2: kvm-a refuses that of kvm-a: .*gds/);
  });

  it("names a host that does not answer, and goes on", async () => {
    const fake = fleet({ db: ["kvm-a", baseline] }, (lab) => {
      lab.hosts.get("kvm-c")!.down = true;
    });
    const { printed, code } = await callCli(["doctor", "--cpu"], fake);
    assert.equal(code, 1);
    assert.match(printed, /every CPU of kvm-a and kvm-b has this[^]*kvm-c cannot be asked: /);
  });

  it("is not asked together with --tls", async () => {
    const { code, complained } = await callCli(["doctor", "--cpu", "--tls"], fleet({}));
    assert.equal(code, 2);
    assert.match(complained, /give --tls or --cpu/);
  });
});
