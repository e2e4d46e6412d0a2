import assert from "node:assert/strict";
import fc from "fast-check";
import { PlacementError } from "../../../provider/core/errors";
import type { ProcessListeners, RemoteProcess, Shell } from "../../../provider/core/ports";
import { oneLineCommand } from "../../../provider/virsh/runScript";
import { mostErrBytes, mostOutBytes, VirshSession } from "../../../provider/virsh/session";
import { command as virshCommand } from "../../../provider/virsh/virshCommand";
import { fixture } from "../../support/fixture";

/** A line whose text the test says. */
const line = (text: string) => virshCommand([text] as unknown as TemplateStringsArray).line!;

/** A remote virsh whose every byte the test says. */
class ScriptedVirsh implements RemoteProcess {
  written = "";
  destroyed = false;
  readonly exit: Promise<{ code: number | null; signal: string | null }>;
  die!: (code: number | null) => void;

  constructor(private readonly listeners: ProcessListeners) {
    this.exit = new Promise((resolve) => (this.die = (code) => resolve({ code, signal: null })));
  }

  write(text: string): void {
    this.written += text;
  }
  end(): void {
    this.written += "<end>";
  }
  destroy(): void {
    this.destroyed = true;
  }
  out(text: string): void {
    this.listeners.stdout(text);
  }
  err(text: string): void {
    this.listeners.stderr(text);
  }

  /** The commands it was given, without the marks. */
  get commands(): string[] {
    return this.written.split("\n").filter((line) => line !== "" && !/^(echo|printf) /.test(line));
  }

  /** /bin/sh has read its line. */
  begin(): void {
    const start = /^printf '\\n%s\\n' (\S+);/m.exec(this.written)![1]!;
    this.out(`\n${start}\n`);
    this.err(`\n${start}\n`);
  }

  /** What a real virsh prints on either stream when it has read the whole input and answers the nth command with `answers[n]`. */
  transcript(answers: { out?: string; err?: string }[]): { out: string; err: string } {
    let [out, err, n] = ["", "", -1];
    for (const line of this.written.split("\n").filter((text) => text !== "")) {
      const start = /^printf '\\n%s\\n' (\S+);/.exec(line)?.[1];
      if (start !== undefined) {
        out += `\n${start}\n`;
        err += `\n${start}\n`;
        continue;
      }
      out += `virsh # ${line}\n`;
      const echo = /^echo (--err )?"(.*)" "(\d+)"$/.exec(line);
      if (!echo) {
        n += 1;
        out += answers[n]?.out ?? "";
        err += answers[n]?.err ?? "";
      } else if (echo[1]) err += `error: ${echo[2]} ${echo[3]}\n`;
      else out += `${echo[2]} ${echo[3]}`;
    }
    return { out, err };
  }

  answer(...answers: { out?: string; err?: string }[]): void {
    const { out, err } = this.transcript(answers);
    this.written = "";
    this.out(out);
    this.err(err);
  }
}

class ScriptedShell implements Shell {
  readonly host = "kvm-a";
  readonly user = "root";
  readonly alive = true;
  readonly started: string[] = [];
  readonly processes: ScriptedVirsh[] = [];
  /** Runs right when a process begins, before its spawn is reported. */
  onSpawn: (virsh: ScriptedVirsh) => void | Promise<void> = () => {};

