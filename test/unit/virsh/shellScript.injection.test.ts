/** Values of every kind against the real virsh and the real shells of this computer. VALUES=1000000 for the long run. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync, existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { findProgram } from "../../../lab/libvirt/prerequisites";
import { shownCommand } from "../../../provider/core/shownCommand";
import { Virsh } from "../../../provider/virsh/client";
import { runScript } from "../../../provider/virsh/runScript";
import { sh } from "../../../provider/virsh/shellScript";
import { command } from "../../../provider/virsh/virshCommand";
import { LocalShell } from "../../support/local-shell";

const count = Number(process.env["VALUES"] ?? 20_000);
const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      "'",
      '"',
      "\\",
      "$",
      "`",
      "!",
      "*",
      "?",
      "[",
      "~",
      "#",
      ";",
      "&",
      "|",
      "<",
      ">",
      "=",
      "%",
      " ",
      "-",
    ),
    fc.constantFrom("\r", "\n", "\t", "\x01", "\x04", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "é", "😀"),
    fc.constantFrom("a", "destroy", "quit", "virsh # ", "}", "EOF"),
  ),
  maxLength: 12,
});
const values = (numRuns: number, seed: number) => fc.sample(nasty, { numRuns, seed });

/** NOT RUN, with its reason, where a program is missing. */
const withProgram = (program: string, title: string, run: (path: string) => Promise<void> | void) => {
  const path = findProgram(program);
  if (path === undefined) it(`${title} (not run: ${program} is not installed)`);
  else
    it(title, async function () {
      this.timeout(300_000);
      await run(path);
    });
};

