import assert from "node:assert/strict";
import { LiveMoves } from "../../../provider/observe/liveMoves";

const move = (uuid: string, source: string, destination: string) => ({
  uuid,
  domain: `vm-${uuid}`,
  source,
  destination,
  memoryBytes: 2 ** 30,
  hugeMemory: [],
});

describe("the live moves of one run", () => {
  const names = (moves: LiveMoves, inPreview: boolean, uuid = "other") =>
    moves.besides(uuid, "kvm-b", inPreview).map(({ domain }) => domain);

  it("count together where they go to one host, and against each other where one leaves it", () => {
    const moves = new LiveMoves();
    moves.preview(move("1", "kvm-a", "kvm-b"));
    moves.preview(move("2", "kvm-b", "kvm-c"));
    moves.preview(move("3", "kvm-a", "kvm-c"));
    assert.deepEqual(names(moves, true), ["vm-1", "vm-2"]);
    assert.deepEqual(names(moves, true, "1"), ["vm-2"]);
  });

  it("count together where one host is written in two ways", () => {
    const moves = new LiveMoves((host) => host.toLowerCase());
    moves.preview(move("1", "kvm-a", "KVM-B"));
    moves.preview(move("2", "KVM-B", "kvm-c"));
    assert.deepEqual(
      moves.besides("other", "kvm-b", true).map(({ source, destination }) => [source, destination]),
      [
        ["kvm-a", "kvm-b"],
        ["kvm-b", "kvm-c"],
      ],
    );
  });

  it("count once, as they were seen last", () => {
    const moves = new LiveMoves();
    moves.preview(move("1", "kvm-a", "kvm-b"));
    moves.preview(move("1", "kvm-a", "kvm-b"));
    assert.deepEqual(names(moves, true), ["vm-1"]);
    moves.preview(move("1", "kvm-a", "kvm-c"));
    assert.deepEqual(names(moves, true), []);
  });

  it("count in an update while they are on their way, and no longer", () => {
    const moves = new LiveMoves();
    moves.preview(move("1", "kvm-a", "kvm-b"));
    assert.deepEqual(names(moves, false), []);
    const ended = moves.start(move("1", "kvm-a", "kvm-b"));
    moves.preview(move("1", "kvm-a", "kvm-b"));
    assert.deepEqual(names(moves, false), ["vm-1"]);
    assert.deepEqual(names(moves, true), ["vm-1"]);
    moves.preview(move("2", "kvm-a", "kvm-b"));
    assert.deepEqual(
      moves.besides("other", "kvm-b", true).map(({ domain, begun }) => [domain, begun]),
      [
        ["vm-1", true],
        ["vm-2", false],
      ],
    );
    moves.forget("2");
    ended();
    assert.deepEqual(names(moves, true), []);
  });

  it("do not count when they are not to be", () => {
    const moves = new LiveMoves();
    moves.preview(move("1", "kvm-a", "kvm-b"));
    moves.forget("1");
    assert.deepEqual(names(moves, true), []);
  });
});
