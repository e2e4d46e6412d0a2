import { existsSync, mkdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { ensureOwnDirectory, refuseOthers } from "../own-directory";
import { cacheDirectory, removeLeftovers } from "./cache";
import { findExecutable, findPulumi } from "./find-on-path";
import { buildWithGo, findGo, minimumGo } from "./go-build";
import { withLock } from "./lock";
import { hostModules, withNodejsHost } from "./nodejs-host";
import { modulesVariable } from "./nodejs-host/modules-variable";
import { downloadWithNpm } from "./npm-wrapper";
import { runCommand } from "./run-command";
import { PULUMI_VERSION } from "./version";

export interface PulumiInstallation {
  /** The path of the executable. */
  bin: string;
  version: string;
  origin: "path" | "npm" | "built";
  /** What a child needs on top of process.env. */
  env: Record<string, string>;
}

export interface EnsureOptions {
  log?: (line: string) => void;
  /** In place of process.env: where to search, and where the cache is. */
  env?: NodeJS.ProcessEnv;
}

/** A working `pulumi` that runs Node programs and policy packs: from PATH, else downloaded by npm, else built with Go. */
export async function ensurePulumi({
  log = () => {},
  env = process.env,
}: EnsureOptions = {}): Promise<PulumiInstallation> {
  const cache = cacheDirectory(env);
  const found = await fromPath(env, log);
  if (found !== undefined) return found;
  ensureOwnDirectory(dirname(cache));
  ensureOwnDirectory(cache);
  return (
    (await fromCache(cache, env)) ??
    (await withLock(
      join(cache, "lock"),
      async () => {
        removeLeftovers(cache);
        return (await fromCache(cache, env)) ?? (await acquire(cache, env, log));
      },
      { log },
    ))
  );
}

async function fromPath(env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<PulumiInstallation | undefined> {
  const bin = findPulumi(env["PATH"]);
  if (bin === undefined) return undefined;
  const version = await versionOf(bin, env);
  if (version?.startsWith("3.") === true) {
    return { bin, version, origin: "path", env: pathWithNode(env, dirname(bin)) };
  }
  log(`${bin} is not used: ${version === undefined ? "it does not answer to `version`" : `it is version ${version}`}`);
  return undefined;
}

async function fromCache(cache: string, env: NodeJS.ProcessEnv): Promise<PulumiInstallation | undefined> {
  const official = join(cache, "official", "bin", "pulumi");
  if (existsSync(official)) {
    refuseOthers(official);
    return { bin: official, version: PULUMI_VERSION, origin: "npm", env: pathWithNode(env, dirname(official)) };
  }
  const built = join(cache, "built", "pulumi");
  if (!existsSync(built)) return undefined;
  refuseOthers(built);
  const bin = await withNodejsHost(built, cache);
  refuseOthers(dirname(bin));
  return {
    bin,
    version: PULUMI_VERSION,
    origin: "built",
    env: { ...pathWithNode(env, dirname(bin)), [modulesVariable]: hostModules },
  };
}

async function acquire(
  cache: string,
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<PulumiInstallation> {
  mkdirSync(cache, { recursive: true });
  log(`pulumi is not on PATH: getting ${PULUMI_VERSION} by the npm package "pulumi" (once, into ${cache})`);
  const noDownload = await downloadWithNpm(join(cache, "official"), { log, env });
  if (noDownload !== undefined) {
    const go = await findGo(env);
    if (go?.isNewEnough !== true) {
      throw new Error(instructions(noDownload, go === undefined ? "is not installed" : `is ${go.version}`));
    }
    log(`no download here (${noDownload}): building it from Go modules with ${go.version}`);
    log("  about 4 minutes on two idle cores, once; then it is cached");
    const notBuilt = await buildWithGo(join(cache, "built"), { log, env });
    if (notBuilt !== undefined) throw new Error(instructions(noDownload, `could not build it:\n${notBuilt}\n`));
  }
  const installation = await fromCache(cache, env);
  if (installation === undefined) throw new Error(`nothing was installed into ${cache}`);
  return installation;
}

/** One paragraph, for someone who only wants to go on. */
function instructions(noDownload: string, go: string): string {
  return (
    `No Pulumi CLI could be had. It is not on PATH together with its language host pulumi-language-nodejs; the npm package ` +
    `"pulumi" could not download it (${noDownload}); and it could not be built, because Go ${go.trimEnd()}${go.endsWith("\n") ? "\n" : ". "}` +
    `Do one of these: install the Pulumi CLI ${PULUMI_VERSION} or later (version 3) with the installer of its project so that ` +
    `\`pulumi version\` works in this shell; or install Go ${minimumGo} or later so that \`go version\` works, with access to a ` +
    `Go module proxy, and run this again.`
  );
}

async function versionOf(bin: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { code, stdout } = await runCommand(bin, ["version"], {
    env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    timeoutMs: 15_000,
  });
  return code === 0 ? /^v?(\d+\.\d+\.\d+\S*)/.exec(stdout.trim())?.[1] : undefined;
}

/** The node that comes first on PATH runs program and provider; without one there, it is the node that runs this. */
function pathWithNode(env: NodeJS.ProcessEnv, first: string): Record<string, string> {
  const path = env["PATH"] ?? "";
  const node = findExecutable("node", path) === undefined ? [dirname(process.execPath)] : [];
  return { PATH: [first, path, ...node].filter((part) => part !== "").join(delimiter) };
}
