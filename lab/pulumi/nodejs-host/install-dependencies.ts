import type { ServerWritableStream } from "@grpc/grpc-js";
import type { InstallDependenciesRequest, InstallDependenciesResponse } from "@pulumi/pulumi/proto/language_pb";
import { ended, interrupt, start } from "./children";
import { runtimeOptions } from "./runtime-options";
import { language } from "./sdk";

type Call = ServerWritableStream<InstallDependenciesRequest, InstallDependenciesResponse>;

export async function installDependencies(call: Call): Promise<void> {
  const { packageManager } = runtimeOptions(call.request.getInfo());
  const child = start(packageManager, ["install"], {
    cwd: call.request.getDirectory(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  call.on("cancelled", () => interrupt(child));
  child.stdout?.on("data", (data: Buffer) => {
    const message = new language.InstallDependenciesResponse();
    message.setStdout(data);
    call.write(message);
  });
  child.stderr?.on("data", (data: Buffer) => {
    const message = new language.InstallDependenciesResponse();
    message.setStderr(data);
    call.write(message);
  });
  const { code, signal } = await ended(child);
  if (code !== 0) throw new Error(`${packageManager} install failed (${signal ?? `exit code ${code}`})`);
  call.end();
}
