import assert from "node:assert/strict";
import { answersAreReadable } from "../../../../provider/core/problems/unreadable";
import { healthyMove } from "../../../support/move-facts";

describe("answers that cannot be read", () => {
  it("are told of in the same order, each once, whichever came first", () => {
    const answers = (["kvm-b", "kvm-a"] as const).flatMap((host) =>
      (["storage pools", "capabilities"] as const).map((what) => ({ host, what, command: `virsh ${what}` })),
    );
    for (const unreadable of [answers, [...answers].reverse(), [...answers, ...answers]]) {
      const told = answersAreReadable({ ...healthyMove(), unreadable });
      assert.deepEqual(
        told.map(({ host, message }) => `${host}: ${/^the (.+?) of/.exec(message)![1]}`),
        ["kvm-a: capabilities", "kvm-a: storage pools", "kvm-b: capabilities", "kvm-b: storage pools"],
      );
    }
  });
});
