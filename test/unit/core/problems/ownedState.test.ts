import assert from "node:assert/strict";
import type { OwnedOnHost } from "../../../../provider/core/owned";
import { ownedToCopy, problems } from "../../../../provider/core/problems";
import { isSameFile } from "../../../../provider/core/problems/sameStorage";
import { undefineLine } from "../../../../provider/core/undefine";
import { parseDomainXml } from "../../../../provider/virsh/domainXml";
import { healthyDomain, healthyMove, image } from "../../../support/move-facts";
import { dbUuid } from "../../../support/views";
import { ownedContent, ownedOn, ownedPath } from "./owned-facts";

const offline = (onSource: OwnedOnHost, onDestination: OwnedOnHost) =>
  healthyMove({
    how: "offline",
    domain: healthyDomain({ state: "shut off", owned: [{ what: "UEFI variables", path: ownedPath }] }),
    sourceOwned: onSource,
    destinationOwned: onDestination,
  });
const messages = (move: ReturnType<typeof offline>) => problems(move).map(({ message }) => message);

describe("what a VM owns beside its disks", () => {
  const nothing = ownedContent({ digest: "nothing" });

  it("is copied where only the source has it, and where the destination has the same or what has moved on", () => {
    for (const onDestination of [nothing, ownedContent(), ownedContent({ digest: "bb", superseded: true })]) {
      const move = offline(ownedOn(ownedContent()), ownedOn(onDestination));
      assert.deepEqual(messages(move), []);
      assert.deepEqual(ownedToCopy(move), [{ what: "UEFI variables", path: ownedPath, digest: "aa" }]);
    }
  });

  it("is not copied where both hosts see one file of a shared file system, and equal names alone do not show that", () => {
    const shared = ownedContent({ fileSystem: "nfs4", mountSource: "nas:/state" });
    assert.deepEqual(ownedToCopy(offline(ownedOn(shared), ownedOn(shared))), []);
    assert.equal(isSameFile(shared, { ...shared, changed: "2026-11-27 02:28:24.1 +0000" }), false);
    assert.equal(isSameFile(ownedContent(), ownedContent()), false);
  });

  it("blocks the move where it cannot be copied", () => {
    for (const [onSource, onDestination, text] of [
      [
        ownedOn(ownedContent()),
        ownedOn(ownedContent({ digest: "bb" })),
        /on kvm-b has different content .*would start with it/,
      ],
      [ownedOn(nothing), ownedOn(ownedContent()), /was never started there/],
      [
        ownedOn(ownedContent(), { isRoot: false, account: "ops" }),
        ownedOn(nothing),
        /the account ops on kvm-a can neither/,
      ],
      [
        ownedOn(ownedContent()),
        ownedOn(nothing, { isRoot: false, account: "ops" }),
        /the account ops on kvm-b can neither/,
      ],
      [ownedOn(ownedContent()), ownedOn({ ...nothing, freeBytes: 1000 }), /kvm-b has .* free/],
      [ownedOn(ownedContent({ irregular: true })), ownedOn(nothing), /symbolic links or special files/],
      [ownedOn({ ...nothing, keptCopy: "/k" }), ownedOn(nothing), /an interrupted move kept a copy: \/k/],
    ] as const) {
      const found = problems(offline(onSource, onDestination));
      assert.deepEqual([found.length, found[0]?.severity, found[0]?.code], [1, "blocker", "unsafeStorage"]);
      assert.match(found[0]!.message, text);
    }
  });

  it("blocks the move to an older swtpm or none, running or not", () => {
    for (const how of ["live", "offline"] as const) {
      const domain = healthyDomain({ tpmEmulator: true });
      const to = (swtpm: string | undefined) =>
        problems(
          healthyMove({
            how,
            domain,
            sourceOwned: ownedOn(ownedContent(), { swtpm: "0.7.1" }),
            destinationOwned: ownedOn(ownedContent(), { swtpm }),
          }),
        ).map(({ rule }) => rule);
      assert.deepEqual([to("0.8.0"), to("0.7.1")], [[], []]);
      assert.deepEqual([to("0.7.0"), to(undefined)], [["tpm-emulator"], ["tpm-emulator"]]);
    }
  });

  it("is read from every form of definition", () => {
    const read = (os: string, devices = "") =>
      parseDomainXml(
        `<domain><name>db-01</name><uuid>u-1</uuid><os>${os}</os><devices>${devices}</devices></domain>`,
      )!.owned.map((owned) => owned.path);
    assert.deepEqual(read(""), []);
    assert.deepEqual(read("<loader type='rom'>/bios</loader>"), []);
    assert.deepEqual(read("<loader type='pflash'>/code</loader>"), [ownedPath]);
    assert.deepEqual(read("<nvram template='/t'>/v.fd</nvram>"), ["/v.fd"]);
    assert.deepEqual(read("<nvram type='file'><source file='/v.fd'/></nvram>"), ["/v.fd"]);
    assert.deepEqual(read("<nvram type='block'><source dev='/dev/v'/></nvram>"), [undefined]);
    assert.deepEqual(read("<nvram type='network'><source protocol='nbd'/></nvram>"), []);
    const tpm = (source: string) => `<tpm><backend type='emulator'>${source}</backend></tpm>`;
    assert.deepEqual(read("", tpm("")), ["/var/lib/libvirt/swtpm/u-1"]);
    assert.deepEqual(read("", tpm("<source type='file' path='/t'/>")), ["/t"]);
    assert.deepEqual(read("", "<tpm><backend type='passthrough'/></tpm>"), []);
  });

  it("is kept by every command that removes a definition", () => {
    assert.equal(
      undefineLine({ name: "db 01", uuid: dbUuid }, { nvram: true, tpm: true, keepTpm: true }),
      "virsh undefine --keep-nvram --keep-tpm 'db 01'",
    );
    assert.equal(
      undefineLine({ name: "db-01", uuid: dbUuid }, { nvram: false, tpm: false, keepTpm: true }),
      "virsh undefine --keep-nvram db-01",
    );
  });
});

describe("the disks of a VM that is shut off", () => {
  const disk = { ...healthyDomain().disks[0]!, type: "file", path: "/d.img" };
  const move = (onSource: Parameters<typeof image>[0], onDestination: Parameters<typeof image>[0], stale = false) =>
    problems(
      healthyMove({
        how: "offline",
        domain: healthyDomain({ state: "shut off", disks: [disk] }),
        sourceImages: { "/d.img": image(onSource) },
        destinationImages: { "/d.img": image(onDestination) },
        ...(stale && { staleImages: [{ host: "kvm-b", path: "/d.img", since: "2026-11-26T10:00:00.000Z" }] }),
      }),
    ).map(({ message }) => message);

  it("have to be the same on both hosts, which equal names do not prove", () => {
    const nfs = { fileSystem: "nfs4", mountSource: "nas:/vm", changed: "2026-11-27 02:28:23.1 +0000" };
    assert.deepEqual(move(nfs, nfs), []);
    assert.match(move({}, {})[0]!, /is not known to be the same file/);
    assert.match(move(nfs, { ...nfs, inode: "43" })[0]!, /is not known to be the same file/);
    assert.match(move({}, {}, true)[0]!, /stale copy that the move of 2026-11-26T10:00:00\.000Z left there/);
  });
});
