import assert from "node:assert/strict";
import type { LastMigration } from "../../../provider/core/args";
import { lastSpeed } from "../../../provider/core/lastSpeed";

const command = (flags = "") => `virsh migrate --live --p2p ${flags}db-01 qemu+ssh://kvm-b/system`;
const last = (differing: Partial<LastMigration> = {}): LastMigration => ({
  from: "kvm-b",
  to: "kvm-a",
  startedAt: "2026-01-01T00:00:00.000Z",
  durationMs: 11_000,
  totalBytes: 3_000_000_000,
  mode: "live",
  command: command(),
  reason: "host is kvm-a",
  ...differing,
});
const next = { from: "kvm-a", to: "kvm-b", command: command() };

describe("the speed of the last move", () => {
  it("is what it sent in the time that was not spent otherwise, in either direction", () => {
    assert.equal(lastSpeed(last(), next, 1000), 300_000_000);
    assert.equal(lastSpeed(last({ from: "kvm-a", to: "kvm-b" }), next, 1000), 300_000_000);
  });

  const silent: [title: string, last: LastMigration | undefined, next?: Partial<typeof next>][] = [
    ["of none", undefined],
    ["of one between other hosts", last({ from: "kvm-c" })],
    ["of an offline one", last({ mode: "offline" })],
    ["of a post-copy, whose pages come on demand", last({ mode: "postCopy" })],
    ["of one that was taken over", last({ command: "" })],
    ["of one with a cap", last({ command: command("--bandwidth 40 ") })],
    ["of one over more connections", last({ command: command("--parallel --parallel-connections 4 ") })],
    ["of one that was not encrypted", last(), { command: command("--tls ") }],
    ["of one that was over at once", last({ durationMs: 1900 })],
    ["of one whose bytes libvirt did not report", (({ totalBytes: _, ...rest }) => rest)(last())],
  ];
  for (const [title, before, differing] of silent) {
    it(`is not known ${title}`, () => assert.equal(lastSpeed(before, { ...next, ...differing }, 1000), undefined));
  }

  it("counts for one over as many connections", () => {
    const parallel = command("--parallel --parallel-connections 4 ");
    assert.equal(lastSpeed(last({ command: parallel }), { ...next, command: parallel }, 1000), 300_000_000);
    const fewer = command("--parallel --parallel-connections 2 ");
    assert.equal(lastSpeed(last({ command: fewer }), { ...next, command: parallel }, 1000), undefined);
  });
});
