/** Programs that the lab needs and npm cannot bring. */
import { spawnSync } from "node:child_process";
import { type Extras, findProgram, missingPackages, missingPrerequisites } from "../lab/libvirt/prerequisites";

/**
 * Installs what is missing where that may be done without asking: as root, by apt or dnf. Returns what a lab still lacks, one
 * sentence each.
 */
export function ensureSystemPackages(log: (line: string) => void, options: Extras = {}): string[] {
  const missing = missingPackages(options);
  if (missing.apt.length > 0 && process.platform === "linux" && process.getuid?.() === 0) {
    if (findProgram("apt-get")) {
      log(`installing by apt-get: ${missing.apt.join(" ")}`);
      const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
      const install = ["install", "-y", "-q", "--no-install-recommends", ...missing.apt];
      // The package lists of a new computer may be empty or old.
      if (!succeeds("apt-get", install, env) && succeeds("apt-get", ["update", "-q"], env, log)) {
        succeeds("apt-get", install, env, log);
      }
    } else if (findProgram("dnf")) {
      log(`installing by dnf: ${missing.dnf.join(" ")}`);
      succeeds("dnf", ["install", "-y", "-q", ...missing.dnf], process.env, log);
    }
  }
  return missingPrerequisites(options);
}

function succeeds(program: string, args: string[], env: NodeJS.ProcessEnv, log?: (line: string) => void): boolean {
  const { status, stdout, stderr } = spawnSync(program, args, { env, encoding: "utf8" });
  if (status !== 0) log?.(`${program} failed: ${(stderr || stdout).trim().split("\n").slice(-3).join("; ")}`);
  return status === 0;
}
