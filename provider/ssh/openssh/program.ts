import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { isAbsolute, join } from "node:path";
import { promisify } from "node:util";

/** KnownHostsCommand came with 8.5, ForkAfterAuthentication with 8.7 (RHEL 9 has 8.7, Debian 12 9.2, Ubuntu 22.04 8.9). */
const oldest = 8.7;

/** The system's ssh. */
export type SshProgram = { path: string } | { missing: string };

export async function findSsh(env: NodeJS.ProcessEnv): Promise<SshProgram> {
  const folders = (env["PATH"] ?? process.env["PATH"] ?? "").split(":").filter(isAbsolute);
  const path = folders.map((folder) => join(folder, "ssh")).find(isExecutable);
  if (path === undefined) return { missing: "this computer has no ssh command" };
  try {
    const { stderr } = await promisify(execFile)(path, ["-V"], { timeout: 5000 });
    const version = /^OpenSSH_(?:for_\w+_)?(\d+\.\d+)/.exec(stderr)?.[1];
    if (version === undefined) return { missing: "the ssh command of this computer is not OpenSSH's" };
    return Number(version) >= oldest
      ? { path }
      : { missing: `the ssh command of this computer is OpenSSH ${version}, and ${oldest} or later is needed` };
  } catch {
    return { missing: "the ssh command of this computer does not run" };
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
