/**
 * What the provider adds to the start of its process: from the start of the SDK's dynamic provider to its first answer, a `check`, with the
 * built handlers and with ones that do nothing. The engine starts such a process for each command.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { CheckRequest, type CheckResponse, ConfigureRequest } from "@pulumi/pulumi/proto/provider_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { processorMs } from "./processor-time";
import { idleProvider } from "./idle";
import { compare, excess, rotated } from "./ratios";
import { excessResult, type Result } from "./result";

const root = join(__dirname, "../..");
const goalMs = 60;
const host = (index: number) => [`kvm-${index}`, { address: `10.0.0.${index}`, user: "root" }] as const;
const inventory = Object.fromEntries(Array.from({ length: 50 }, (_, index) => host(index + 1)));
const inputs = { domain: "db-01", host: "kvm-7" };

const providers = {
  placement: 'exports.handler = () => require("pulumi-vm-placement/handlers");',
  idle: idleProvider,
};
type Name = keyof typeof providers;

interface Start {
  ms: number;
  /** Of the provider process alone: on a busy computer it says more. */
  cpuMs: number;
}
type Round = Record<Name, Start>;

export async function benchStart({ pairs }: { pairs: number }): Promise<Result[]> {
  const engine = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
  await once(engine, "listening");
  const address = `127.0.0.1:${(engine.address() as { port: number }).port}`;
  try {
    const rounds: Round[] = [];
    for (let index = 0; index <= pairs; index++) {
      const measured: Partial<Round> = {};
      for (const name of rotated(["placement", "idle"] as const, index))
        measured[name] = await untilFirstAnswer(providers[name], address);
      // The first is not counted: it reads the files from the disk.
      if (index > 0) rounds.push(measured as Round);
    }
    return [
      more("start-vs-noop", "spawn to first answer, more than a provider that does nothing", rounds, "ms", goalMs),
      more("start-cpu-vs-noop", "processor time of the same", rounds, "cpuMs"),
    ];
  } finally {
    engine.close();
  }
}

function more(name: string, what: string, rounds: Round[], unit: keyof Start, goal?: number): Result {
  const sides = [rounds, ({ placement }: Round) => placement[unit], ({ idle }: Round) => idle[unit]] as const;
  const named = { name, what, goal: goal === undefined ? undefined : { atMost: goal } };
  return excessResult(excess(name, ...sides), compare(name, ...sides), named);
}

async function untilFirstAnswer(provider: string, engine: string): Promise<Start> {
  const start = performance.now();
  const main = join(root, "node_modules/@pulumi/pulumi/cmd/dynamic-provider");
  const child = spawn(process.execPath, [main, engine], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const port = await portOf(child);
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
    await configured(client);
    const outputs = await checked(client, provider);
    const measured = { ms: performance.now() - start, cpuMs: processorMs(child.pid!) };
    client.close();
    if (outputs["host"] !== inputs.host) throw new Error(`not an answer: ${JSON.stringify(outputs)}`);
    return measured;
  } finally {
    child.kill("SIGKILL");
  }
}

function portOf({ stdout, pid }: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    stdout!.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) resolve(text.trim());
    });
    stdout!.on("end", () => reject(new Error(`the provider process ${pid} ended without a port`)));
  });
}

function configured(client: ResourceProviderClient): Promise<void> {
  const request = new ConfigureRequest();
  request.setArgs(Struct.fromJavaScript({ "vm-placement:hosts": JSON.stringify(inventory) }));
  return new Promise((resolve, reject) => client.configure(request, (error) => (error ? reject(error) : resolve())));
}

function checked(client: ResourceProviderClient, provider: string): Promise<Record<string, unknown>> {
  const request = new CheckRequest();
  request.setOlds(Struct.fromJavaScript({}));
  request.setNews(Struct.fromJavaScript({ ...inputs, __provider: provider }));
  return new Promise((resolve, reject) =>
    client.check(request, (error: Error | null, response?: CheckResponse) =>
      error || !response ? reject(error ?? new Error("no answer")) : resolve(response.getInputs()!.toJavaScript()),
    ),
  );
}
