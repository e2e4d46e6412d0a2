/**
 * A Shell on this computer: runs a command as sshd does, by `LOGIN_SHELL -c COMMAND`. Without a home of a test's own, the account has
 * none: bash takes a socket on its standard input for a login, and would read the ~/.bashrc of the one who runs the tests instead of
 * $BASH_ENV, unless another shell starts it (SHLVL).
 */
import { spawn } from "node:child_process";
import { execBySpawn } from "../../lab/exec-by-spawn";
import type { ExecOptions, ExecResult, ProcessListeners, RemoteProcess, Shell } from "../../provider/core/ports";

export interface LocalShellOptions {
  loginShell?: string;
  env?: NodeJS.ProcessEnv;
  host?: string;
}

export class LocalShell implements Shell {
  readonly host: string;
  readonly alive = true;
  readonly pids: number[] = [];

  constructor(private readonly options: LocalShellOptions = {}) {
    this.host = options.host ?? "kvm-a";
  }

  exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    return execBySpawn(this, command, options);
  }

  spawn(command: string, listeners: ProcessListeners): Promise<RemoteProcess> {
    const { loginShell = "/bin/bash", env = process.env } = this.options;
    const home = env["HOME"] === process.env["HOME"] ? "/nonexistent" : env["HOME"];
    const child = spawn(loginShell, ["-c", command], { env: { ...env, HOME: home, SHLVL: "1" } });
    this.pids.push(child.pid!);
    child.stdout.setEncoding("utf8").on("data", (text: string) => listeners.stdout(text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => listeners.stderr(text));
    child.stdin.on("error", () => {});
    return Promise.resolve({
      write: (text) => void child.stdin.write(text),
      end: () => void child.stdin.end(),
      destroy: () => {
        child.stdin.destroy();
        child.kill("SIGKILL");
      },
      exit: new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal }))),
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
