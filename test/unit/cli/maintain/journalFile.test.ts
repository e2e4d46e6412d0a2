import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JournalFile } from "../../../../provider/cli/maintain/journalFile";
import type { Journal } from "../../../../provider/maintain/model";

describe("the journal of a maintenance on disk", () => {
  let directory: string;
  let file: JournalFile;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "vm-placement-journal-"));
    file = new JournalFile(join(directory, "placements.yaml"));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const journal: Journal = {
    version: 1,
    asked: { hosts: ["kvm-a"], run: "secret", reboot: true, rebootCommand: "reboot", shutdownUnmovable: false },
    done: [],
    current: { host: "kvm-a", upDue: ["db-01"] },
  };

  it("lies beside the placements file, for its owner only, and goes when the maintenance is over", async () => {
    assert.equal(await file.read(), undefined);
    await file.save(journal);
    assert.deepEqual(readdirSync(directory), [".placements-maintenance.json"]);
    assert.equal(statSync(file.path).mode & 0o777, 0o600);
    assert.deepEqual(await file.read(), journal);
    await file.remove();
    assert.deepEqual([await file.read(), readdirSync(directory)], [undefined, []]);
  });

  it("refuses a file that is none", async () => {
    for (const text of ["", "{", "null", "{}", '{"version":2,"asked":{"hosts":[]},"done":[]}']) {
      writeFileSync(file.path, text);
      await assert.rejects(file.read(), /is no journal of a maintenance/, text);
    }
  });

  it("refuses a second process, and not one that has ended", async () => {
    await file.save(journal);
    const written = JSON.parse(readFileSync(file.path, "utf8")) as { worker: { pid: number; startedAt: string } };
    const child = spawn("sleep", ["60"]);
    const end = new Promise((resolve) => child.on("exit", resolve));
    const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8");
    const by = (worker: object) => writeFileSync(file.path, JSON.stringify({ ...written, worker }));
    const worker = { ...written.worker, pid: child.pid, startedAt: stat.split(" ")[21] };
    by(worker);
    await assert.rejects(file.read(), new RegExp(`process ${child.pid} works by`));
    // A later process with its number.
    by({ ...worker, startedAt: "1" });
    assert.deepEqual(await file.read(), journal);
    child.kill();
    await end;
    by(worker);
    assert.deepEqual(await file.read(), journal);
  });
});
