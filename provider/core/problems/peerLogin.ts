/** root on the source has to be let in by sshd on the destination. */
import type { Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import { anyOf, onOneLine } from "../textMatch";
import { between, type FailureContext, peerOf, sshOptions, type StderrCause } from "./stderr";

export const peerLoginRefused: StderrCause = {
  stderr: /Permission denied \([a-z,-]{0,200}(publickey|password|keyboard|gssapi)|Too many authentication failures/,
  code: "peerUntrusted",
  remedies: (context, stderr) => [letIn(context, refusedUser(stderr))],
};

function letIn(context: FailureContext, refused: string | undefined): Remedy {
  const { source, destination, rootKey } = context;
  const { user = refused ?? "root", keyfile = "/root/.ssh/id_ed25519" } = peerOf(context);
  const generate = commandLine`ssh-keygen -t ed25519 -N '' -f ${keyfile}`;
  const why = `libvirt on ${source} connects as root by ssh, but ${destination} rejects its login as ${user}`;
  const authorizedKeys = `~/.ssh/authorized_keys of ${user} on ${destination}`;
  const attempt = { host: source, command: tryLogin(context, user) };
  if (rootKey === undefined || rootKey === "") {
    return {
      do:
        rootKey === ""
          ? `${why}; root on ${source} has no key: make one, and add what is printed to ${authorizedKeys}`
          : `${why}: add root's public key (\`${generate}\` makes one) to ${authorizedKeys}`,
      commands: [
        ...(rootKey === "" ? [{ host: source, command: generate }] : []),
        { host: source, command: commandLine`cat ${`${keyfile}.pub`}` },
        attempt,
      ],
    };
  }
  return {
    do: `${why}: add root's public key to ${authorizedKeys}`,
    commands: [{ host: destination, command: commandLine`echo ${rootKey} >>~${user}/.ssh/authorized_keys` }, attempt],
  };
}

/** As root on the source, where libvirt's own ssh would ask nothing either. */
function tryLogin(context: FailureContext, user: string): string {
  const login = `${user}@${peerOf(context).address}`;
  return `ssh -o BatchMode=yes${sshOptions(context)} ${commandLine`${login} true`}`;
}

/** "USER@HOST: Permission denied (publickey…", as ssh says it. */
function refusedUser(stderr: string): string | undefined {
  const at = stderr.indexOf(": Permission denied (");
  const account =
    at < 0
      ? ""
      : (stderr
          .slice(Math.max(0, at - maxAccount), at)
          .split(/\s/)
          .at(-1) ?? "");
  const user = account.slice(0, account.lastIndexOf("@"));
  return /^[\w.-]{1,64}$/.test(user) ? user : undefined;
}

/** A user name and a host name. */
const maxAccount = 320;

export const peerPasswordExpired: StderrCause = {
  stderr: /Password change required but no TTY|Your (account|password) has expired/i,
  code: "peerUntrusted",
  remedies: (context) => {
    const { destination } = context;
    const { user = "root" } = peerOf(context);
    return [
      {
        do: `as root, check what has expired for ${user} on ${destination}, and renew it`,
        commands: [
          { host: destination, command: commandLine`chage -l ${user}` },
          { host: destination, command: commandLine`passwd ${user}` },
        ],
      },
    ];
  },
};

/** ssh takes no configuration and no key that others may write or read. */
export const sshFileOpenToOthers: StderrCause = {
  stderr: anyOf(/Bad owner or permissions on /, onOneLine(/Permissions \d{3,5} for '/, /' are too open/)),
  code: "peerUntrusted",
  remedies: ({ source }, stderr) => {
    const file =
      /Bad owner or permissions on (\/[^\s:]{1,4095})/.exec(stderr)?.[1] ??
      (/Permissions \d{3,5} for '/.test(stderr) ? between(stderr, " for '") : undefined) ??
      "FILE";
    return [
      {
        do: `as root on ${source}, make root the owner of the file, and let nobody else read or write it`,
        commands: [
          { host: source, command: commandLine`chown root: ${file}` },
          { host: source, command: commandLine`chmod 600 ${file}` },
        ],
      },
    ];
  },
};

export const sshConfigUnreadable: StderrCause = {
  stderr: /Bad configuration option: |terminating, \d{1,9} bad configuration options/,
  code: "peerUnreachable",
  remedies: ({ source }) => [
    { do: `correct the line of root's ssh configuration on ${source} that ssh names (/root/.ssh/config, /etc/ssh)` },
  ],
};

export const peerShellRefused: StderrCause = {
  stderr: /This account is currently not available|Unprivileged users are not permitted to log in/i,
  code: "peerUntrusted",
  remedies: (context) => {
    const { user = "root" } = peerOf(context);
    const { destination: host } = context;
    return [
      {
        do: `let ${user} on ${host} have a login shell, or wait until ${host} has started`,
        commands: [
          { host, command: commandLine`getent passwd ${user}` },
          { host, command: "systemctl is-system-running" },
        ],
      },
    ];
  },
};
