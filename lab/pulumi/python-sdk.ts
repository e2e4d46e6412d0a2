/** Pulumi's SDK for Python, with what installs a package made from schema.json: from PyPI once, and cached with the CLI. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory, publish } from "./cache";
import { findExecutable } from "./find-on-path";
import { withLock } from "./lock";
import { runCommand } from "./run-command";

const release = "3.248.0";
const packages = [`pulumi==${release}`, "parver", "semver", "setuptools", "wheel"];

/** A directory for PYTHONPATH. Undefined where there is no Python with pip, or the packages cannot be fetched. */
export async function ensurePythonSdk(log: (line: string) => void, env = process.env): Promise<string | undefined> {
  if (findExecutable("python3", env["PATH"]) === undefined) return undefined;
  const cache = cacheDirectory(env);
  const directory = join(cache, `python-sdk-${release}`);
  mkdirSync(cache, { recursive: true });
  return withLock(join(cache, "python-sdk-lock"), async () => {
    if (existsSync(directory)) return directory;
    log(`fetching Pulumi's SDK ${release} for Python (once)`);
    try {
      await publish(directory, async (temporary) => {
        const args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", temporary];
        const { code, stderr } = await runCommand("python3", [...args, ...packages], { env, timeoutMs: 8 * 60_000 });
        if (code !== 0) throw new Error(stderr);
      });
      return directory;
    } catch (error) {
      log(`Pulumi's SDK for Python cannot be had: ${(error as Error).message}`);
      return undefined;
    }
  });
}
