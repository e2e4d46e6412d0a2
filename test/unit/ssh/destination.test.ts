import assert from "node:assert/strict";
import { parseDestination } from "../../../provider/ssh/destination";

describe("ssh: a destination", () => {
  const cases: [text: string, expected: object | undefined][] = [
    ["gate", { host: "gate" }],
    [" admin@gate:2222 ", { host: "gate", user: "admin", port: 2222 }],
    ["me@corp@gate", { host: "gate", user: "me@corp" }],
    ["[2001:db8::7]:2222", { host: "2001:db8::7", port: 2222 }],
    ["admin@[::1]", { host: "::1", user: "admin" }],
    ["ssh://admin@gate:2222/", { host: "gate", user: "admin", port: 2222 }],
    ["", undefined],
    ["@gate", undefined],
    ["gate:", undefined],
    ["gate:70000", undefined],
    ["2001:db8::7", undefined],
    ["two words", undefined],
  ];
  for (const [text, expected] of cases) {
    it(`${JSON.stringify(text)} is ${expected ? JSON.stringify(expected) : "none"}`, () =>
      assert.deepEqual(parseDestination(text), expected));
  }
});
