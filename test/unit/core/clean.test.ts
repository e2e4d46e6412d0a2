import assert from "node:assert/strict";
import fc from "fast-check";
import { clean, cleanLine, cleanValues } from "../../../provider/core/clean";
import { assertAllClean, assertClean, nastyTexts } from "../../support/nasty";

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(
      fc.oneof(fc.constantFrom(..."\u001b[]m;0\u0007\\\u009b\u009c\u0090P<{%}\r\n\t\b ‮\ud800\udc00aé😀"), fc.string()),
    )
    .map((parts) => parts.join("")),
);

describe("clean", function () {
  this.timeout(60_000);

  for (const [title, text] of Object.entries(nastyTexts)) {
    it(`${title}: nothing is left that acts`, () => {
      assertClean(clean(text));
      assertClean(cleanLine(text));
    });
  }

  const texts: [given: string, shown: string][] = [
    ["plain, ä, 漢字, 😀 and 🏳️ are as they were", "plain, ä, 漢字, 😀 and 🏳️ are as they were"],
    ["two\r\nlines\rand\na\ttab", "two\nlines\nand\na tab"],
    ["\u001b]0;pwned\u0007running", "running"],
    ["\u001b[31mred\u001b[0m", "red"],
    ["\u001b[38;5;196mred\u001b(B", "red"],
    ["web\u202Egnp.exe", "web\uFFFDgnp.exe"],
    ["bye <{%nonsense%}>", "bye <{ %nonsense%}>"],
  ];
  for (const [given, shown] of texts) {
    it(`${JSON.stringify(given)} → ${JSON.stringify(shown)}`, () => assert.equal(clean(given), shown));
  }

  it("says how much was cut, in bytes", () => {
    const cut = clean(`${"é".repeat(100)}${"x".repeat(12_345)}`, 140);
    assert.equal(cut, `${"é".repeat(100)}… (12,345 more bytes)`);
    assert.equal(clean("é".repeat(1000), 140), `${"é".repeat(100)}… (1,800 more bytes)`);
    assert.equal(clean("😀".repeat(1000), 141), `${"😀".repeat(50)}… (3,800 more bytes)`);
    assert.equal(clean("x".repeat(140), 140), "x".repeat(140));
  });

  it("cleans any text, once is enough, and never lets it grow", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 64, max: 300 }), (text, limit) => {
        const cleaned = clean(text, limit);
        assertClean(cleaned);
        assert.equal(clean(cleaned, limit), cleaned);
        assert.ok(cleaned.length <= limit);
        const line = cleanLine(text, limit);
        assertClean(line);
        assert.ok(!line.includes("\n"));
        assert.equal(cleanLine(line, limit), line);
      }),
      { numRuns: 3000 },
    );
  });

  it("two different names stay different where one has what is not shown", () => {
    assert.notEqual(cleanLine("db\u200b-01"), cleanLine("db-01"));
  });

  it("reaches every text in a value", () => {
    const value = { a: nastyTexts, b: [nastyTexts, 1, null, undefined, true] };
    assertAllClean(cleanValues(value));
    assert.deepEqual(cleanValues({ a: ["x", 1, null], b: true }), { a: ["x", 1, null], b: true });
  });
});
