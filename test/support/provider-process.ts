/** The process that Pulumi starts for dynamic resources, spoken to as its engine does: over gRPC, with an engine that records what is logged. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Runtime } from "../../lab/runtimes";
import { type FakeEngine, type LogLine, startEngine } from "./fake-engine";

const root = join(__dirname, "../..");

export type Props = Record<string, unknown>;

/** What a failed call brought over the wire. */
export class CallError extends Error {
  constructor(
    message: string,
    /** `ErrorResourceInitFailed`: the resource exists, but not as it should. */
    readonly partial: { id: string; properties: Props; reasons: string[] } | undefined,
  ) {
    super(message);
  }
}

export interface ProviderOptions {
  runtime: Runtime;
  /** The home directory of the process; nothing of this account's ssh is used. */
  home: string;
  /** Whether an engine listens. Default true. */
  engine?: boolean;
}

/** A project directory as npm lays it out: the package itself is a copy, so that it finds its peers here. */
function makeProject({ modules }: Runtime): string {
  const project = mkdtempSync(join(tmpdir(), "vm-placement-provider-"));
  const target = join(project, "node_modules");
  mkdirSync(target);
  const link = (from: string, name: string) => {
    if (!existsSync(join(target, name))) symlinkSync(join(from, name), join(target, name));
  };
  // What the runtime does not bring (zod, ssh2 …) is this checkout's.
  for (const from of [modules, join(root, "node_modules")]) {
    for (const name of readdirSync(from)) {
      if (name.startsWith(".") || name === "pulumi-vm-placement") continue;
      if (!name.startsWith("@")) link(from, name);
      else {
        mkdirSync(join(target, name), { recursive: true });
        for (const inner of readdirSync(join(from, name))) link(from, `${name}/${inner}`);
      }
    }
  }
  for (const part of ["package.json", "dist"]) {
    cpSync(join(root, part), join(target, "pulumi-vm-placement", part), { recursive: true });
  }
  return project;
}

export class ProviderProcess {
  /** Everything that came back, as text: to look for what must not be in it. */
  answers = "";

  private constructor(
    readonly project: string,
    /** What it wrote, and what its engine was told; they grow. */
    readonly output: { stdout: string; stderr: string; logs: LogLine[] },
    private readonly child: ChildProcess,
    private readonly engine: FakeEngine | undefined,
    private readonly client: ResourceProviderClient,
  ) {}

  static async start({ runtime, home, engine: withEngine = true }: ProviderOptions): Promise<ProviderProcess> {
    const project = makeProject(runtime);
    const output = { stdout: "", stderr: "", logs: [] as LogLine[] };
    const engine = withEngine ? await startEngine((line) => output.logs.push(line)) : undefined;
    const entry = join(project, "node_modules/@pulumi/pulumi/cmd/dynamic-provider");
    const child = spawn(runtime.node, [entry, engine ? `127.0.0.1:${engine.port}` : "127.0.0.1:1"], {
      cwd: project,
      env: { PATH: process.env["PATH"], HOME: home },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    const port = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        output.stdout += `${line}\n`;
        resolve(line);
      });
      child.once("exit", (code) => reject(new Error(`the provider ended with ${code}: ${output.stderr}`)));
    });
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    return new ProviderProcess(project, output, child, engine, client);
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Exit code or signal, when it has ended. */
  async exit(): Promise<number | string | null> {
    if (this.running) await once(this.child, "exit");
    return this.child.exitCode ?? this.child.signalCode;
  }

  async stop(): Promise<void> {
    if (this.running) {
      this.signal("SIGKILL");
      await this.exit();
    }
    this.client.close();
    this.engine?.server.forceShutdown();
    rmSync(this.project, { recursive: true, force: true });
  }

  /** With the stack's configuration, values as Pulumi hands them over: objects as JSON text. */
  async configure(config: Record<string, unknown>): Promise<void> {
    const request = new messages.ConfigureRequest();
    const texts = Object.entries(config).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
    request.setArgs(struct(Object.fromEntries(texts) as Props));
    await this.call((done) => this.client.configure(request, done));
  }

  async check(
    news: Props,
    olds: Props = {},
  ): Promise<{ inputs: Props; failures: { property: string; reason: string }[] }> {
    const request = new messages.CheckRequest();
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    const response = await this.call<messages.CheckResponse>((done) => this.client.check(request, done));
    return {
      inputs: props(response.getInputs()),
      failures: response.getFailuresList().map((f) => ({ property: f.getProperty(), reason: f.getReason() })),
    };
  }

  async diff(
    id: string,
    olds: Props,
    news: Props,
  ): Promise<{ changes: "none" | "some" | "unknown"; replaces: string[] }> {
    const request = new messages.DiffRequest();
    request.setId(id);
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    const response = await this.call<messages.DiffResponse>((done) => this.client.diff(request, done));
    const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
    const changes = response.getChanges();
    return {
      changes: changes === DIFF_NONE ? "none" : changes === DIFF_SOME ? "some" : "unknown",
      replaces: response.getReplacesList(),
    };
  }

  async create(news: Props): Promise<{ id: string; outputs: Props }> {
    const request = new messages.CreateRequest();
    request.setProperties(struct(news));
    const response = await this.call<messages.CreateResponse>((done) => this.client.create(request, done));
    return { id: response.getId(), outputs: props(response.getProperties()) };
  }

  async update(id: string, olds: Props, news: Props): Promise<Props> {
    const request = new messages.UpdateRequest();
    request.setId(id);
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    const response = await this.call<messages.UpdateResponse>((done) => this.client.update(request, done));
    return props(response.getProperties());
  }

  async read(id: string, properties: Props): Promise<{ id: string; outputs: Props; inputs: Props }> {
    const request = new messages.ReadRequest();
    request.setId(id);
    request.setProperties(struct(properties));
    const response = await this.call<messages.ReadResponse>((done) => this.client.read(request, done));
    return { id: response.getId(), outputs: props(response.getProperties()), inputs: props(response.getInputs()) };
  }

  async delete(id: string, properties: Props): Promise<void> {
    const request = new messages.DeleteRequest();
    request.setId(id);
    request.setProperties(struct(properties));
    await this.call((done) => this.client.delete(request, done));
  }

  private call<T>(start: (done: (error: grpc.ServiceError | null, response: T) => void) => unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      start((error, response) => {
        if (error === null) {
          this.answers += JSON.stringify((response as { toObject?(): unknown }).toObject?.());
          return resolve(response);
        }
        const failure = callError(error);
        this.answers += failure.message + JSON.stringify(failure.partial);
        reject(failure);
      });
    });
  }
}

function callError(error: grpc.ServiceError): CallError {
  const [details] = error.metadata.get("grpc-status-details-bin");
  const [any] = details === undefined ? [] : Status.deserializeBinary(details as Buffer).getDetailsList();
  if (any === undefined) return new CallError(error.details, undefined);
  const failed = messages.ErrorResourceInitFailed.deserializeBinary(any.getValue_asU8());
  const partial = { id: failed.getId(), properties: props(failed.getProperties()), reasons: failed.getReasonsList() };
  return new CallError(error.details, partial);
}

function struct(value: Props): Struct {
  return Struct.fromJavaScript(value as Record<string, JavaScriptValue>);
}

function props(value: Struct | undefined): Props {
  return value?.toJavaScript() ?? {};
}
