import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandState, outputOf, removeCommand, startCommand } from "../../../provider/maintain/detached";
import { commandDirectory } from "../../../provider/maintain/model";
import { LocalShell } from "../../support/local-shell";

describe("the command of a maintenance, on this computer's shell", function () {
  this.timeout(20_000);
  const shell = new LocalShell();
  let id: string;
  const file = (name: string) => join(commandDirectory(id), name);
  beforeEach(() => (id = `test-${randomBytes(6).toString("hex")}`));
  afterEach(() => rmSync(commandDirectory(id), { recursive: true, force: true }));

  async function ended() {
    for (;;) {
      const state = await commandState(shell, id);
      if (state.is !== "running") return state;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  it("is absent before it is begun", async () => {
    assert.deepEqual(await commandState(shell, id), { is: "absent" });
    assert.deepEqual(await outputOf(shell, id, 1), { lines: [], state: { is: "absent" } });
  });

  it("leaves its exit code and both of its streams, the last line without an end too", async () => {
    assert.equal(await startCommand(shell, id, "echo one; echo 'two  words' >&2; printf three; exit 7"), undefined);
    assert.deepEqual(await ended(), { is: "ended", code: 7 });
    const whole = { lines: ["one", "two  words", "three"], state: { is: "ended", code: 7 } };
    assert.deepEqual(await outputOf(shell, id, 1), whole);
    assert.deepEqual((await outputOf(shell, id, 3)).lines, ["three"]);
    assert.deepEqual((await outputOf(shell, id, 4)).lines, []);
  });

  it("runs without the shell that began it, shows whole lines meanwhile, and is begun once", async () => {
    const stop = file("stop");
    const command = `echo begun; printf half; while ! test -e ${stop}; do sleep 0.1; done; echo; cat ${file("count")}`;
    const counting = `echo x >>${file("count")}; ${command}`;
    assert.equal(await startCommand(shell, id, counting), undefined);
    assert.equal(await startCommand(shell, id, counting), undefined);
    for (;;) {
      const { lines, state } = await outputOf(shell, id, 1);
      assert.deepEqual(state, { is: "running" });
      if (lines.length > 0) {
        assert.deepEqual(lines, ["begun"]);
        break;
      }
    }
    writeFileSync(stop, "");
    assert.deepEqual(await ended(), { is: "ended", code: 0 });
    assert.deepEqual((await outputOf(shell, id, 2)).lines, ["half", "x"]);
  });

  it("is cut where it was killed, and where the host was restarted", async () => {
    await startCommand(shell, id, "exec sleep 60");
    const pid = Number(readFileSync(file("pid"), "utf8"));
    assert.deepEqual(await commandState(shell, id), { is: "running" });
    process.kill(-pid, "SIGKILL");
    assert.deepEqual(await ended(), { is: "cut", why: "it was killed" });
    writeFileSync(file("boot"), "another\n");
    assert.deepEqual(await commandState(shell, id), { is: "cut", why: "the host was restarted meanwhile" });
  });

  it("gives much output in parts, and long lines shortened", async () => {
    await startCommand(shell, id, "seq 1 450; head -c 10000 /dev/zero | tr '\\0' x; echo");
    await ended();
    const lines: string[] = [];
    for (let part = [""]; part.length > 0; lines.push(...part)) {
      part = (await outputOf(shell, id, lines.length + 1)).lines;
      assert.ok(part.length <= 200);
    }
    assert.deepEqual([lines.length, lines[449]], [451, "450"]);
    assert.ok(lines[450]!.length < 4001);
  });

  it("says why it cannot be begun, and leaves nothing behind", async () => {
    writeFileSync(commandDirectory(id), "");
    assert.match((await startCommand(shell, id, "true"))!, /mkdir: .*exists/);
  });

  it("is taken away with all it left", async () => {
    await startCommand(shell, id, "true");
    await ended();
    await removeCommand(shell, id);
    assert.equal(existsSync(commandDirectory(id)), false);
  });
});
