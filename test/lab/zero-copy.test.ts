/** Zero-copy on hosts that may lock little memory: libvirt asks for what the VM's hard limit says, and QEMU runs with that. */
import assert from "node:assert/strict";
import { describeWithLab } from "../support/lab";
import { moveInLab } from "../support/lab-move";
import { assertMemoryIntact } from "../support/memory";

describeWithLab("multi-FD with zero-copy", {}, (lab) => {
  it("moves a VM whose hard limit is within what its host may lock, there and back", async function () {
    this.timeout(120_000);
    await lab().startGuest({ name: "zero", host: "kvm-a", dirtyMiB: 4, hardLimitKiB: 4096 });
    for (const to of ["kvm-b", "kvm-a"]) {
      const { view, command } = await moveInLab({
        lab: lab(),
        domain: "zero",
        to,
        options: { parallel: true, zeroCopy: true },
      });
      assert.equal(view.host, to);
      assert.match(command, / --parallel --zerocopy /);
      await assertMemoryIntact(lab(), "zero", to);
    }
  });
});
