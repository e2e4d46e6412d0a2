import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** In processes of their own: a SIGINT to the test's would end it. */
describe("interrupt: a SIGINT while a migration runs", () => {
  const root = join(__dirname, "../../..");
  const children: ChildProcess[] = [];
  afterEach(() => children.splice(0).forEach((child) => child.kill("SIGKILL")));

  /** Runs `body`, sends SIGINT when it prints "now", and tells how the process ended and what it said. */
  async function interrupted(body: string): Promise<{ end: number | string | null; messages: string[] }> {
    const script = `
      require("ts-node").register({ transpileOnly: true });
      const { sayOnInterrupt } = require("./provider/pulumi/interrupt.ts");
      const forever = () => new Promise(() => setInterval(() => {}, 1000));
      const say = (text) => console.log(text);
      (async () => { ${body} })();`;
    const child = spawn(process.execPath, ["-e", script], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (/^now$/m.test(text)) child.kill("SIGINT");
    });
    await once(child, "close");
    return {
      end: child.exitCode ?? child.signalCode,
      messages: output.split("\n").filter((line) => line !== "" && line !== "now"),
    };
  }

  const cases: [title: string, body: string, end: number | string, messages: string[]][] = [
    ["ends the process at once where none runs", `say("now"); await forever();`, "SIGINT", []],
    [
      "lets each migration say its line, and ends the process",
      `for (const name of ["a", "b"]) void sayOnInterrupt(async () => { await null; say("interrupted " + name); }, forever); say("now");`,
      130,
      ["interrupted a", "interrupted b"],
    ],
    [
      "ends the process also where the line cannot be printed",
      `void sayOnInterrupt(() => Promise.reject(new Error("no engine")), forever); say("now");`,
      130,
      [],
    ],
    [
      "says nothing of a migration that is over",
      `await sayOnInterrupt(async () => say("late"), async () => {});
       await sayOnInterrupt(async () => say("late"), () => Promise.reject(new Error("failed"))).catch(() => {});
       say("now"); await forever();`,
      "SIGINT",
      [],
    ],
    [
      "says only of those that still run",
      `void sayOnInterrupt(async () => say("runs"), forever);
       await sayOnInterrupt(async () => say("late"), async () => {}); say("now");`,
      130,
      ["runs"],
    ],
  ];
  for (const [title, body, end, messages] of cases) {
    it(title, async function () {
      this.timeout(60_000);
      assert.deepEqual(await interrupted(body), { end, messages });
    });
  }
});
