import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { endProcessesIn } from "../../../lab/end-processes-in";
import { cacheDirectory, publish, removeLeftovers } from "../../../lab/pulumi/cache";
import { pulumiEnvironment } from "../../../lab/pulumi/environment";
import { parseGoVersion } from "../../../lab/pulumi/go-build";
import { withLock } from "../../../lab/pulumi/lock";
import { parseRuntimeOptions, splitArguments } from "../../../lab/pulumi/nodejs-host/runtime-options";
import { runCommand } from "../../../lab/pulumi/run-command";
import { PULUMI_VERSION } from "../../../lab/pulumi/version";

describe("getting the Pulumi CLI", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "tools-"))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it("build the CLI that they name", () => {
    const modules = readFileSync(join(__dirname, "../../../lab/pulumi/go/go.mod"), "utf8");
    assert.ok(modules.includes(`github.com/pulumi/pulumi/pkg/v3 v${PULUMI_VERSION}`));
  });

  it("keep the CLI in the user's cache", () => {
    assert.ok(cacheDirectory({ XDG_CACHE_HOME: directory }).startsWith(`${directory}/`));
    assert.doesNotMatch(cacheDirectory({ XDG_CACHE_HOME: "relative" }), /relative/);
  });

  it("publish a directory whole or not at all", async () => {
    const path = join(directory, "it");
    await assert.rejects(
      publish(path, (aside) => {
        writeFileSync(join(aside, "half"), "");
        throw new Error("cut off");
      }),
      /cut off/,
    );
    assert.deepEqual(readdirSync(directory), []);
    const fill = (text: string) => publish(path, (aside) => writeFileSync(join(aside, "whole"), text));
    await Promise.all([fill("same"), fill("same")]);
    assert.deepEqual(readdirSync(directory), ["it"]);
    assert.equal(readFileSync(join(path, "whole"), "utf8"), "same");
  });

  it("remove what a killed run left in the cache, and nothing else", () => {
    for (const name of [".tmp-1-a", "built"]) mkdirSync(join(directory, name));
    removeLeftovers(directory);
    assert.deepEqual(readdirSync(directory), ["built"]);
  });

  it("let one at a time do the work, and the next after a failure", async () => {
    const lock = join(directory, "lock");
    let inside = 0;
    const work = async () => {
      assert.equal(++inside, 1);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    };
    await Promise.all([1, 2, 3].map(() => withLock(lock, work, { pollMs: 1 })));
    await assert.rejects(
      withLock(lock, () => Promise.reject(new Error("no"))),
      /no/,
    );
    assert.equal(existsSync(lock), false);
  });

  it("take over a lock whose holder is dead", async () => {
    const lock = join(directory, "lock");
    const { stdout } = await runCommand("sh", ["-c", "echo $$"]);
    writeFileSync(lock, JSON.stringify({ host: hostname(), pid: Number(stdout) }));
    assert.equal(await withLock(lock, () => Promise.resolve("done"), { pollMs: 1 }), "done");
  });

  it("give Pulumi a backend of its own", () => {
    const environment = pulumiEnvironment(directory);
    assert.equal(environment["PULUMI_BACKEND_URL"], `file://${directory}/state`);
    assert.equal(environment["PULUMI_HOME"], `${directory}/home`);
  });

  const goVersions = [
    ["go1.25.1", true],
    ["go1.24.9", false],
    ["go2.0", true],
    ["devel", undefined],
  ] as const;
  for (const [text, isNewEnough] of goVersions) {
    it(`find that ${text} is ${isNewEnough === undefined ? "no version" : isNewEnough ? "new enough" : "too old"}`, () =>
      assert.equal(parseGoVersion(text)?.isNewEnough, isNewEnough));
  }

  it("split nodeargs as a shell does", () => {
    assert.deepEqual(splitArguments(`--a "b c" d\\ e 'f "g"'`), ["--a", "b c", "d e", 'f "g"']);
    assert.equal(parseRuntimeOptions({ typescript: "false" }).typescript, false);
    assert.equal(parseRuntimeOptions({}).typescript, true);
  });

  it("report how a command ended", async () => {
    assert.deepEqual(await runCommand("sh", ["-c", "echo o; echo e >&2; exit 3"]), {
      code: 3,
      stdout: "o\n",
      stderr: "e\n",
    });
    assert.equal((await runCommand("sh", ["-c", "kill -TERM $$"])).code, 143);
    assert.equal((await runCommand("no-such-program", [])).code, 127);
  });

  it("end what runs in a directory that goes, and nothing else", async () => {
    mkdirSync(join(directory, "in"));
    const inside = spawn("sleep", ["600"], { cwd: join(directory, "in") });
    const ours = spawn("sleep", ["600"], { env: { ...process.env, PULUMI_HOME: join(directory, "in/home") } });
    const other = spawn("sleep", ["600"], { cwd: directory });
    const ends = [inside, ours].map((child) => new Promise((resolve) => child.once("exit", (_, by) => resolve(by))));
    try {
      endProcessesIn(join(directory, "in"));
      assert.deepEqual(await Promise.all(ends), ["SIGKILL", "SIGKILL"]);
      assert.equal(other.exitCode ?? other.signalCode, null);
    } finally {
      for (const child of [inside, ours, other]) child.kill("SIGKILL");
    }
  });
});
