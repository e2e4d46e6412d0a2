import assert from "node:assert/strict";
import fc from "fast-check";
import { parseInputs, parseInventory, parsePreviewSettings, parseUri } from "../../../provider/schema";
import { shown } from "../../../provider/schema/shown";

describe("what is shown of a refused value", () => {
  const cases: [value: unknown, text: string][] = [
    [30, "30"],
    [true, "true"],
    [undefined, "nothing"],
    [null, "null"],
    ["", '""'],
    ["500", '"500"'],
    ["kvm a", '"kvm a"'],
    [["a", 5], '["a",5]'],
    ["x".repeat(25), "a text of 25 characters"],
    ['pa"ss', "a text of 5 characters"],
    ["pa\\ss", "a text of 5 characters"],
    ["pä", "a text of 2 characters"],
    ["xK3jq9LmPw2v", "a text of 12 characters"],
    [{ timeout: "a secret that is long enough" }, "an object"],
    [["a secret that is long enough"], "a list"],
    ["-----BEGIN OPENSSH PRIVATE KEY-----", "the text of a private key"],
    ["b3BlbnNzaC1rZXktdjEAAAAACmFl", "the text of a private key"],
  ];
  for (const [value, text] of cases) it(`of ${JSON.stringify(value)}: ${text}`, () => assert.equal(shown(value), text));

  /** What a secret looks like: longer than a word, or of letters that JSON escapes. */
  const secret = fc
    .oneof(
      fc.string({ minLength: 25, maxLength: 400, unit: "grapheme" }),
      fc.base64String({ minLength: 25, maxLength: 4000 }),
    )
    .filter((text) => text.trim().length >= 25 && !/^[\d ,.:-]*$/.test(text))
    // fast-check likes "propertyIsEnumerable", and a failure has a field of its own that is called property.
    .filter((text) => !text.includes("property"));

  /** No eight letters of it in a row: cut or escaped, the engine no longer masks it. */
  const assertHidden = (text: string, given: string) => {
    for (let at = 0; at + 8 <= given.length; at += 4) {
      const part = given.slice(at, at + 8);
      if (new Set(part).size > 4) assert.ok(!text.includes(part), `${JSON.stringify(part)} in ${text}`);
    }
  };

  it("is no part of a long text, in whatever field of the inventory", () => {
    const fields =
      "address port agent hostKey peerTransport peerAddress peerUser peerPort peerKeyfile peerTlsPriority migrationAddress maxOutgoing maintenance".split(
        " ",
      );
    fc.assert(
      fc.property(secret, fc.constantFrom(...fields), (given, field) => {
        const { failures } = parseInventory(
          JSON.stringify({ "kvm-a": { [field]: [given] }, "kvm-b": { [field]: given } }),
        );
        assertHidden(JSON.stringify(failures), given);
      }),
    );
  });

  it("is no part of one for the name of a field or a host, nor in the inventory itself", () => {
    const long = secret.filter((text) => text.length > 64);
    fc.assert(
      fc.property(long, (given) => {
        for (const json of [given, `{"kvm-a": ${given}`, JSON.stringify(given)])
          assertHidden(JSON.stringify(parseInventory(json).failures), given);
        for (const value of [{ [given]: 1 }, { "kvm-a": { [given]: 1 } }, { "kvm-a": { labels: { [given]: 1 } } }])
          assertHidden(JSON.stringify(parseInventory(JSON.stringify(value)).failures), given);
      }),
    );
  });

  it("is no part of one in a setting, or in an option of a placement", () => {
    const options =
      "mode timeout maxDowntime bandwidth parallel tls compression autoConverge graphicsUri copyStorage".split(" ");
    fc.assert(
      fc.property(secret, fc.constantFrom(...options), (given, option) => {
        const shown = [
          parseUri(given).failures,
          parsePreviewSettings(() => given).failures,
          parseInputs({ domain: "db-01", host: "kvm-a", migration: { [option]: given } }).failures,
          parseInputs({ domain: "db-01", host: "kvm-a", migration: { [option]: { [`x${option}`]: given } } }).failures,
          parseInputs({ domain: `-${given}`, host: `-${given}`, migration: given }).failures,
        ];
        assertHidden(JSON.stringify(shown), given);
      }),
    );
  });
});
