import assert from "node:assert/strict";
import type { MigrationOptions } from "../../../../provider/core/options";
import { type MoveFacts, problems } from "../../../../provider/core/problems";
import { makePlan } from "../../../../provider/virsh/migrateCommand";
import { parseHelpOptions } from "../../../../provider/virsh/parse";
import { fixture } from "../../../support/fixture";
import { healthyDomain, healthyMove } from "../../../support/move-facts";

interface Case {
  options?: Partial<MigrationOptions>;
  how?: "live" | "offline";
  source?: Partial<MoveFacts["source"]>;
  destination?: Partial<MoveFacts["destination"]>;
  machine?: string;
}

function facts({ options = {}, how = "live", source = {}, destination = {}, machine = "pc-q35-7.2" }: Case): MoveFacts {
  const all: MigrationOptions = { mode: "auto", ...options };
  const plan = makePlan({
    domain: "db-01",
    hosts: ["kvm-b"],
    anyOf: false,
    options: all,
    inventory: undefined,
    uri: "qemu:///system",
  });
  const healthy = healthyMove({
    domain: healthyDomain({ disks: [], machine }),
    options: all,
    how,
    command: plan[how] as string,
  });
  return {
    ...healthy,
    source: { ...healthy.source, ...source },
    destination: { ...healthy.destination, ...destination },
  };
}

const found = (given: Case) => problems(facts(given)).map(({ rule, host, code }) => `${rule} on ${host}: ${code}`);

describe("the rules before a move", () => {
  const parallelPostCopy = { parallel: true, postCopy: true, postCopyAfterMs: 1000 };
  const tlsDiskCopy: Partial<MigrationOptions> = { tls: true, parallel: true, copyStorage: "all" };
  const cases: [title: string, given: Case, expected: string[]][] = [
    ["a plain move has no problems", {}, []],
    ["nor has an offline one", { how: "offline" }, []],
    [
      "one VM under two names",
      { destination: { hostUuid: "aaaaaaaa-0000-4000-8000-000000000001" } },
      ["distinct-hosts on kvm-b: domainConflict"],
    ],
    [
      "hosts that do not say who they are",
      { source: { hostUuid: undefined }, destination: { hostUuid: undefined } },
      [],
    ],
    [
      "an option that virsh on the source does not know",
      { options: { switchoverBandwidthMiBps: 800 } },
      ["virsh-options on kvm-a: optionUnsupported"],
    ],
    [
      "an option that it knows",
      {
        options: { switchoverBandwidthMiBps: 800 },
        source: { migrateOptions: parseHelpOptions(fixture("11.3.0", "help-migrate")) },
      },
      [],
    ],
    ["an option that the command offline has not", { how: "offline", options: { switchoverBandwidthMiBps: 800 } }, []],
    [
      "two options that it does not know, both at once",
      {
        options: { compressionMethods: ["zstd"], compressionZstdLevel: 3, parallel: true, switchoverBandwidthMiBps: 1 },
      },
      [
        "virsh-options on kvm-a: optionUnsupported",
        "virsh-options on kvm-a: optionUnsupported",
        "compression-known on kvm-a: optionUnsupported",
        "compression-known on kvm-b: optionUnsupported",
      ],
    ],
    [
      "multi-FD with post-copy below QEMU 10.1, named on each host",
      { options: parallelPostCopy },
      ["multi-fd-with-post-copy on kvm-a: unsafeCombination", "multi-fd-with-post-copy on kvm-b: unsafeCombination"],
    ],
    [
      "multi-FD with post-copy where only the destination is too old",
      { options: parallelPostCopy, source: { qemu: "10.1.0" }, destination: { qemu: "10.0.13" } },
      ["multi-fd-with-post-copy on kvm-b: unsafeCombination"],
    ],
    [
      "multi-FD with post-copy where the source's QEMU is not known",
      { options: parallelPostCopy, source: { qemu: undefined }, destination: { qemu: "10.1.0" } },
      ["multi-fd-with-post-copy on kvm-a: unsafeCombination"],
    ],
    [
      "multi-FD with post-copy from QEMU 10.1",
      {
        options: parallelPostCopy,
        source: { qemu: "10.1.0" },
        destination: { qemu: "11.0.0" },
        machine: "pc-q35-8.0",
      },
      [],
    ],
    ["either of the two alone", { options: { postCopy: true, postCopyAfterMs: 1000 } }, []],
    ["both, for a VM that is shut off", { how: "offline", options: parallelPostCopy }, []],
    [
      "tls, multi-FD and a disk copy together on libvirt 9.0.0",
      { options: tlsDiskCopy },
      ["tls-disk-copy-over-multi-fd on kvm-a: unsafeCombination"],
    ],
    ["the same with the destination's name given", { options: { ...tlsDiskCopy, tlsDestination: "kvm-b" } }, []],
    ["the same on libvirt 11.3.0", { options: tlsDiskCopy, source: { libvirt: "11.3.0" } }, []],
    ["the same without a disk copy", { options: { tls: true, parallel: true } }, []],
    [
      "everything at once",
      {
        options: { ...parallelPostCopy, ...tlsDiskCopy, switchoverBandwidthMiBps: 1 },
        destination: { qemu: "10.1.0", hostUuid: "aaaaaaaa-0000-4000-8000-000000000001" },
      },
      [
        "distinct-hosts on kvm-b: domainConflict",
        "virsh-options on kvm-a: optionUnsupported",
        "multi-fd-with-post-copy on kvm-a: unsafeCombination",
        "tls-disk-copy-over-multi-fd on kvm-a: unsafeCombination",
      ],
    ],
  ];
  for (const [title, given, expected] of cases) {
    it(`${expected.length === 0 ? "let pass" : "stop"}: ${title}`, () => assert.deepEqual(found(given), expected));
  }

  it("name the option as the user wrote it, its release and the host to upgrade", () => {
    const [problem] = problems(facts({ options: { switchoverBandwidthMiBps: 800 } }));
    assert.equal(problem!.message, "virsh on kvm-a (libvirt 9.0.0) does not know --available-switchover-bandwidth");
    assert.deepEqual(problem!.remedies.slice(0, 2), [
      { do: "leave out migration.switchoverBandwidth" },
      { do: "upgrade libvirt on kvm-a to 11.1.0 or later" },
    ]);
  });

  it("do not take a domain or a name in the command for an option", () => {
    const given = facts({});
    assert.deepEqual(
      problems({ ...given, command: "virsh migrate --live 'db --strange' qemu+ssh://kvm-b/system" }),
      [],
    );
  });
});
