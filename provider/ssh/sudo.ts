/** Hosts where the account is not root, and may become it: every command goes through sudo. */
import { cleanLine } from "../core/clean";
import type { PlacementError } from "../core/errors";
import type { ExecResult, Shell } from "../core/ports";
import { commandLine } from "../core/shownCommand";
import { failure, setField } from "./failure";

/** Never asks: a password would have no terminal to come from. */
const asRootCommand = (command: string) => `sudo -n -H -- ${command}`;

/** The whole of what is run on a host goes to /bin/sh on standard input. */
const shell = "/bin/sh";

/**
 * The same connection, with commands that run as root.
 *
 * @throws PlacementError `sudoRefused` where sudo is not there, or would ask for a password.
 */
export async function asRoot(own: Shell): Promise<Shell> {
  try {
    const tried = await own.exec(asRootCommand(shell), { input: "printf '%s\\n' \"uid=$(id -u)\"\n" });
    if (!/^uid=0$/m.test(tried.stdout)) throw refused(own, tried);
  } catch (error) {
    await own.close();
    throw error;
  }
  return {
    host: own.host,
    user: "root",
    exec: (command, options) => own.exec(asRootCommand(command), options),
    spawn: (command, listeners) => own.spawn(asRootCommand(command), listeners),
    get sessionsPerConnection() {
      return own.sessionsPerConnection;
    },
    get alive() {
      return own.alive;
    },
    close: () => own.close(),
  };
}

function refused({ host, user = "the account" }: Shell, { code, stdout, stderr }: ExecResult): PlacementError {
  const words = cleanLine(`${stderr}\n${stdout}`.trim().split("\n").at(-1) ?? "", 300);
  const printed = words === "" ? `it printed nothing and ended with code ${code}` : words;
  const rule = `${/^[\w.-]+$/.test(user) ? user : "ACCOUNT"} ALL=(root) NOPASSWD: ${shell}`;
  return failure({ host }, "sudoRefused", {
    action: `cannot run commands as root on ${host}`,
    message: `sudo: true, but sudo does not let ${user} run ${shell} without a password: ${printed}`,
    remedies: [
      {
        do: "allow it, as root there",
        commands: [
          { host, command: `${commandLine`echo ${rule}`} > /etc/sudoers.d/vm-placement` },
          { host, command: "visudo -c" },
        ],
      },
      {
        do: "connect as root, or as an account of the group libvirt, without sudo",
        commands: [setField({ host }, "user", "root"), setField({ host }, "sudo", "false")],
      },
    ],
  });
}
