/** The errors of an account whose login is accepted, but does not run the shell that it was asked for. */
import { cleanLine } from "../core/clean";
import { PlacementError } from "../core/errors";
import type { Shell } from "../core/ports";
import type { Remedy } from "../core/problem";
import { commandLine } from "../core/shownCommand";

type On = Pick<Shell, "host" | "user">;

/** What came on both streams of a login before any line of ours. */
export interface Printed {
  out: string;
  err: string;
}

interface Cause {
  prints: RegExp;
  is: string;
  remedies: (host: string, user: string) => Remedy[];
}

const causes: readonly Cause[] = [
  {
    // pam_nologin, and sshd itself where /etc/nologin is there.
    prints:
      /not permitted to log in|System is (?:booting up|going down)|going down for (?:reboot|power-?off|maintenance)/i,
    is: "the host is starting or being shut down, and accepts no logins until then (nologin)",
    remedies: (host) => [
      {
        do: `wait until ${host} has started; if it has, remove the file that is left`,
        commands: [
          { host, command: "systemctl is-system-running" },
          { host, command: "ls -l /run/nologin /etc/nologin" },
        ],
      },
    ],
  },
  {
    prints: /This account is (?:currently )?not available/i,
    is: "its login shell runs no command (nologin)",
    remedies: (host, user) => [
      {
        do: `give ${user} on ${host} a login shell`,
        commands: [
          { host, command: commandLine`getent passwd ${user}` },
          { host, command: commandLine`usermod -s /bin/sh ${user}` },
        ],
      },
    ],
  },
  {
    prints: /Password change required|Your (?:account|password) has expired|required to change your password/i,
    is: "its password or the account has expired",
    remedies: (host, user) => [
      {
        do: `as root, check what has expired for ${user} on ${host}, and renew it`,
        commands: [
          { host, command: commandLine`chage -l ${user}` },
          { host, command: commandLine`passwd ${user}` },
        ],
      },
    ],
  },
];

const another: Cause = {
  prints: /^/,
  is: "another command runs in its place (ForceCommand in sshd_config, command= in authorized_keys), or its login shell or a start-up file ends first",
  remedies: (host, user) => [
    {
      do: `see what runs there for ${user}, and let the account run commands`,
      commands: [
        { host, command: "grep -rni forcecommand /etc/ssh/sshd_config /etc/ssh/sshd_config.d" },
        { host, command: commandLine`grep -n command= ~${user}/.ssh/authorized_keys` },
        { host, command: commandLine`getent passwd ${user}` },
      ],
    },
  ],
};

/** @param user undefined where the connection does not tell. */
export function loginRunsNothing({ host, user = "USER" }: On, printed: Printed, code: number): PlacementError {
  const text = textOf(printed);
  const { is, remedies } = causes.find(({ prints }) => prints.test(text)) ?? another;
  const words = text === "" ? "printed nothing" : `printed ${JSON.stringify(text)}`;
  return new PlacementError({
    code: "sessionRefused",
    phase: "connect",
    host,
    action: `cannot run a command on ${host}`,
    message: `sshd accepts the login of ${user}, but /bin/sh does not run: ${is}; what ran ${words} and ended with code ${code}`,
    remedies: [
      ...remedies(host, user),
      { do: `set user, or identityFile, of ${host} in the inventory: to an account or key that may run commands` },
    ],
  });
}

export function loginHangs({ host, user = "USER" }: On, printed: Printed, deadlineMs: number): PlacementError {
  const text = textOf(printed);
  const words = text === "" ? "nothing was printed" : `${JSON.stringify(text)} was printed`;
  return new PlacementError({
    code: "commandTimeout",
    phase: "connect",
    host,
    action: `cannot run a command on ${host}`,
    message: `sshd accepts the login of ${user}, but /bin/sh did not begin within ${deadlineMs / 1000} s (${words}): a start-up file of the account or its home directory hangs, or another command runs in its place (ForceCommand, command=)`,
    remedies: [{ do: `log in to ${host} as ${user}, and see what hangs` }, ...another.remedies(host, user)],
  });
}

/** sshd's own line about a home directory that is not there is no reason. */
function textOf({ out, err }: Printed): string {
  const lines = `${err}\n${out}`.split("\n").filter((line) => !/^Could not chdir to home directory /.test(line));
  return cleanLine(lines.join("\n").trim(), 300);
}
