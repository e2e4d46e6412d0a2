import { hostname, homedir, userInfo } from "node:os";
import { dirname, join } from "node:path";

/** What this layer takes from the computer it runs on. All of it can be passed in, so that a test touches no real home. */
export interface SshOptions {
  /** Default: the home directory of this account. */
  home?: string;
  /** Read for SSH_AUTH_SOCK and for ${VARIABLES} in ssh_config. Default: process.env. */
  env?: NodeJS.ProcessEnv;
  /** Default: the name of this account. */
  localUser?: string;
  /** Default: ~/.ssh/config, then /etc/ssh/ssh_config. As with `ssh -F`, naming one leaves the system's out. */
  sshConfigFile?: string;
  /** Default: /etc/ssh/ssh_config; none when `sshConfigFile` is set. */
  systemConfigFile?: string;
  /** Default: /etc/ssh/ssh_known_hosts and /etc/ssh/ssh_known_hosts2. */
  globalKnownHostsFiles?: readonly string[];
}

/** A file of ssh_config. */
export interface ConfigFile {
  path: string;
  /** Where the relative paths of its Includes begin. */
  directory: string;
  /** ssh refuses it where others may write it. */
  private: boolean;
}

export interface Surroundings {
  home: string;
  env: NodeJS.ProcessEnv;
  localUser: string;
  localHost: string;
  /** The one file that stands for all of ssh_config; undefined: the account's and the system's. */
  configFile: string | undefined;
  /** In the order in which ssh reads them; a file that is not there is empty. */
  configFiles: readonly ConfigFile[];
  globalKnownHostsFiles: readonly string[];
}

export function surroundings(options: SshOptions = {}): Surroundings {
  const env = options.env ?? process.env;
  const home = options.home ?? homedir();
  const system = options.systemConfigFile ?? (options.sshConfigFile === undefined ? "/etc/ssh/ssh_config" : undefined);
  return {
    home,
    env,
    localUser: options.localUser ?? accountName(env),
    localHost: hostname(),
    configFile: options.sshConfigFile ?? (options.home === undefined ? undefined : join(home, ".ssh/config")),
    configFiles: [
      {
        path: options.sshConfigFile ?? join(home, ".ssh/config"),
        directory: join(home, ".ssh"),
        private: options.sshConfigFile === undefined,
      },
      ...(system === undefined ? [] : [{ path: system, directory: dirname(system), private: false }]),
    ],
    globalKnownHostsFiles: options.globalKnownHostsFiles ?? ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"],
  };
}

/** A container may run under a number without a name. */
function accountName(env: NodeJS.ProcessEnv): string {
  try {
    return userInfo().username;
  } catch {
    return env["USER"] ?? env["LOGNAME"] ?? "root";
  }
}
