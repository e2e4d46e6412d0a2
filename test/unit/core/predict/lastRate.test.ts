import assert from "node:assert/strict";
import type { LastMigration } from "../../../../provider/core/args";
import { lastRate } from "../../../../provider/core/predict/lastRate";

const command = (flags = "") => `virsh migrate --live --p2p ${flags}db-01 qemu+ssh://kvm-b/system`;
const last = (differing: Partial<LastMigration> = {}): LastMigration => ({
  from: "kvm-b",
  to: "kvm-a",
  startedAt: "2026-01-01T00:00:00.000Z",
  durationMs: 11_000,
  totalBytes: 3_000_000_000,
  bytesPerSecond: 330_000_000,
  mode: "live",
  command: command(),
  reason: "host is kvm-a",
  ...differing,
});
const next = { from: "kvm-a", to: "kvm-b", command: command() };

describe("the speed of the last move", () => {
  it("is what was measured while it ran, in either direction", () => {
    assert.equal(lastRate(last(), next), 330_000_000);
    assert.equal(lastRate(last({ from: "kvm-a", to: "kvm-b" }), next), 330_000_000);
    assert.equal(lastRate(last({ mode: "postCopy", command: command("--postcopy ") }), next), 330_000_000);
  });

  const without = ({ bytesPerSecond: _, ...rest }: LastMigration) => rest;
  const silent: [title: string, last: LastMigration | undefined, next?: Partial<typeof next>][] = [
    ["of none", undefined],
    ["of one that was not measured, whatever it sent in whatever time", without(last())],
    ["of a quick one of an idle VM", without(last({ durationMs: 1300, totalBytes: 1_077_000 }))],
    ["of one between other hosts", last({ from: "kvm-c" })],
    ["of one that was taken over", last({ command: "" })],
    ["of one with a cap", last({ command: command("--bandwidth 40 ") })],
    ["of one that was compressed", last({ command: command("--comp-methods xbzrle --compressed ") })],
    ["of one over more connections", last({ command: command("--parallel --parallel-connections 4 ") })],
    ["of one that was not encrypted", last(), { command: command("--tls ") }],
    ["of a state that somebody edited", last({ bytesPerSecond: "fast" as never })],
    ["of one that sent nothing", last({ bytesPerSecond: 0 })],
  ];
  for (const [title, before, differing] of silent) {
    it(`is not known ${title}`, () => assert.equal(lastRate(before, { ...next, ...differing }), undefined));
  }

  it("is not known of two that were compressed in the same way", () => {
    const compressed = command("--parallel --comp-methods zstd --compressed ");
    assert.equal(lastRate(last({ command: compressed }), { ...next, command: compressed }), undefined);
  });

  it("counts for one over as many connections", () => {
    const parallel = command("--parallel --parallel-connections 4 ");
    assert.equal(lastRate(last({ command: parallel }), { ...next, command: parallel }), 330_000_000);
    const fewer = command("--parallel --parallel-connections 2 ");
    assert.equal(lastRate(last({ command: fewer }), { ...next, command: parallel }), undefined);
  });
});
