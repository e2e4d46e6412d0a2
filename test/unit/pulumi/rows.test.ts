import assert from "node:assert/strict";
import { createRows } from "../../../provider/pulumi/rows";

describe("the row of a placement", () => {
  it("says a warning once in a process, and anything else each time", () => {
    const shown: string[] = [];
    const row = (urn: string) => ({
      live: (text: string) => void shown.push(`${urn} live: ${text}`),
      info: (text: string) => void shown.push(`${urn} info: ${text}`),
      warn: (text: string) => void shown.push(`${urn} warn: ${text}`),
    });
    const rowOf = createRows({ row, debug: () => {}, flush: () => Promise.resolve() });
    for (const __urn of ["db", "db", "web"]) {
      rowOf({ __urn }).warn("clocks differ");
      rowOf({ __urn }).info("moved");
    }
    assert.deepEqual(shown, [
      "db warn: clocks differ",
      "db info: moved",
      "db info: moved",
      "web warn: clocks differ",
      "web info: moved",
    ]);
  });
});
