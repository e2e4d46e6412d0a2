import assert from "node:assert/strict";
import { tryPeerLogin } from "../../../../provider/core/problems";

describe("the login of libvirt on the source, by hand", () => {
  const cases: [peerUri: string, command: string][] = [
    ["qemu+ssh://kvm-b/system", "ssh kvm-b true"],
    ["qemu+ssh://root@10.0.0.12/system", "ssh root@10.0.0.12 true"],
    // Written, so it stands: ssh on the source may know another port for the name.
    ["qemu+ssh://root@kvm-b:22/system", "ssh -p 22 root@kvm-b true"],
    ["qemu+ssh://root@[fd00::12]:2222/system", "ssh -p 2222 root@fd00::12 true"],
  ];
  for (const [peerUri, command] of cases) {
    it(`is ${command}`, () => assert.equal(tryPeerLogin({ destination: "kvm-b", peerUri }), command));
  }
});
