import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { quote } from "../../../provider/core/quote";

describe("quoting", () => {
  const cases: [word: string, quoted: string][] = [
    ["db-01", "db-01"],
    ["qemu+ssh://root@10.0.0.12:22/system", "qemu+ssh://root@10.0.0.12:22/system"],
    ["qemu+ssh://[fd00::12]/system", "'qemu+ssh://[fd00::12]/system'"],
    ["web server", "'web server'"],
    ["it's", `'it'\\''s'`],
    ["", "''"],
    ["$(reboot)", "'$(reboot)'"],
    ["qemu:///system?socket=/run/x&mode=direct", "'qemu:///system?socket=/run/x&mode=direct'"],
    ["~root", "'~root'"],
    ["a\nb", "'a\nb'"],
    ["größe", "'größe'"],
  ];
  for (const [word, quoted] of cases)
    it(`of ${JSON.stringify(word)} is ${quoted}`, () => assert.equal(quote(word), quoted));

  it("gives a shell back whatever the word was", () => {
    const nasty = fc.stringMatching(/^['"\\$`!*?[\]{}()<>|&;#~= \n\t-]*$/);
    const words = fc
      .sample(fc.oneof(fc.string({ unit: "binary" }), nasty, fc.string()), { numRuns: 3000, seed: 1 })
      // NUL ends every word; lone surrogates are no text.
      .map((word) => word.replaceAll("\0", "").replace(/\p{Surrogate}/gu, ""));
    for (const shell of ["bash", "sh"]) {
      const script = words.map((word) => `printf '%s\\0' ${quote(word)}`).join("\n");
      const back = execFileSync(shell, ["-s"], { input: script, env: { ...process.env, LC_ALL: "C" } }).toString();
      assert.deepEqual(back.split("\0").slice(0, -1), words, shell);
    }
  });
});
