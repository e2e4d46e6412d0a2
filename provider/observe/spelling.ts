/** Without an inventory a host may be written in several ways, also in one program; it is the same host all the same. */
import { destinationKey } from "../core/destination";
import type { Shell } from "../core/ports";

/** `name` as `names` write it; as it is where they do not. */
export const spelledAs = (name: string, names: readonly string[]): string =>
  names.find((each) => each === name) ?? names.find((each) => destinationKey(each) === destinationKey(name)) ?? name;

/** The same connection, under the name by which somebody else knows the host. */
export const renamed = (shell: Shell, host: string): Shell => ({
  host,
  ...(shell.user !== undefined && { user: shell.user }),
  exec: (command, options) => shell.exec(command, options),
  spawn: (command, listeners) => shell.spawn(command, listeners),
  get sessionsPerConnection() {
    return shell.sessionsPerConnection;
  },
  get alive() {
    return shell.alive;
  },
  close: () => shell.close(),
});
