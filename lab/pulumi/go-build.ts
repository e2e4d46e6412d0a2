import { join } from "node:path";
import { publish } from "./cache";
import { runCommand } from "./run-command";
import { PULUMI_VERSION } from "./version";

const VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";

interface Program {
  /** The name of the executable. */
  name: string;
  packagePath: string;
  /** Has go.mod and go.sum: the versions and checksums of every module that goes in. */
  moduleDirectory: string;
  flags: readonly string[];
}

const cli: Program = {
  name: "pulumi",
  packagePath: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
  moduleDirectory: join(__dirname, "go"),
  flags: ["-ldflags", `-s -w -X ${VERSION_VARIABLE}=v${PULUMI_VERSION}`],
};
const MINIMUM_GO = [1, 25] as const;
const REPORT_EVERY_MS = 30_000;

export interface Go {
  version: string;
  isNewEnough: boolean;
}

export async function findGo(env: NodeJS.ProcessEnv = process.env): Promise<Go | undefined> {
  const { code, stdout } = await runCommand("go", ["env", "GOVERSION"], { env, cwd: cli.moduleDirectory });
  return code === 0 ? parseGoVersion(stdout) : undefined;
}

export function parseGoVersion(text: string): Go | undefined {
  const match = /go(\d+)\.(\d+)[^\s]*/.exec(text);
  if (!match) return undefined;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  const isNewEnough = major > MINIMUM_GO[0] || (major === MINIMUM_GO[0] && minor >= MINIMUM_GO[1]);
  return { version: match[0], isNewEnough };
}

export const minimumGo = MINIMUM_GO.join(".");

/** Builds a program into `directory`, by default the CLI. Returns why it could not. */
export async function buildWithGo(
  directory: string,
  { log, env = process.env }: { log: (line: string) => void; env?: NodeJS.ProcessEnv },
  { name, packagePath, moduleDirectory, flags }: Program = cli,
): Promise<string | undefined> {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const report = setInterval(() => log(`  still building (${seconds()} s)`), REPORT_EVERY_MS);
  let reason: string | undefined;
  try {
    await publish(directory, async (temporary) => {
      const { code, stderr } = await runCommand(
        "go",
        [
          ...["build", "-mod=readonly", "-trimpath", "-buildvcs=false"],
          ...[...flags, "-o", join(temporary, name), packagePath],
        ],
        { cwd: moduleDirectory, env: { ...env, GOWORK: "off" } },
      );
      if (code === 0) return;
      reason = stderr.trim().split("\n").slice(-5).join("\n");
      throw new BuildFailed(reason);
    });
    log(`  built in ${seconds()} s`);
  } catch (error) {
    if (!(error instanceof BuildFailed)) throw error;
  } finally {
    clearInterval(report);
  }
  return reason;
}

class BuildFailed extends Error {}
