import assert from "node:assert/strict";
import fc from "fast-check";
import type { Host } from "../../../provider/core/model";
import { makePeerUri, readPeerUri } from "../../../provider/core/peerUri";
import { peerLogin } from "../../../provider/virsh/peerLogin";

describe("the address of libvirt on another host", () => {
  it("is read as it was made", () => {
    const text = fc.string({ minLength: 1, maxLength: 60, unit: "grapheme" });
    const host: fc.Arbitrary<Host> = fc.record(
      {
        name: fc.constant("kvm-b"),
        peerTransport: fc.constantFrom("ssh", "tls", "tcp"),
        peerAddress: fc.constantFrom("kvm-b", "10.0.0.12", "fd00::12", "fe80::1%eth0"),
        peerUser: fc.constantFrom("root", "migrate.er"),
        peerPort: fc.integer({ min: 1, max: 65_535 }),
        peerKeyfile: text.map((path) => `/${path}`),
        peerPkipath: text.map((path) => `/${path}`),
      },
      { requiredKeys: ["name"] },
    );
    fc.assert(
      fc.property(host, (given) => {
        const uri = makePeerUri(given);
        assert.match(uri, /^[!-~]+$/);
        assert.deepEqual(readPeerUri(uri), {
          transport: given.peerTransport ?? "ssh",
          user: given.peerUser,
          address: given.peerAddress ?? "kvm-b",
          port: given.peerPort?.toString(),
          keyfile: given.peerKeyfile,
          pkipath: given.peerPkipath,
        });
      }),
    );
  });

  it("is none where a text is no URI of another host, and no login where ssh is not used", () => {
    for (const text of ["", "qemu:///system", "qemu+unix:///system", "qemu+ssh://", "kvm-b"])
      assert.equal(readPeerUri(text), undefined, text);
    assert.equal(peerLogin("qemu+tls://kvm-b/system"), undefined);
    assert.equal(peerLogin("qemu+ssh://kvm-b/system?proxy=native&keyfile=/k%20x")?.keyfile, "/k x");
    assert.equal(readPeerUri("qemu+ssh://kvm-b/system?keyfile=%zz")?.keyfile, "%zz");
  });
});
