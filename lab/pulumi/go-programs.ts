/** Programs of Go modules that tests run beside the CLI: built once, and cached with it. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheDirectory } from "./cache";
import { findExecutable } from "./find-on-path";
import { buildWithGo, findGo } from "./go-build";
import { withLock } from "./lock";

type Log = (line: string) => void;
const flags = ["-ldflags", "-s -w"];

/** The modules of the generator, which the SDK for Go compiles with too. */
export const sdkModule = join(__dirname, "go-sdk");

const yamlHost = {
  name: "pulumi-language-yaml",
  packagePath: "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
  moduleDirectory: join(__dirname, "go-yaml"),
  flags,
  release: "1.25.0",
};
const goHost = {
  name: "pulumi-language-go",
  packagePath: "github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go",
  moduleDirectory: join(__dirname, "go-host"),
  flags,
  // The newest that is part of a published module; it runs programs with later SDKs too.
  release: "3.60.0",
};
const sdkGenerator = {
  name: "sdk-generator",
  packagePath: ".",
  moduleDirectory: sdkModule,
  flags,
  // A new one where main.go has changed.
  release: "3.206.0-3",
};

/** A directory for PATH with Pulumi's language host for YAML programs; undefined where PATH has one. */
export async function ensureYamlHost(log: Log, env = process.env): Promise<string | undefined> {
  return findExecutable(yamlHost.name, env["PATH"]) === undefined ? ensure(yamlHost, log, env) : undefined;
}

/** A directory for PATH with Pulumi's language host for Go programs, where possible the one that is on it. Undefined without Go. */
export async function ensureGoHost(log: Log, env = process.env): Promise<string | undefined> {
  if ((await findGo(env))?.isNewEnough !== true) return undefined;
  const found = findExecutable(goHost.name, env["PATH"]);
  return found === undefined ? ensure(goHost, log, env) : dirname(found);
}

/** What writes SDKs of a schema: `sdk-generator SCHEMA DIRECTORY`. Undefined without Go. */
export async function ensureSdkGenerator(log: Log, env = process.env): Promise<string | undefined> {
  if ((await findGo(env))?.isNewEnough !== true) return undefined;
  return join(await ensure(sdkGenerator, log, env), sdkGenerator.name);
}

async function ensure(program: typeof yamlHost, log: Log, env: NodeJS.ProcessEnv): Promise<string> {
  const { name, release } = program;
  const cache = cacheDirectory(env);
  const directory = join(cache, `${name}-${release}`);
  mkdirSync(cache, { recursive: true });
  await withLock(join(cache, `${name}-lock`), async () => {
    if (existsSync(join(directory, name))) return;
    log(`building ${name} from Go modules (about two minutes on two idle cores, once)`);
    const notBuilt = await buildWithGo(directory, { log, env }, program);
    if (notBuilt !== undefined) throw new Error(`${name} could not be built:\n${notBuilt}`);
  });
  return directory;
}
