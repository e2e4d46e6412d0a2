import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { parsePast, pastScript } from "../../../provider/virsh/past";
import { dbUuid } from "../../support/views";

const now = Date.parse("2026-03-01T10:05:00Z") / 1000;

/** As libvirt 9.0.0 on Debian 12 answered on a source that waits for a destination without power. */
const source = `now ${now}
up 63.52
qemu 61
defined ${now - 3600}
2026-03-01 10:03:58.097+0000: starting up
2026-03-01 10:04:00.500+0000: initiating migration
`;

describe("a host's past", () => {
  it("is read with ages, by the host's own clock", () => {
    assert.deepEqual(parsePast("kvm-a", source), {
      host: "kvm-a",
      upMs: 63_520,
      qemuMs: 61_000,
      definedMs: 3_600_000,
      last: { what: "sent", agoMs: 59_500 },
    });
  });

  it("tells a QEMU that was started to receive from one that was started", () => {
    const received = `now ${now}\nup 2.51\n2026-03-01 10:04:00.000+0000: starting up\n-incoming\n`;
    assert.deepEqual(parsePast("kvm-b", received)?.last, { what: "received", agoMs: 60_000 });
    assert.deepEqual(parsePast("kvm-b", `${received}2026-03-01 10:04:50.000+0000: starting up\n`)?.last, {
      what: "started",
      agoMs: 10_000,
    });
  });

  it("is what the account may read, and nothing where the host does not tell when it booted", () => {
    assert.deepEqual(parsePast("kvm-b", `now ${now}\nup 12.00\n`), { host: "kvm-b", upMs: 12_000 });
    for (const text of ["", "up 12", "now x\nup 1", "now 99999999999999999999\nup 1", "sh: cut: not found\nnow 5\nup "])
      assert.equal(parsePast("kvm-b", text), undefined, text);
  });

  it("is never an age below zero, nor NaN", () => {
    const ahead = `now ${now}\nup 0.00\ndefined ${now + 60}\n2026-03-01 10:09:00.000+0000: initiating migration\n9999-99-99 99:99:99.999+0000: starting up\n`;
    assert.deepEqual(parsePast("kvm-a", ahead), {
      host: "kvm-a",
      upMs: 0,
      definedMs: 0,
      last: { what: "sent", agoMs: 0 },
    });
  });

  it("is asked by a script that runs anywhere and does not find itself", () => {
    for (const name of ["db-01", "it's; a $(name) `of` \\ many"]) {
      const text = execFileSync("sh", ["-c", pastScript(name, dbUuid).text], { encoding: "utf8", stdio: "pipe" });
      assert.match(text, /^now \d+\nup [\d.]+\n$/);
      assert.ok(parsePast("here", text)!.upMs > 0);
    }
  });
});
