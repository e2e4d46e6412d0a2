import type { RunRequest, RunResponse } from "@pulumi/pulumi/proto/language_pb";
import { type Exit, ended, start } from "./children";
import { runtimeEnvironment, runtimeOptions } from "./runtime-options";
import { language, locate } from "./sdk";

/** The SDK's own code for "the user has read why already". */
const ALREADY_REPORTED = 32;

/** Runs the user's program with the SDK's own cmd/run. Its output goes straight to the engine, which shows it. */
export async function runProgram(request: RunRequest, engineAddress: string): Promise<RunResponse> {
  const directory = request.getInfo()?.getProgramDirectory() || request.getPwd();
  const runner = locate("@pulumi/pulumi/cmd/run", directory);
  if (runner === undefined) {
    return failure(`The Pulumi SDK (@pulumi/pulumi) is not installed for ${directory}: run npm install there.`);
  }
  const options = runtimeOptions(request.getInfo());
  const child = start(process.execPath, [...options.nodeargs, runner, ...programArguments(request, engineAddress)], {
    cwd: request.getPwd() || directory,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      ...runtimeEnvironment(options),
      PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().getEntryList())),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    },
  });
  return response(await ended(child));
}

function programArguments(request: RunRequest, engineAddress: string): string[] {
  const flags: [string, string][] = [
    ["monitor", request.getMonitorAddress()],
    ["engine", engineAddress],
    ["organization", request.getOrganization()],
    ["project", request.getProject()],
    ["stack", request.getStack()],
    ["root-directory", request.getInfo()?.getRootDirectory() ?? ""],
    ["pwd", request.getPwd()],
    ["parallel", String(request.getParallel() || "")],
  ];
  return [
    ...flags.filter(([, value]) => value !== "").map(([name, value]) => `--${name}=${value}`),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    request.getInfo()?.getEntryPoint() || request.getProgram() || ".",
    ...request.getArgsList(),
  ];
}

function response(exit: Exit): RunResponse {
  if (exit.code === 0) return new language.RunResponse();
  if (exit.code === ALREADY_REPORTED) {
    const bail = new language.RunResponse();
    bail.setBail(true);
    return bail;
  }
  return failure(
    exit.signal === null
      ? `Program exited with non-zero exit code: ${exit.code}`
      : `Program was ended by ${exit.signal}${exit.signal === "SIGKILL" ? " (is the computer out of memory?)" : ""}`,
  );
}

function failure(text: string): RunResponse {
  const failed = new language.RunResponse();
  failed.setError(text);
  return failed;
}
