/** The errors of a virsh session. */
import { PlacementError } from "../core/errors";

export function noAnswer(host: string, command: string, deadlineMs: number): PlacementError {
  return new PlacementError({
    code: "commandTimeout",
    phase: "observe",
    host,
    action: `no answer to \`virsh ${command}\``,
    message: `${host} did not answer within ${deadlineMs / 1000} s; a job may hold the domain, or libvirt hangs`,
    remedies: [
      {
        do: "run the command by hand; when libvirt answers, run `pulumi up` again",
        commands: [{ host, command: `virsh ${command}` }],
      },
    ],
  });
}

export function sessionLost(host: string, message: string): PlacementError {
  return new PlacementError({
    code: "connectionLost",
    phase: "observe",
    host,
    action: `the virsh session on ${host} ended`,
    message,
    remedies: [{ do: "run the command again; the VM is where it was last seen" }],
  });
}

/** @param command undefined where none waits for an answer. */
export function answerTooLong(
  host: string,
  command: string | undefined,
  bytes: number,
  stream: string,
): PlacementError {
  return new PlacementError({
    code: "answerTooLong",
    phase: "observe",
    host,
    action: command === undefined ? `the virsh session on ${host} was ended` : `no answer to \`virsh ${command}\``,
    message: `${host} sent more than ${bytes / 1024} KiB on ${stream}`,
    remedies: [
      command === undefined
        ? { do: `find out what virsh prints on ${host}` }
        : {
            do: "find out whether the command or a start-up file of the account prints that much",
            commands: [{ host, command: `virsh ${command}` }],
          },
    ],
  });
}
