import assert from "node:assert/strict";
import { engineAddressIn } from "../../../provider/pulumi/engineAddress";

describe("the address of the engine", () => {
  for (const flags of [
    [],
    ["--logtostderr"],
    ["--logtostderr", "-v=9"],
    ["--tracing", "127.0.0.1:4242"],
    ["--tracing", "file:/tmp/trace"],
    ["--logtostderr", "-v=3", "--tracing", "http://127.0.0.1:4242/api"],
  ])
    it(`stands behind ${flags.join(" ") || "no flag"}`, () => {
      assert.equal(engineAddressIn([...flags, "127.0.0.1:1234"]), "127.0.0.1:1234");
      assert.equal(engineAddressIn([...flags, "127.0.0.1:1234", "second"]), "127.0.0.1:1234");
      assert.equal(engineAddressIn(flags), undefined);
    });
});