describe("a value from outside", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "injection-"))));
  // A virsh that ends may still write there.
  afterEach(() => rmSync(directory, { recursive: true, maxRetries: 5, retryDelay: 100 }));

  for (const shell of ["dash", "bash"]) {
    withProgram(shell, `arrives as it is in ${shell}, ${count} of them`, (path) => {
      for (let done = 0; done < count; done += 20_000) {
        const some = values(Math.min(20_000, count - done), done);
        const script = some.map((value) => sh`printf '%s\\0' ${value}`.text).join("\n");
        const back = execFileSync(path, ["-s"], { input: script, maxBuffer: 2 ** 30 }).toString();
        assert.deepEqual(back.split("\0").slice(0, -1), some);
      }
    });
  }

  withProgram("virsh", `arrives as it is in a virsh session, or is kept out of it, ${count} of them`, (path) => {
    for (let done = 0; done < count; done += 20_000) {
      const lines = values(Math.min(20_000, count - done), done + 1).flatMap((value) => {
        const { line } = command`echo --string=${value}`;
        assert.equal(line === undefined, /[^ -~]/.test(value), JSON.stringify(value));
        return line === undefined ? [] : [{ line: line.text, value }];
      });
      const input = lines.map(({ line }) => `${line}\necho "@@"\n`).join("");
      const { stdout } = spawnSync(path, ["-q", "-c", "test:///default"], {
        input,
        maxBuffer: 2 ** 30,
        encoding: "utf8",
        env: { ...process.env, LC_ALL: "C", INPUTRC: "/dev/null", XDG_CACHE_HOME: "/dev/null" },
      });
      // Each echo prints without a line break, so the next prompt follows at once.
      const answers = stdout.split('virsh # echo "@@"\n@@').slice(0, -1);
      assert.equal(answers.length, lines.length);
      lines.forEach(({ value }, index) => assert.ok(answers[index]!.endsWith(`\n${value}`), JSON.stringify(value)));
    }
  });

  const shells = ["bash", "dash", "zsh", "fish", "tcsh"];
  const words = [
    "/x\\'; touch pwned; #",
    "/x'; touch pwned; '",
    "/x\ntouch pwned\nx",
    "!!",
    "=ls",
    "%self",
    "$(id)",
    "~",
    "\\",
  ];
  for (const shell of shells) {
    withProgram(shell, `runs nothing where the login shell is ${shell}, and arrives as it is`, async (loginShell) => {
      const env = { ...process.env, HOME: directory };
      for (const word of words) {
        const local = new LocalShell({ loginShell, env });
        const { stdout, code } = await runScript(local, sh`cd ${directory}; printf '%s' ${word}; cat`);
        assert.deepEqual([stdout, code], [word, 0]);
      }
      assert.ok(!existsSync(join(directory, "pwned")));
      if (findProgram("virsh") === undefined) return;
      const virsh = new Virsh(new LocalShell({ loginShell, env }), "test:///default");
      assert.deepEqual(await virsh.domains(), [{ uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", name: "test" }]);
      virsh.close();
    });
  }

  withProgram("bash", "prints nothing into an answer from the account's start-up files", async (loginShell) => {
    if (findProgram("virsh") === undefined) return;
    const profile = join(directory, "profile");
    const home = join(directory, "history/libvirt/virsh");
    writeFileSync(profile, "echo Welcome; echo 'stty: standard input: Inappropriate ioctl for device' >&2\n");
    const env = { ...process.env, HOME: directory, BASH_ENV: profile, XDG_CACHE_HOME: join(directory, "history") };
    execFileSync("mkdir", ["-p", home]);
    writeFileSync(join(home, "history"), "of the administrator\n");
    const noise: string[] = [];
    const virsh = new Virsh(new LocalShell({ loginShell, env }), "test:///default", (stream, text) =>
      noise.push(`${stream}: ${text}`),
    );
    assert.equal((await virsh.versions()).libvirt !== undefined, true);
    const { stdout, stderr } = await virsh.run(sh`echo own; echo err >&2`);
    assert.deepEqual([stdout, stderr], ["own\n", "err\n"]);
    assert.ok(noise.includes("stdout: Welcome"), noise.join("\n"));
    assert.ok(
      noise.some((text) => text.startsWith("stderr: stty: ")),
      noise.join("\n"),
    );
    virsh.close();
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(readFileSync(join(home, "history"), "utf8"), "of the administrator\n");
  });

  withProgram(
    "virsh",
    "is a name: every domain is found, none for another, and a pool's name runs nothing",
    async () => {
      const names = [
        "a\rb",
        "a b",
        " lead",
        "trail ",
        "a\tb",
        "ünï-😀",
        "$(id)",
        "a\u202eb",
        "#a",
        "   ",
        "x\ny",
        "a\u2028b",
        "virsh # x",
      ];
      names.push(`z\n${"6".repeat(8)}-6666-6666-6666-666666666666 victim`);
      const xml = (text: string) => text.replace(/[<>&'"\r\n\t]/g, (each) => `&#${each.charCodeAt(0)};`);
      const uuid = (index: number) => `${String(index + 10).repeat(4)}-1111-1111-1111-111111111111`;
      const domain = (name: string, index: number) =>
        `<domain type='test'><name>${xml(name)}</name><uuid>${uuid(index)}</uuid><memory>1000</memory><os><type>hvm</type></os></domain>`;
      const file = join(directory, "node.xml");
      writeFileSync(file, `<node>${names.map(domain).join("")}</node>`);
      const virsh = new Virsh(new LocalShell(), `test://${file}`);
      const found = new Map((await virsh.domains()).map(({ uuid, name }) => [uuid, name]));
      assert.deepEqual([...found.keys()].toSorted(), names.map((_, index) => uuid(index)).toSorted());
      names.forEach((name, index) => assert.equal(found.get(uuid(index)), name));
      for (const pool of ["a\rdestroy test\rx", "a\tb", "--help"]) {
        assert.equal(await virsh.inquire(command`pool-dumpxml --pool=${pool}`), undefined);
      }
      assert.equal((await virsh.state(uuid(0)))?.state, "running");
      virsh.close();
    },
  );

  withProgram("dash", "stands in a command that is shown so that it can be pasted", (path) => {
    for (const value of [...values(300, 7), "a\rb", "a b"].filter((text) => !text.endsWith("\n") && text !== "")) {
      const text = shownCommand`printf '%s\\n' =${value}`.slice(1, -1);
      assert.match(text, /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u);
      assert.equal(execFileSync(path, ["-c", text]).toString(), `=${value}\n`);
    }
    const view = { name: "a\rb", uuid: "5c1e2f0a-6d0b-4f8e-9a37-0c1d2e3f4a5b" };
    assert.equal(shownCommand`virsh destroy ${view}`, `\`virsh destroy ${view.uuid}\``);
    assert.equal(shownCommand`virsh destroy ${{ ...view, name: "web server" }}`, "`virsh destroy 'web server'`");
  });
});
