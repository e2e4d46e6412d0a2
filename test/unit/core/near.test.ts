import assert from "node:assert/strict";
import fc from "fast-check";
import { listed, nearMatches } from "../../../provider/core/near";

describe("near matches", () => {
  const hosts = ["kvm-a", "kvm-b", "kvm-c", "kvm-d", "storage-1"];
  const cases: [word: string, near: string[]][] = [
    ["kvm-a", ["kvm-a", "kvm-b", "kvm-c"]],
    ["kvmb", ["kvm-b", "kvm-a", "kvm-c"]],
    ["KVM-D", ["kvm-d", "kvm-a", "kvm-b"]],
    ["storage1", ["storage-1"]],
    ["stroage-1", ["storage-1"]],
    ["elsewhere", []],
    ["", []],
  ];
  for (const [word, near] of cases) {
    it(`of ${JSON.stringify(word)} are ${listed(near, "and")}`, () => assert.deepEqual(nearMatches(word, hosts), near));
  }

  it("are known words, three at most, and a word misspelt by one letter finds itself", () => {
    const word = fc.stringMatching(/^[a-z]{3,12}$/);
    fc.assert(
      fc.property(word, fc.array(word), fc.nat(11), (meant, others, at) => {
        const misspelt = meant.slice(0, at) + meant.slice(at + 1);
        const near = nearMatches(misspelt, [meant]);
        assert.deepEqual(near, [meant]);
        const all = nearMatches(misspelt, [...others, meant]);
        assert.ok(all.length >= 1 && all.length <= 3 && all.every((w) => w === meant || others.includes(w)));
      }),
    );
  });
});

describe("a list in words", () => {
  const cases: [words: string[], last: string | undefined, text: string][] = [
    [[], undefined, "none"],
    [["a"], undefined, "a"],
    [["a", "b"], undefined, "a or b"],
    [["a", "b", "c"], undefined, "a, b or c"],
    [["a", "b", "c"], "and", "a, b and c"],
  ];
  for (const [words, last, text] of cases) it(`is "${text}"`, () => assert.equal(listed(words, last), text));
});
