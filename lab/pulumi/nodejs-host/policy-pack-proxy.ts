import { type ChildProcess } from "node:child_process";
import type { Client, sendUnaryData, ServerUnaryCall, ServiceDefinition } from "@grpc/grpc-js";
import { type Exit, ended } from "./children";
import { analyzer, AnalyzerService, channelOptions, grpc } from "./sdk";

type Call = ServerUnaryCall<Buffer, Buffer>;
type Run = (environment: Record<string, string>) => ChildProcess;

const bytes = (data: Buffer) => data;

/** The analyzer's methods, with messages passed on as the bytes they are. */
const passThrough: ServiceDefinition = Object.fromEntries(
  Object.entries(AnalyzerService as unknown as ServiceDefinition).map(([name, method]) => [
    name,
    {
      ...method,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    },
  ]),
);

/**
 * Stands between the engine and a policy pack. A pack reads stack, project and config from its environment, and the engine
 * tells them only once it talks to the pack: so this answers first, and starts the pack when ConfigureStack has come.
 */
export class PolicyPackProxy {
  readonly ended: Promise<Exit>;
  readonly #server = new grpc.Server(channelOptions);
  #setEnded!: (exit: Exit) => void;
  #pack: Promise<Client> | undefined;
  #client: Client | undefined;

  constructor(
    private readonly run: Run,
    private readonly onOutput: (data: Buffer) => void,
  ) {
    this.ended = new Promise((resolve) => (this.#setEnded = resolve));
  }

  async listen(): Promise<number> {
    const handlers = Object.fromEntries(
      Object.entries(passThrough).map(([name, method]) => [
        name,
        (call: Call, callback: sendUnaryData<Buffer>) => void this.#answer(name, method.path, call, callback),
      ]),
    );
    this.#server.addService(passThrough, handlers);
    return new Promise((resolve, reject) =>
      this.#server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      ),
    );
  }

  close(): void {
    this.#client?.close();
    this.#server.forceShutdown();
  }

  async #answer(name: string, path: string, call: Call, callback: sendUnaryData<Buffer>): Promise<void> {
    // Comes before ConfigureStack, and would start the pack without its environment.
    if (name === "handshake") return callback({ code: grpc.status.UNIMPLEMENTED, details: "not implemented" });
    try {
      this.#pack ??= this.#start(name === "configureStack" ? stackEnvironment(call.request) : {});
      const client = await this.#pack;
      client.makeUnaryRequest(path, bytes, bytes, call.request, call.metadata, (error, value) =>
        error ? callback(error) : callback(null, value),
      );
    } catch (error) {
      callback({ code: grpc.status.UNKNOWN, details: (error as Error).message });
    }
  }

  async #start(environment: Record<string, string>): Promise<Client> {
    const pack = this.run(environment);
    const exit = ended(pack).catch((error: Error) => {
      this.onOutput(Buffer.from(`${error.message}\n`));
      return { code: 1, signal: null };
    });
    void exit.then(this.#setEnded);
    const port = await Promise.race([
      portOf(pack, this.onOutput),
      exit.then(({ code, signal }) => {
        throw new Error(`the policy pack ended (${signal ?? `exit code ${code}`}) before it was ready`);
      }),
    ]);
    this.#client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), channelOptions);
    return this.#client;
  }
}

/** The first line that is a number is the pack's port; everything else is the pack's own output. */
function portOf(pack: ChildProcess, onOutput: (data: Buffer) => void): Promise<string> {
  return new Promise((resolve) => {
    let isKnown = false;
    let held = "";
    pack.stdout?.on("data", (data: Buffer) => {
      if (isKnown) return onOutput(data);
      // Bytes as characters: a character may be cut between two chunks.
      const lines = (held + data.toString("latin1")).split(/(?<=\n)/);
      held = lines.at(-1)?.endsWith("\n") === true ? "" : (lines.pop() ?? "");
      const port = lines.findIndex((line) => /^\d+\s*$/.test(line));
      if (port >= 0) {
        isKnown = true;
        resolve(lines.splice(port, 1)[0]!.trim());
        lines.push(held);
      }
      if (lines.join("") !== "") onOutput(Buffer.from(lines.join(""), "latin1"));
    });
  });
}

function stackEnvironment(request: Buffer): Record<string, string> {
  const stack = analyzer.AnalyzerStackConfigureRequest.deserializeBinary(request);
  return {
    PULUMI_NODEJS_ORGANIZATION: stack.getOrganization(),
    PULUMI_NODEJS_PROJECT: stack.getProject(),
    PULUMI_NODEJS_STACK: stack.getStack(),
    PULUMI_NODEJS_DRY_RUN: String(stack.getDryRun()),
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(stack.getConfigMap().getEntryList())),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(stack.getConfigSecretKeysList()),
  };
}
