import assert from "node:assert/strict";
import type { ExecResult, Shell } from "../../../provider/core/ports";
import { type PlacementError } from "../../../provider/core/errors";
import { asRoot } from "../../../provider/ssh/sudo";

describe("a host with sudo: true", () => {
  /** Answers the first command; the others echo theirs. */
  function connection(first: Partial<ExecResult>, user?: string) {
    const commands: string[] = [];
    let alive = true;
    const shell: Shell = {
      host: "kvm-a",
      ...(user !== undefined && { user }),
      exec: (command) => {
        commands.push(command);
        return Promise.resolve({ code: 0, signal: null, stdout: "", stderr: "", ...(commands.length === 1 && first) });
      },
      spawn: (command) => {
        commands.push(command);
        return Promise.reject(new Error("not here"));
      },
      get alive() {
        return alive;
      },
      close: () => {
        alive = false;
        return Promise.resolve();
      },
    };
    return { shell, commands };
  }

  it("runs each command as root, and none that would ask", async () => {
    // A start-up file may print before it.
    const { shell, commands } = connection({ stdout: "Welcome\nuid=0\n" }, "deployer");
    const root = await asRoot(shell);
    await root.exec("/bin/sh", { input: "true" });
    await assert.rejects(root.spawn("/bin/sh -c 'x'", { stdout: () => {}, stderr: () => {} }));
    assert.deepEqual(commands, ["sudo -n -H -- /bin/sh", "sudo -n -H -- /bin/sh", "sudo -n -H -- /bin/sh -c 'x'"]);
    assert.deepEqual([root.host, root.user, root.alive], ["kvm-a", "root", true]);
    await root.close();
    assert.deepEqual([root.alive, shell.alive], [false, false]);
  });

  const refusals: [title: string, answer: Partial<ExecResult>, message: RegExp][] = [
    ["a password", { code: 1, stderr: "sudo: a password is required\n" }, /: sudo: a password is required$/],
    [
      "in another language",
      { code: 1, stderr: "sudo: Ein Passwort ist notwendig\n" },
      /: sudo: Ein Passwort ist notwendig$/,
    ],
    [
      "no sudo",
      { code: 127, stderr: "bash: line 1: sudo: command not found\n" },
      /: bash: line 1: sudo: command not found$/,
    ],
    ["not root", { stdout: "uid=1000\n" }, /: uid=1000$/],
    ["nothing", { code: 1 }, /: it printed nothing and ended with code 1$/],
  ];
  for (const [title, answer, message] of refusals) {
    it(`is refused where sudo gives ${title}, and the connection is closed`, async () => {
      const { shell } = connection(answer, "deployer");
      await assert.rejects(asRoot(shell), (error: PlacementError) => {
        assert.deepEqual([error.code, error.host, error.phase], ["sudoRefused", "kvm-a", "connect"]);
        assert.match(error.problem.message, message);
        assert.match(error.problem.message, /does not let deployer run \/bin\/sh without a password/);
        assert.deepEqual(error.problem.remedies[0]!.commands, [
          { host: "kvm-a", command: "echo 'deployer ALL=(root) NOPASSWD: /bin/sh' > /etc/sudoers.d/vm-placement" },
          { host: "kvm-a", command: "visudo -c" },
        ]);
        return true;
      });
      assert.equal(shell.alive, false);
    });
  }

  it("names no account in a rule of sudoers that could mean more than an account", async () => {
    const { shell } = connection({ code: 1 }, "ALL,%wheel x");
    await assert.rejects(asRoot(shell), /echo 'ACCOUNT ALL=\(root\) NOPASSWD: \/bin\/sh'/);
  });
});
