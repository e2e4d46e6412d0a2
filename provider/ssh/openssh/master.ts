import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { HeadAndTail } from "../bounded";
import type { Timing } from "../attempt";
import type { Target } from "../target";
import { dropped } from "../dropped";
import { droppedMaster, masterFailure, masterTimeout } from "./failures";

/** What ssh prints by the time it gives up; a host's banner is among it. */
const maxStderr = 64 * 1024;

/** An agent may ask its user, and a security key waits for a touch. */
const authenticationMs = 30_000;

/** The last words of an ssh that ended: a ProxyCommand may hold the pipe open. */
const lastWordsMs = 200;

/** The words of a master that runs, in the background by now. */
export interface Master {
  readonly stderr: string;
  /** Stops listening to it. */
  release(): void;
}

/**
 * Starts the master connection to a target. With ControlPersist ssh goes to the background, and the process that was started ends with code 0
 * as soon as the host key was verified, the account was let in, and the socket is there.
 */
export function startMaster(
  ssh: string,
  args: readonly string[],
  target: Target,
  { timing, env, byHop }: { timing: Timing; env: NodeJS.ProcessEnv; byHop: boolean },
): Promise<Master> {
  const deadlineMs = (target.connectTimeoutMs ?? timing.connectTimeoutMs) + authenticationMs;
  return new Promise((resolve, reject) => {
    const child = spawn(ssh, args, {
      stdio: ["ignore", "ignore", "pipe"],
      // A group of its own: Ctrl-C is for us, and what comes of a migration has to be watched then.
      detached: true,
      env: {
        PATH: process.env["PATH"],
        ...env,
        LC_ALL: "C",
        SSH_ASKPASS_REQUIRE: "never",
      },
    });
    const said = new Stderr(child.stderr);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid!);
    }, deadlineMs);
    child.on("error", () => {
      clearTimeout(timer);
      reject(masterFailure(target, "ssh cannot be started"));
    });
    child.on("exit", (code) => {
      clearTimeout(timer);
      if (code === 0) return resolve(said);
      said.whenOver((stderr) => {
        if (timedOut) reject(masterTimeout(target, deadlineMs, stderr));
        else if (droppedMaster(stderr, byHop)) reject(dropped(target));
        else reject(new MasterEnded(stderr, masterFailure(target, stderr)));
      });
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}

/** What ssh prints on standard error. */
class Stderr implements Master {
  private readonly said = new HeadAndTail(maxStderr);

  constructor(private readonly stream: Readable) {
    stream.setEncoding("utf8").on("data", (text: string) => this.said.add(text));
    stream.on("error", () => {});
  }

  get stderr(): string {
    return this.said.text;
  }

  release(): void {
    this.stream.destroy();
  }

  /** ssh has ended: its last words may still come. */
  whenOver(tell: (stderr: string) => void): void {
    let over = false;
    const end = () => {
      if (over) return;
      over = true;
      clearTimeout(late);
      this.release();
      tell(this.stderr);
    };
    const late = setTimeout(end, lastWordsMs);
    if (this.stream.readableEnded) end();
    else this.stream.once("end", end);
  }
}

/** What ssh printed, beside what it means. */
export class MasterEnded extends Error {
  constructor(
    readonly stderr: string,
    readonly failure: Error,
  ) {
    super(failure.message);
  }
}
