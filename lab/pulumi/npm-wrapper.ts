import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { publish } from "./cache";
import { isExecutable } from "./find-on-path";
import { runCommand } from "./run-command";
import { PULUMI_VERSION } from "./version";

const INSTALL_TIMEOUT_MS = 60_000;
const DOWNLOAD_TIMEOUT_MS = 300_000;

/** Gets the official CLI by the npm package `pulumi`, which downloads it on first use. Returns why it could not. */
export async function downloadWithNpm(
  directory: string,
  options: { log: (line: string) => void; env?: NodeJS.ProcessEnv },
): Promise<string | undefined> {
  let reason: string | undefined;
  await publish(directory, async (temporary) => {
    reason = await download(temporary, options);
    // An empty directory must not be taken for a CLI.
    if (reason !== undefined) throw new DownloadFailed(reason);
  }).catch((error: unknown) => {
    if (!(error instanceof DownloadFailed)) throw error;
  });
  return reason;
}

class DownloadFailed extends Error {}

async function download(
  directory: string,
  { log, env = process.env }: { log: (line: string) => void; env?: NodeJS.ProcessEnv },
): Promise<string | undefined> {
  const wrapper = join(directory, "wrapper");
  mkdirSync(wrapper);
  const install = await runCommand(
    "npm",
    ["install", "--prefix", wrapper, "--no-audit", "--no-fund", "--ignore-scripts", `pulumi@${PULUMI_VERSION}`],
    { cwd: wrapper, env, timeoutMs: INSTALL_TIMEOUT_MS },
  );
  if (install.code !== 0) return `npm install pulumi@${PULUMI_VERSION} failed: ${lastLine(install.stderr)}`;

  const home = join(directory, "home");
  const first = await runCommand(process.execPath, [join(wrapper, "node_modules", "pulumi", "run.js"), "version"], {
    env: { ...env, PULUMI_HOME: home, PULUMI_VERSION, PULUMI_SKIP_UPDATE_CHECK: "true" },
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
    onLine: (line) => log(`  ${line}`),
  });
  if (first.code === 124) return `its download took more than ${DOWNLOAD_TIMEOUT_MS / 1000} s`;
  if (first.code !== 0) return lastLine(first.stderr);
  const bin = join(home, "versions", PULUMI_VERSION, "bin");
  if (!isExecutable(join(bin, "pulumi"))) return "it downloaded no CLI";
  renameSync(bin, join(directory, "bin"));
  return undefined;
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
