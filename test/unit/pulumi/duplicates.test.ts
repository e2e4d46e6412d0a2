import assert from "node:assert/strict";
import { UNKNOWN } from "../../../provider/schema";
import { boundary, news, urn } from "../../support/boundary";

describe("two placements of one VM", () => {
  it("are warned of in the row of the second; one placement that is checked twice is not", async () => {
    const { check, shown } = boundary();
    await check({}, news());
    await check({}, news());
    await check({}, news({ domain: UNKNOWN, __urn: `${urn}3` }));
    assert.deepEqual(shown, []);
    await check({}, news({ host: "kvm-b", __urn: `${urn}2` }));
    assert.deepEqual(shown, [
      {
        urn: `${urn}2`,
        kind: "warn",
        text: `db-01 is also placed by ${urn}: if they name different hosts, each up moves it back and forth`,
      },
    ]);
  });
});
