import assert from "node:assert/strict";
import type { PlacementError } from "../../../provider/core/errors";
import { Virsh } from "../../../provider/virsh/client";
import { fakeDomain, SimulatedLab, fakeUuid } from "../../../lab/simulated";

describe("a list of domains that cannot be read", () => {
  for (const line of ["warning: something", "5c1e2f0a-6d0b-4f8e", "\u001b[31m"]) {
    it(`${JSON.stringify(line)} is no list without the VM`, async () => {
      const fake = new SimulatedLab();
      const { answers: saying } = fake.add("kvm-a", [fakeDomain()]);
      saying.set("list --all --uuid --name", `${fakeUuid} db-01\n${line}`);
      saying.set("list --all --uuid", `${fakeUuid}\n${line}`);
      const virsh = new Virsh(await fake.dial({ name: "kvm-a" }), "qemu:///system");
      await assert.rejects(virsh.domains(), (error: PlacementError) => {
        assert.equal(error.code, "unreadableAnswer");
        assert.match(error.message, /cannot tell which VMs are on kvm-a/);
        return true;
      });
      virsh.close();
    });
  }
});
