import type { ServerWritableStream } from "@grpc/grpc-js";
import type { RunPluginRequest, RunPluginResponse } from "@pulumi/pulumi/proto/language_pb";
import { type Exit, ended, interrupt, start } from "./children";
import { PolicyPackProxy } from "./policy-pack-proxy";
import { runtimeEnvironment, runtimeOptions } from "./runtime-options";
import { language, locate } from "./sdk";

type Call = ServerWritableStream<RunPluginRequest, RunPluginResponse>;

/** Runs a policy pack or a provider that is written for Node, with the SDK's own launcher for it. */
export async function runPlugin(call: Call): Promise<void> {
  const request = call.request;
  const directory = request.getInfo()?.getProgramDirectory() || request.getProgram();
  const isPolicyPack = request.getKind() === "analyzer";
  const moduleName = `@pulumi/pulumi/cmd/${isPolicyPack ? "run-policy-pack" : "run-plugin"}`;
  const launcher = locate(moduleName, directory);
  if (launcher === undefined) {
    // The engine looks for this very text and then advises to run npm install in the pack.
    write(call, "stderr", `Cannot find module '${moduleName}'\n`);
    return end(call, { code: 1, signal: null });
  }
  const options = runtimeOptions(request.getInfo());
  const environment = { ...fromPairs(request.getEnvList()), ...runtimeEnvironment(options) };
  const passed = request.getArgsList();
  const args = [...options.nodeargs, launcher, ...(isPolicyPack ? [...passed, directory] : [directory, ...passed])];
  const run = (more: Record<string, string>) => {
    const child = start(process.execPath, args, {
      cwd: isPolicyPack ? directory : request.getPwd(),
      env: { ...environment, ...more },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stderr?.on("data", (data: Buffer) => write(call, "stderr", data));
    call.on("cancelled", () => interrupt(child));
    return child;
  };

  if (isPolicyPack) {
    const proxy = new PolicyPackProxy(run, (data) => write(call, "stdout", data));
    call.on("cancelled", () => proxy.close());
    write(call, "stdout", `${await proxy.listen()}\n`);
    const exit = await proxy.ended;
    proxy.close();
    return end(call, exit);
  }
  const child = run({});
  child.stdout?.on("data", (data: Buffer) => write(call, "stdout", data));
  end(call, await ended(child));
}

function write(call: Call, stream: "stdout" | "stderr", data: Buffer | string): void {
  if (call.cancelled) return;
  const message = new language.RunPluginResponse();
  const bytes = Buffer.from(data);
  if (stream === "stdout") message.setStdout(bytes);
  else message.setStderr(bytes);
  call.write(message);
}

function end(call: Call, exit: Exit): void {
  if (!call.cancelled) {
    const message = new language.RunPluginResponse();
    message.setExitcode(exit.code ?? 1);
    call.write(message);
  }
  call.end();
}

function fromPairs(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf("=");
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}
