import assert from "node:assert/strict";
import type { Decision } from "../../../../provider/core/decide/types";
import { waits } from "../../../../provider/core/times";
import { commandsOf } from "../../../support/problems";
import { dbUuid } from "../../../support/views";
import { type Case, cases, run } from "./cases";

/** "migrate live kvm-a → kvm-b", "refuse hostUnreachable kvm-c". */
function inShort(decision: Decision): string {
  switch (decision.action) {
    case "migrate":
      return `migrate ${decision.how} ${decision.view.host} → ${decision.to}`;
    case "attach":
    case "resume":
      return `${decision.action} ${decision.view.host} → ${decision.to}`;
    case "finish":
      return `finish ${decision.view.host}, left: ${decision.leftovers.map(({ host }) => host).join(" ") || "none"}`;
    case "refuse":
      return ["refuse", decision.problem.code, decision.problem.host].filter((word) => word !== undefined).join(" ");
    default:
      return `${decision.action} ${decision.view.host}`;
  }
}

describe("the decision", () => {
  for (const [title, given, expected] of cases) {
    it(`${title}: ${expected}`, () => assert.equal(inShort(run(given)), expected));

    it(`${title}: in whatever order the hosts answered`, () => {
      const decision = run({ ...given, views: [...given.views].reverse() });
      assert.equal(inShort(decision), expected);
    });
  }

  const given = (title: string): Case => cases.find(([each]) => each === title)![1];
  const parted = "loses what its guest did since the copies parted";
  const alone = "loses changes made to that definition alone";
  const onDisk = "loses everything that was only in its memory";
  const remedies: [title: string, expected: string[]][] = [
    [
      "it runs twice",
      ["kvm-b$ virsh destroy db-01", "$ pulumi up", parted, "kvm-a$ virsh destroy db-01", "$ pulumi up", parted],
    ],
    [
      "it is defined twice and runs nowhere",
      [
        ...["kvm-b$ virsh undefine --keep-nvram db-01", "$ pulumi up", alone],
        ...["kvm-a$ virsh undefine --keep-nvram db-01", "$ pulumi up", alone],
      ],
    ],
    [
      "it is on three hosts: crashed on one, an interrupted post-copy source on another",
      [
        ...["kvm-b$ virsh destroy db-01", "kvm-c$ virsh destroy db-01", "$ pulumi up"],
        `${parted}, on kvm-b; nothing but the dump of a guest that has crashed, on kvm-c`,
        ...["kvm-a$ virsh destroy db-01", "kvm-c$ virsh destroy db-01", "$ pulumi up"],
        "loses nothing if the other one runs with all of its memory, on kvm-a; nothing but the dump of a guest that has crashed, on kvm-c",
        ...["kvm-a$ virsh destroy db-01", "kvm-b$ virsh destroy db-01", "$ pulumi up"],
        `loses nothing if the other one runs with all of its memory, on kvm-a; ${parted.slice("loses ".length)}, on kvm-b`,
      ],
    ],
    [
      "it runs, and a saved image is left elsewhere",
      [
        ...["kvm-b$ virsh undefine --managed-save --keep-nvram db-01", "$ pulumi up", "loses the memory saved there"],
        ...["kvm-a$ virsh destroy db-01", "$ pulumi up", parted],
      ],
    ],
    [
      "a definition with a vTPM is left, and virsh there cannot keep its state",
      [
        ...["kvm-b$ virsh undefine --keep-nvram --keep-tpm db-01", "$ pulumi up", alone],
        `kvm-a$ cp -a /var/lib/libvirt/swtpm/${dbUuid} /var/lib/libvirt/swtpm/${dbUuid}.kept`,
        ...["kvm-a$ virsh undefine --keep-nvram db-01", "$ pulumi up", alone],
      ],
    ],
    ["it was moved to a host that is not known", ["kvm-a$ virsh start db-01", "$ pulumi up", onDisk]],
    ["mode offline, running", ["kvm-a$ virsh shutdown db-01", "$ pulumi up"]],
    [
      "a saved memory image",
      [
        ...["kvm-a$ virsh start db-01", "$ pulumi up"],
        ...["kvm-a$ virsh managedsave-remove db-01", "$ pulumi up", "loses the memory saved in it"],
      ],
    ],
    [
      "a backup of it runs",
      [
        ...["kvm-a$ virsh domjobinfo db-01", "$ pulumi up"],
        ...["kvm-a$ virsh domjobabort db-01", "$ pulumi up", "loses what it has written so far"],
      ],
    ],
    [
      "the destination has another VM with the same name",
      [
        "kvm-b$ virsh domrename db-01 NEW-NAME",
        ...["kvm-b$ virsh undefine --keep-nvram --keep-tpm db-01", "loses its definition"],
      ],
    ],
    [
      "it is shut off here, one is silent",
      ["loses what was only in its memory, if it ran on a host that has lost power"],
    ],
    [
      "post-copy, the destination silent",
      ["kvm-a$ virsh destroy db-01", "kvm-a$ virsh start db-01", "$ pulumi up", onDisk],
    ],
    [
      "libvirt waits for a destination for ever",
      ["kvm-a$ pgrep -af 'ssh -T .*virt-ssh-helper'", "kvm-a$ kill PID", "$ pulumi up"],
    ],
    [
      "post-copy is complete, but libvirt on the source reports it as failed",
      ["kvm-a$ virsh destroy db-01", "$ pulumi up"],
    ],
    ["post-copy is about to run, but libvirt on the source reports it as failed", []],
    ["post-copy goes on beside one that runs", []],
    [
      "post-copy lost its destination, which crashed",
      ["kvm-a$ virsh destroy db-01", "kvm-b$ virsh start db-01", "$ pulumi up", onDisk],
    ],
    [
      "it was shut down before all of it had arrived",
      [
        ...["kvm-a$ virsh destroy db-01", "kvm-a$ virsh undefine --keep-nvram db-01", "$ pulumi up"],
        "loses nothing, unless it was moved to a host outside of the inventory, and the definition on kvm-b is an old one: then what was only in its memory",
      ],
    ],
    [
      "it ended after it was moved",
      [
        ...["kvm-b$ virsh start db-01", "$ pulumi up"],
        "loses nothing more: what was only in its memory is gone already",
        ...["kvm-a$ virsh undefine --keep-nvram db-01", "$ pulumi up", alone],
      ],
    ],
  ];
  for (const [title, expected] of remedies) {
    it(`${title}: its remedies`, () => {
      const decision = run(given(title));
      assert.ok(decision.action === "refuse");
      assert.deepEqual(commandsOf(decision.problem.remedies), expected);
    });
  }

  it("is waited for as long as it may take to settle", () => {
    const settles = (title: string) => {
      const decision = run(given(title));
      return decision.action === "refuse" ? decision.problem.settlesWithinMs : undefined;
    };
    assert.equal(settles("a backup of it runs"), waits.settles);
    assert.equal(settles("QEMU hangs in the switch-over"), waits.settlesSlowly);
    assert.equal(settles("it runs twice"), undefined);
  });
});
