/** Why a command has no result. */
import { cleanLine } from "../core/clean";
import type { ErrorCode } from "../core/errorCodes";
import type { PlacementError } from "../core/errors";
import { maxStdout } from "./bounded";
import { type Fault, failure, nameOf, runAgain, type Subject, words } from "./failure";

export class NoResult {
  constructor(private readonly target: Subject) {}

  private noResult(code: ErrorCode, fault: Fault): PlacementError {
    return failure(this.target, code, { action: `no result from ${this.target.host}`, ...fault });
  }

  sessionRefused(error: unknown, open: number): PlacementError {
    return this.noResult("sessionRefused", {
      message: `the host takes no more sessions on this connection (${words(error)}; ${open} are open)`,
      remedies: [
        { do: `raise MaxSessions in sshd_config of ${nameOf(this.target)} (default 10)` },
        { do: "lower maxOutgoing and maxIncoming of the host in the inventory" },
      ],
    });
  }

  tookTooLong(command: string, deadlineMs: number): PlacementError {
    return this.noResult("commandTimeout", {
      message: `\`${shortened(command)}\` did not finish within ${deadlineMs / 1000} s`,
      remedies: [
        {
          do: "see why the host hangs (libvirt or its storage), then run it again",
          commands: [
            // Of whichever layout the host has: a unit that is not there is left out.
            { host: this.target.host, command: "systemctl status 'libvirtd*' 'virtqemud*'" },
            { command: "pulumi up" },
          ],
        },
      ],
    });
  }

  saidTooMuch(command: string): PlacementError {
    return this.noResult("unreadableAnswer", {
      message: `\`${shortened(command)}\` printed more than ${maxStdout / 2 ** 20} MiB`,
      remedies: [{ do: "run it on the host: no answer of libvirt's is so long" }],
    });
  }

  endedWithoutStatus(command: string): PlacementError {
    return this.noResult("connectionLost", {
      message: `the host closed the session of \`${shortened(command)}\` without an exit status`,
      remedies: [runAgain("nothing is known of what the command did")],
    });
  }
}

function shortened(command: string): string {
  const line = cleanLine(command);
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
