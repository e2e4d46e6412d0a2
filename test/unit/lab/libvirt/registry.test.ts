import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { identityOf } from "../../../../lab/libvirt/processes";
import {
  claim,
  claimRemoval,
  entryDir,
  isCurrent,
  type LabRecord,
  release,
  thisProcess,
} from "../../../../lab/libvirt/registry";

describe("the removal of a lab", () => {
  const before = process.env["TMPDIR"];
  let directory: string;
  let other: ChildProcess;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "registry-"));
    process.env["TMPDIR"] = directory;
    other = spawn("sleep", ["60"]);
  });
  afterEach(() => {
    other.kill();
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    rmSync(directory, { recursive: true, force: true });
  });

  const make = (token: string): LabRecord =>
    claim((number) => ({
      ...{ id: `lab-${number}`, number, token, owner: thisProcess(), dir: entryDir(number) },
      ...{ kvm: false, tls: false, user: "root", hosts: [] },
    }));
  const others = () => identityOf(other.pid!)!;
  const end = async () => {
    other.kill("SIGKILL");
    await once(other, "exit");
  };

  it("is for one process alone, which may begin again", () => {
    const record = make("a");
    assert.equal(claimRemoval(record), true);
    assert.equal(claimRemoval(record), true);
    assert.equal(claimRemoval(record, others()), false);
    assert.ok(isCurrent(record));
    release(record);
    assert.equal(claimRemoval(record), false);
    assert.deepEqual(readdirSync(directory), []);
  });

  it("goes to the next process when the one that had begun has ended, and to one alone", async () => {
    const record = make("a");
    const first = others();
    assert.equal(claimRemoval(record, first), true);
    assert.equal(claimRemoval(record), false);
    await end();
    other = spawn("sleep", ["60"]);
    assert.equal(claimRemoval(record), true);
    assert.equal(claimRemoval(record, others()), false);
    release(record);
  });

  it("leaves alone a later lab that has the same number", () => {
    const gone = make("a");
    release(gone);
    const later = make("b");
    assert.equal(later.number, gone.number);
    assert.equal(claimRemoval(gone, others()), false);
    assert.equal(claimRemoval(later), true);
    release(later);
  });
});
