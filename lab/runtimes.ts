/** Other releases of Node.js and of Pulumi's SDK than the ones of this checkout, for tests against both ends of what is supported. */
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensureOwnDirectory, refuseOthers } from "./own-directory";
import { cacheDirectory, publish, removeLeftovers } from "./pulumi/cache";
import { withLock } from "./pulumi/lock";
import { runCommand } from "./pulumi/run-command";

export interface Runtime {
  title: string;
  /** The node program. */
  node: string;
  /** A node_modules directory with @pulumi/pulumi. */
  modules: string;
}

/** What a runtime is made of; the exact versions are pinned. Without `node` it is the Node.js that runs this. */
export interface RuntimeSpec {
  node?: string;
  sdk: string;
}

/** The least that package.json's peerDependencies allow. */
export const oldestSdk: RuntimeSpec = { sdk: "3.216.0" };
export const newest: RuntimeSpec = { node: "24.21.0", sdk: "3.270.0" };

const nodeArchitectures = ["linux-x64", "linux-arm64", "darwin-x64"];

/** Why a runtime cannot be had here, in one line; undefined where it can. */
export function runtimeNotRun({ node }: RuntimeSpec): string | undefined {
  const architecture = `${process.platform}-${process.arch}`;
  return node === undefined || nodeArchitectures.includes(architecture)
    ? undefined
    : `npm has no Node.js ${node} for ${architecture}`;
}

export function runtimeTitle({ node, sdk }: RuntimeSpec): string {
  return `Node.js ${node ?? process.versions.node} with @pulumi/pulumi ${sdk}`;
}

/** Gets a runtime from npm, once; it is kept outside the repository. */
export async function ensureRuntime(
  spec: RuntimeSpec,
  log: (line: string) => void = () => {},
  env: NodeJS.ProcessEnv = process.env,
): Promise<Runtime> {
  const notRun = runtimeNotRun(spec);
  if (notRun !== undefined) throw new Error(notRun);
  const nodePackage = `node-${process.platform}-${process.arch}`;
  const base = join(dirname(cacheDirectory(env)), "runtimes");
  const directory = join(base, `${spec.node === undefined ? "" : `node-${spec.node}-`}sdk-${spec.sdk}`);
  const runtime: Runtime = {
    title: runtimeTitle(spec),
    node: spec.node === undefined ? process.execPath : join(directory, `node_modules/${nodePackage}/bin/node`),
    modules: join(directory, "node_modules"),
  };
  for (const path of [dirname(base), base]) ensureOwnDirectory(path);
  if (existsSync(directory)) {
    refuseOthers(directory);
    return runtime;
  }
  const dependencies = {
    "@pulumi/pulumi": spec.sdk,
    ...(spec.node !== undefined && { [nodePackage]: spec.node }),
  };
  await withLock(
    join(base, "lock"),
    async () => {
      if (existsSync(directory)) return;
      removeLeftovers(base);
      log(`getting ${runtime.title} from npm (once, about a minute)`);
      await publish(directory, async (temporary) => {
        writeFileSync(join(temporary, "package.json"), JSON.stringify({ private: true, dependencies }));
        const { code, stderr } = await runCommand(
          "npm",
          ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"],
          { cwd: temporary, env, timeoutMs: 10 * 60_000 },
        );
        if (code !== 0) throw new Error(`cannot get ${runtime.title}: ${stderr.trim()}`);
      });
    },
    { log },
  );
  return runtime;
}
