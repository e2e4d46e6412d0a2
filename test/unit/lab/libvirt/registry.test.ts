import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, utimesSync } from "node:fs";
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
  removeAbandonedClaims,
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

  const make = (token: string, reserve?: (record: LabRecord) => boolean): LabRecord =>
    claim(
      (number) => ({
        ...{ id: `lab-${number}`, number, token, owner: thisProcess(), dir: entryDir(number) },
        ...{ kvm: false, tls: false, user: "root", hosts: [] },
      }),
      reserve,
    );
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

  it("is not needed for a number that a lab with another temporary directory has: the next one is taken", () => {
    const asked: number[] = [];
    const record = make("a", ({ number }) => asked.push(number) > 1);
    assert.equal(asked.length, 2);
    assert.equal(record.number, asked[1]);
    assert.deepEqual(readdirSync(directory), [`vm-placement-lab-${record.number}`]);
    release(record);
    const failing = () => make("b", () => assert.fail("no ip"));
    assert.throws(failing, /no ip/);
    assert.deepEqual(readdirSync(directory), []);
  });

  it("is not helped by a process that clears up after crashes, however old the lab: it is deleted by one alone", () => {
    const record = make("a");
    const deleted = join(directory, "vm-placement-lab-claim-a");
    utimesSync(entryDir(record.number), 1, 1);
    // As `release` begins.
    renameSync(entryDir(record.number), deleted);
    removeAbandonedClaims();
    assert.ok(existsSync(deleted));
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
