import assert from "node:assert/strict";
import { endsWithin, systemClock } from "../../../provider/observe/clock";

const never = new Promise<never>(() => {});
const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

describe("a wait for work", () => {
  it("tells whether the work ended in time, well or not", async () => {
    assert.equal(await endsWithin(systemClock, 60_000, Promise.resolve()), true);
    assert.equal(await endsWithin(systemClock, 60_000, Promise.reject(new Error("no"))), true);
    assert.equal(await endsWithin(systemClock, 5, never), false);
  });

  it("leaves no timer, which would keep the process alive", async () => {
    // By then the test's own has begun.
    await new Promise(setImmediate);
    const before = timers();
    await endsWithin(systemClock, 60_000, Promise.resolve());
    assert.equal(timers(), before);
  });

  it("ends at once where it is to end already", async () => {
    const ended = new AbortController();
    ended.abort();
    await systemClock.sleep(60_000, ended.signal);
  });
});