  async spawn(command: string, listeners: ProcessListeners): Promise<RemoteProcess> {
    this.started.push(command);
    await Promise.resolve();
    const virsh = new ScriptedVirsh(listeners);
    this.processes.push(virsh);
    await this.onSpawn(virsh);
    return virsh;
  }
  exec(): Promise<never> {
    return Promise.reject(new Error("not in these tests"));
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("the virsh session", () => {
  let shell: ScriptedShell;
  let session: VirshSession;
  let noise: string[];
  beforeEach(() => {
    noise = [];
    shell = new ScriptedShell();
    session = new VirshSession(shell, "qemu:///system", (stream, text) => noise.push(`${stream}: ${text}`));
  });
  afterEach(() => session.close());

  const ask = (...commands: string[]) => commands.map((command) => session.run(line(command), 60_000));
  const current = () => shell.processes.at(-1)!;

  it("starts one virsh for all commands, and only when it is asked", async () => {
    assert.deepEqual(shell.started, []);
    const answers = ask("list", "domstate x");
    await turn();
    assert.deepEqual(shell.started, [oneLineCommand]);
    assert.deepEqual(current().commands, ["list", "domstate x"]);
    current().answer({ out: "a\n" }, { out: "running (booted)\n\n" });
    assert.deepEqual(await Promise.all(answers), [
      { out: "a", err: "" },
      { out: "running (booted)", err: "" },
    ]);
    const [later] = ask("list");
    await turn();
    current().answer({ out: "b\n" });
    assert.deepEqual(await later, { out: "b", err: "" });
    assert.equal(shell.processes.length, 1);
  });

  it("reads a recorded session of a real virsh", async () => {
    const answers = ask(
      "list --all --uuid --name",
      "domstate --reason test",
      "domstate --reason nosuch",
      "list --all --autostart --uuid",
      "domjobinfo --rawstats test",
    );
    await turn();
    // Recorded with a mark of its own.
    const mark = /^echo "([^"]+)" "0"$/m.exec(current().written)![1]!;
    const recorded = (stream: string) =>
      fixture("9.0.0", `session.${stream}`).replaceAll("end-of-answer", mark).replace("virsh # bogus\n", "");
    current().err(`error: ${mark} 0\n${recorded("stderr")}`);
    current().out(`virsh # echo "${mark}" "0"\n${mark} 0virsh # echo --err "${mark}" "0"\n${recorded("stdout")}`);
    assert.deepEqual(await Promise.all(answers), [
      { out: "6695eb01-f6a4-8304-79aa-97f2502e193f test", err: "" },
      { out: "running (unknown)", err: "" },
      { out: "", err: "error: failed to get domain 'nosuch'" },
      { out: "", err: "" },
      {
        out: "",
        err:
          "error: unknown command: 'bogus'\nerror: Optional flags or --rawstats are not supported by the daemon\n" +
          "error: this function is not supported by the connection driver: virDomainGetJobStats",
      },
    ]);
  });

  it("keeps an answer's own text, and drops the prompt with the echo of its input, also where it is read-only", async () => {
    const [first, second] = ask("dumpxml x", "list");
    await turn();
    const { out, err } = current().transcript([{ out: "<a>\n  virsh # inside\n</a>\n" }, { out: "x\n" }]);
    current().out(out.replaceAll("virsh # echo", "virsh > echo"));
    current().err(err);
    assert.deepEqual(await first, { out: "<a>\n  virsh # inside\n</a>", err: "" });
    assert.deepEqual(await second, { out: "x", err: "" });
  });

  it("drops what comes before the first answer, and tells of it", async () => {
    const [answer] = ask("list");
    await turn();
    const { out, err } = current().transcript([{ out: "x\n" }]);
    current().out(`Welcome\n${out}`);
    current().err("stty: 'standard input': Inappropriate ioctl for device\n");
    current().err(err.replace(/\n(error)/, "\nERROR: ld.so: object 'x' cannot be preloaded: ignored.\n$1"));
    assert.deepEqual(await answer, { out: "x", err: "" });
    assert.deepEqual(noise, [
      "stdout: Welcome",
      "stderr: stty: 'standard input': Inappropriate ioctl for device",
      "stderr: ERROR: ld.so: object 'x' cannot be preloaded: ignored.",
    ]);
  });

  describe("where the login does not run the shell that it is asked for", () => {
    const logins: [what: string, out: string, err: string, code: number, why: RegExp, command: RegExp][] = [
      [
        "nologin",
        "This account is currently not available.\n",
        "Could not chdir to home directory /nonexistent: No such file or directory\n",
        1,
        /nologin.*printed "This account is currently not available\." and ended with code 1$/,
        /^usermod /,
      ],
      ["a shell that prints nothing", "", "", 1, /ForceCommand.*printed nothing and ended with code 1$/, /^getent /],
      [
        "a forced command",
        "",
        "backup only\n",
        0,
        /ForceCommand.*"backup only" and ended with code 0$/,
        /forcecommand/,
      ],
      [
        "sftp only",
        "This service allows sftp connections only.\n",
        "",
        1,
        /ForceCommand.*"This service allows sftp connections only\."/,
        /forcecommand/,
      ],
      [
        "a host that starts",
        '"System is booting up. Unprivileged users are not permitted to log in yet. Please come back later."\n',
        "",
        254,
        /starting/,
        /^systemctl is-system-running$/,
      ],
      ["an expired password", "", "WARNING: Your password has expired.\n", 1, /expired/, /^chage -l root$/],
    ];
    for (const [what, out, err, code, why, command] of logins) {
      it(`says so, and never that libvirt is down: ${what}`, async () => {
        const answers = ask("list", "version --daemon");
        await turn();
        current().out(out);
        current().err(err);
        current().die(code);
        for (const answer of answers) {
          await assert.rejects(answer, (error: PlacementError) => {
            assert.deepEqual([error.code, error.host], ["sessionRefused", "kvm-a"]);
            assert.match(error.problem.message, why);
            const commands = error.problem.remedies.flatMap((remedy) => remedy.commands ?? []);
            assert.ok(
              commands.some((each) => each.host === "kvm-a" && command.test(each.command)),
              JSON.stringify(commands),
            );
            return true;
          });
        }
      });
    }

    it("says so of one that repeats its input, or that never ends", async () => {
      const repeated = session.run(line("list"), 20);
      await turn();
      current().out(current().written);
      await assert.rejects(repeated, { code: "commandTimeout", message: /\/bin\/sh did not begin .*ForceCommand/ });
      const silent = session.run(line("list"), 20);
      await assert.rejects(silent, {
        code: "commandTimeout",
        message: /did not begin within 0\.02 s \(nothing was printed\)/,
      });
      const ended = session.run(line("list"), 60_000);
      await turn();
      current().out(current().written);
      current().die(0);
      await assert.rejects(ended, { code: "sessionRefused" });
    });

    it("says so where it ends before the shell reported its start", async () => {
      shell.onSpawn = (virsh) => {
        virsh.err("This account is not available\n");
        virsh.die(1);
      };
      for (const answer of ask("list", "version --daemon")) await assert.rejects(answer, { code: "sessionRefused" });
    });
  });

  for (const [stream, bytes] of [
    ["out", mostOutBytes],
    ["err", mostErrBytes],
  ] as const) {
    it(`ends a virsh that answers without end on ${stream}, in linear time`, async () => {
      const [first, second] = ask("dumpxml x", "list");
      await turn();
      const start = current().transcript([]);
      current().out(start.out.slice(0, start.out.indexOf(" 0") + 2));
      current().err(start.err.slice(0, start.err.indexOf(" 0") + 2));
      const chunk = "x".repeat(1000);
      for (let sent = 0; sent <= bytes + 2000; sent += chunk.length) current()[stream](chunk);
      await assert.rejects(first!, {
        code: "answerTooLong",
        host: "kvm-a",
        message: new RegExp(`more than ${bytes / 1024} KiB`),
      });
      await assert.rejects(second!, { code: "answerTooLong" });
      await turn();
      assert.ok(current().destroyed);
    });
  }

  it("does not take a daemon's restart for a failure", async () => {
    const [first, second] = ask("list", "domstate x");
    await turn();
    current().answer(
      { err: "error: Disconnected from qemu:///system due to end of file\n" },
      { out: "running (booted)\n", err: "error: Reconnected to the hypervisor\n" },
    );
    assert.deepEqual(await first, { out: "", err: "" });
    assert.deepEqual(await second, { out: "running (booted)", err: "" });
  });

  it("gives each of many commands its own answer, however the two streams are cut", async () => {
    const text = fc.string({
      unit: fc.constantFrom("a", " ", "\n", "virsh # ", "error: ", "end-of-answer 1", "1", "é"),
    });
    const answers = fc.array(fc.record({ out: text, err: text }), { minLength: 1, maxLength: 12 });
    const cuts = fc.infiniteStream(fc.record({ size: fc.integer({ min: 1, max: 40 }), err: fc.boolean() }));
    await fc.assert(
      fc.asyncProperty(answers, cuts, async (given, stream) => {
        const own = new ScriptedShell();
        const fresh = new VirshSession(own, "qemu:///system");
        const lines = given.map(({ out, err }) => ({
          out: out === "" ? "" : `<${out}>\n`,
          err: err === "" ? "" : `error: <${err}>\n`,
        }));
        const order: number[] = [];
        const answered = given.map((_, i) =>
          fresh.run(line(`command ${i}`), 60_000).then((answer) => {
            order.push(i);
            return answer;
          }),
        );
        await turn();
        const virsh = own.processes[0]!;
        const left = virsh.transcript(lines);
        while (left.out !== "" || left.err !== "") {
          const { size, err } = stream.next().value as { size: number; err: boolean };
          const from = err ? "err" : "out";
          virsh[from](left[from].slice(0, size));
          left[from] = left[from].slice(size);
        }
        const expected = lines.map(({ out, err }) => ({ out: out.trim(), err: err.trim() }));
        assert.deepEqual(await Promise.all(answered), expected);
        assert.deepEqual(
          order,
          given.map((_, i) => i),
        );
        fresh.close();
      }),
    );
  });

  it("is not misled by a domain that is called like the end of an answer", async () => {
    const [first, second] = ask("list --all --uuid --name", "list");
    await turn();
    current().answer({ out: "285f89bb-e6d0-47b6-a7b7-7b8184b74154 end-of-answer 1\n" }, { out: "x\n" });
    assert.equal((await first)!.out, "285f89bb-e6d0-47b6-a7b7-7b8184b74154 end-of-answer 1");
    assert.equal((await second)!.out, "x");
  });

  describe("when virsh cannot start", () => {
    const starts: [title: string, code: number, stderr: string, err: RegExp][] = [
      ["it is not installed", 127, "env: 'virsh': No such file or directory\n", /^env: 'virsh': No such file/],
      [
        "libvirt is down",
        1,
        "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory\nerror: Failed to create '/dev/null/libvirt/virsh': Not a directory\n",
        /^error: failed to connect to the hypervisor\nerror: Failed to connect socket [^\n]*$/,
      ],
      ["it says nothing", 1, "", /^error: virsh ended with code 1$/],
    ];
    for (const [title, code, stderr, err] of starts) {
      it(`every waiting command fails with the cause: ${title}`, async () => {
        const answers = ask("list", "version --daemon");
        await turn();
        current().begin();
        current().err(stderr);
        current().die(code);
        for (const answer of await Promise.all(answers)) assert.match(answer.err, err);
      });
    }

    it("the error of the connection reaches every command, and the next one tries again", async () => {
      const refused = new PlacementError({
        code: "sessionRefused",
        phase: "connect",
        action: "x",
        message: "y",
        remedies: [{ do: "z" }],
      });
      shell.onSpawn = () => Promise.reject(refused);
      for (const answer of ask("list", "version")) await assert.rejects(answer, refused);
      shell.onSpawn = () => {};
      const [again] = ask("list");
      await turn();
      current().answer({ out: "x\n" });
      assert.equal((await again)!.out, "x");
    });
  });

  it("tells of a lost connection, and starts again with the next command", async () => {
    const answers = ask("list", "domstate x");
    await turn();
    current().out("virsh # list\nhalf an ans");
    current().die(null);
    for (const answer of answers) {
      await assert.rejects(answer, { code: "connectionLost", host: "kvm-a", message: /: the connection was lost\n/ });
    }
    const [again] = ask("list");
    await turn();
    assert.equal(shell.processes.length, 2);
    current().answer({ out: "x\n" });
    assert.deepEqual(await again, { out: "x", err: "" });
  });

  describe("with a deadline", () => {
    it("gives up virsh when a command hangs: all that wait fail, the next command starts another", async () => {
      const hung = session.run(line("domstate x"), 20);
      const behind = session.run(line("list"), 60_000);
      await turn();
      current().begin();
      await assert.rejects(hung, {
        code: "commandTimeout",
        host: "kvm-a",
        message: /: kvm-a did not answer within 0.02 s.*`virsh domstate x` on kvm-a/s,
      });
      await assert.rejects(behind, { code: "commandTimeout" });
      const [old] = shell.processes;
      await turn();
      assert.ok(old!.destroyed);

      const [again] = ask("list");
      await turn();
      // What the abandoned one still says, and its end, are nobody's answer.
      old!.answer({ out: "late\n" }, { out: "late\n" });
      old!.out("junk");
      old!.err("error: junk\n");
      old!.die(1);
      await turn();
      current().answer({ out: "x\n" });
      assert.deepEqual(await again, { out: "x", err: "" });
    });

    it("counts for a command only from when it is first in line", async () => {
      const first = session.run(line("list"), 60_000);
      const second = session.run(line("domstate x"), 20);
      let over = false;
      void second.then(
        () => {},
        () => (over = true),
      );
      await new Promise((resolve) => setTimeout(resolve, 60));
      assert.equal(over, false);
      const transcript = current().transcript([{ out: "x\n" }, { out: "never\n" }]);
      const firstEnds = transcript.out.indexOf("virsh # domstate");
      current().out(transcript.out.slice(0, firstEnds));
      current().err(transcript.err.slice(0, transcript.err.lastIndexOf("error: ")));
      assert.deepEqual(await first, { out: "x", err: "" });
      await assert.rejects(second, { code: "commandTimeout" });
    });

    it("also ends the wait for a virsh that does not even start, and abandons it", async () => {
      let begin!: () => void;
      shell.onSpawn = () => new Promise((resolve) => (begin = resolve));
      await assert.rejects(session.run(line("list"), 20), { code: "commandTimeout" });
      begin();
      await turn();
      assert.deepEqual(current().commands, []);
      assert.ok(current().destroyed);
    });
  });

  it("says quit and closes the input when it is closed; waiting commands fail", async () => {
    const [waiting] = ask("list");
    await turn();
    session.close();
    await assert.rejects(waiting!, { code: "connectionLost" });
    await turn();
    assert.ok(current().written.endsWith("quit\n<end>"), current().written);
  });
});
