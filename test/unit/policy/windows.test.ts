import assert from "node:assert/strict";
import { violations } from "../../support/policies";

const moving = { domain: "db-01", host: "kvm-b" };
const staying = { domain: "web-01", host: "kvm-a", currentHost: "kvm-a" };
const nights = { windows: [{ days: ["Mon", "Fri"], from: "22:00", to: "06:00" }], timeZone: "Europe/Berlin" } as const;

function at(time: string, config: object = nights) {
  return violations("change-windows", [moving, staying], { options: { now: () => new Date(time) }, config });
}

describe("policy: change-windows", () => {
  it("names the VM, the time in the zone, and the windows", async () => {
    assert.deepEqual(await at("2026-11-27T18:00:00Z"), [
      "db-01: got a move on Fri at 19:00 (Europe/Berlin); allowed: 22:00–06:00 (Mon, Fri); run `pulumi up` within a window",
    ]);
  });

  it("lets a window that begins in the evening end on the next day", async () => {
    assert.deepEqual(await at("2026-11-27T21:00:00Z"), []);
    assert.deepEqual(await at("2026-11-28T04:59:00Z"), []);
    assert.equal((await at("2026-11-28T05:00:00Z")).length, 1);
    // Saturday evening is no window, nor is the morning of Friday.
    assert.equal((await at("2026-11-28T22:00:00Z")).length, 1);
    assert.equal((await at("2026-11-27T03:00:00Z")).length, 1);
    // The night from Sunday to Monday belongs to Sunday.
    assert.equal((await at("2026-11-30T03:00:00Z")).length, 1);
  });

  it("follows daylight saving time", async () => {
    const noon = { windows: [{ from: "12:00", to: "13:00" }], timeZone: "Europe/Berlin" };
    assert.deepEqual(await at("2026-07-01T10:30:00Z", noon), []);
    assert.equal((await at("2026-12-01T10:30:00Z", noon)).length, 1);
    assert.deepEqual(await at("2026-12-01T11:30:00Z", noon), []);
    assert.equal((await at("2026-12-01T12:00:00Z", noon)).length, 1);
  });

  it("holds for the VMs that are selected only", async () => {
    assert.deepEqual(await at("2026-11-27T18:00:00Z", { ...nights, vms: ["web-01"] }), []);
  });

  it("ends with an error where a time or a zone is none", async () => {
    await assert.rejects(
      at("2026-11-27T18:00:00Z", { ...nights, timeZone: "Europe/Munich" }),
      /got timeZone "Europe\/M/,
    );
    const wrong = { ...nights, windows: [{ from: "9:00", to: "18:00" }] };
    await assert.rejects(at("2026-11-27T18:00:00Z", wrong), /got "9:00"; expected a time such as "22:00"/);
  });
});
