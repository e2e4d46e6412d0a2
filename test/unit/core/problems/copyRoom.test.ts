import assert from "node:assert/strict";
import type { ImageOnHost } from "../../../../provider/core/imageCopy";
import type { MoveAlongside, MoveFacts } from "../../../../provider/core/problems";
import { bytesToCopy, copiesFit } from "../../../../provider/core/problems/copyRoom";
import { absentImage, healthyDomain, image } from "../../../support/move-facts";
import { absent, base, copyMove, disk, GiB, onHost, side, vda } from "./image-copy-facts";

const severities = (facts: MoveFacts) => copiesFit(facts).map(({ severity, host }) => `${severity} on ${host}`);
const room = (freeBytes: number, onDestination: Partial<ImageOnHost> = {}) =>
  side({ [vda]: absent({ freeBytes, ...onDestination }), [base]: absent({ freeBytes }) });
const into = (GiBs: number, change: Partial<MoveAlongside> = {}): MoveAlongside => ({
  domain: "web-01",
  source: "kvm-a",
  destination: "kvm-b",
  memoryBytes: 0,
  hugeMemory: [],
  copies: [{ fileSystemId: "42", freeBytes: 0, path: "/images/web", atLeast: GiBs * GiB, atMost: GiBs * GiB }],
  begun: false,
  ...change,
});
/** Of 20 GiB, 5 of them in use, and 2 in the backing file. */
const live = (format: "raw" | "qcow2", change: Partial<Parameters<typeof copyMove>[0]> = {}) =>
  copyMove({
    how: "live",
    domain: healthyDomain({ disks: [{ ...disk, format }] }),
    sourceImages: { [vda]: image({ fileSystem: "ext4", format, virtualSizeBytes: 20 * GiB }) },
    destinationImages: { [vda]: absentImage },
    ...change,
  });

describe("the room for copied disks", () => {
  it("offline: one file system has to hold the images and their backing files", () => {
    assert.deepEqual(severities(copyMove({ to: room(7 * GiB) })), []);
    assert.deepEqual(severities(copyMove({ to: room(6 * GiB) })), ["blocker on kvm-b"]);
  });

  const cases: [what: string, facts: MoveFacts, expected: string[]][] = [
    ["a raw image that libvirt makes takes its full size", live("raw", { to: room(19 * GiB) }), ["blocker on kvm-b"]],
    ["a raw image that fits", live("raw", { to: room(20 * GiB) }), []],
    [
      "a raw image that libvirt makes sparse",
      live("raw", {
        to: room(19 * GiB),
        options: { mode: "auto", copyStorage: "all", copyStorageDetectZeroes: ["vda"] },
      }),
      ["warning on kvm-b"],
    ],
    ["a qcow2 image that may grow", live("qcow2", { to: room(19 * GiB) }), ["warning on kvm-b"]],
    ["a qcow2 image whose blocks do not fit", live("qcow2", { to: room(4 * GiB) }), ["blocker on kvm-b"]],
    [
      "a sparse raw image that is there",
      live("raw", { to: room(10 * GiB, onHost({ allocatedBytes: 0, freeBytes: 10 * GiB })) }),
      ["warning on kvm-b"],
    ],
    [
      "a raw image that is there in full",
      live("raw", { to: room(0, onHost({ allocatedBytes: 20 * GiB, freeBytes: 0 })) }),
      [],
    ],
    [
      "a disk that is not copied",
      live("raw", { to: room(0), options: { mode: "auto", copyStorage: "all", copyStorageDisks: ["vdb"] } }),
      [],
    ],
  ];
  for (const [what, facts, expected] of cases) {
    it(`live: ${what}`, () => assert.deepEqual(severities(facts), expected));
  }

  it("live: disks on one file system count together", () => {
    const vdb = "/images/log.img";
    const disks = [
      { ...disk, format: "raw" },
      { ...disk, format: "raw", target: "vdb", path: vdb },
    ];
    const raw = image({ fileSystem: "ext4", format: "raw", virtualSizeBytes: 20 * GiB });
    const facts = (fileSystemId: string) =>
      live("raw", {
        domain: healthyDomain({ disks }),
        sourceImages: { [vda]: raw, [vdb]: raw },
        from: side({ [vda]: onHost(), [vdb]: onHost() }),
        to: side({ [vda]: absent({ freeBytes: 30 * GiB }), [vdb]: absent({ freeBytes: 30 * GiB, fileSystemId }) }),
      });
    assert.deepEqual(severities(facts("42")), ["blocker on kvm-b"]);
    assert.deepEqual(severities(facts("43")), []);
    assert.deepEqual(bytesToCopy(facts("42")).map(({ atLeast }) => atLeast), [40 * GiB]); // prettier-ignore
  });

  it("counts what other VMs of the run copy there", () => {
    const with8 = (change: Partial<MoveAlongside>) => copyMove({ to: room(10 * GiB), alongside: [into(8, change)] });
    assert.deepEqual(severities(with8({})), ["blocker on kvm-b"]);
    assert.deepEqual(severities(with8({ begun: true })), ["warning on kvm-b"], "it may be in the free space already");
    assert.deepEqual(severities(with8({ destination: "kvm-c" })), []);
    assert.deepEqual(severities(with8({ copies: [] })), []);
    assert.deepEqual(severities(live("raw", { to: room(25 * GiB), alongside: [into(8)] })), ["blocker on kvm-b"]);
  });
});
