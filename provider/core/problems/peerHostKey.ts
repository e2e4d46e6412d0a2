/** root on the source has to know the destination's host key. */
import type { Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import { onOneLine } from "../textMatch";
import { type FailureContext, peerOf, type StderrCause } from "./stderr";

export const peerHostKeyUnknown: StderrCause = {
  stderr: /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/,
  code: "peerUntrusted",
  remedies: (context, stderr) => [trust(context, /IDENTIFICATION HAS CHANGED/.test(stderr))],
};

function trust(context: FailureContext, changed: boolean): Remedy {
  const { source, destination, peerHostKey } = context;
  const { address, port, filedAs } = peerOf(context);
  const forget = { host: source, command: commandLine`ssh-keygen -R ${filedAs}` };
  const why = `libvirt on ${source} connects as root by ssh, and root there ${changed ? "knows another host key" : "does not know the host key"} of ${destination} (${filedAs}). In /root/.ssh/known_hosts on ${source}, ${changed ? "replace the old line by" : "add"}`;
  if (peerHostKey !== undefined) {
    const line = `${filedAs} ${peerHostKey}`;
    return {
      do: `${why} this one, which was read on ${destination} itself`,
      commands: [
        ...(changed ? [forget] : []),
        { host: source, command: commandLine`echo ${line} >>/root/.ssh/known_hosts` },
      ],
    };
  }
  const scan =
    port === undefined ? commandLine`ssh-keyscan ${address}` : commandLine`ssh-keyscan -p ${port} ${address}`;
  return {
    do: `${why} what ssh-keyscan prints, if it is the key that ${destination} has`,
    commands: [
      { host: destination, command: "cat /etc/ssh/ssh_host_ed25519_key.pub" },
      ...(changed ? [forget] : []),
      { host: source, command: `${scan} >>/root/.ssh/known_hosts` },
    ],
  };
}

/** An old sshd offers what a new ssh takes no more. */
export const peerHostKeyTooOld: StderrCause = {
  stderr: onOneLine(/Unable to negotiate with /, /no matching host key type/),
  code: "peerUntrusted",
  remedies: (context) => {
    const { source, destination } = context;
    return [
      {
        do: `create host keys on ${destination} of a type that ssh on ${source} accepts, and restart its sshd`,
        commands: [{ host: destination, command: "ssh-keygen -A" }],
      },
      {
        do: `allow root on ${source} to accept the old type from ${destination}, in /root/.ssh/config: Host ${peerOf(context).address}, HostKeyAlgorithms +ssh-rsa`,
      },
    ];
  },
};

export const peerSshTooOld: StderrCause = {
  stderr: onOneLine(/Unable to negotiate with /, /no matching (key exchange method|cipher|MAC)/),
  code: "peerUnreachable",
  remedies: ({ source, destination }) => [
    { do: `upgrade OpenSSH on ${destination} (or on ${source}): they have no algorithm in common` },
    { do: "compare what sshd_config and ssh_config allow: KexAlgorithms, Ciphers, MACs" },
  ],
};
