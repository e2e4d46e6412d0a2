/** The process that Pulumi starts, spoken to as its engine does: over gRPC, with an engine that records what is logged. */
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
import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
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
  /** The provider for every language, in place of the one for dynamic resources. Default false. */
  served?: boolean;
  /** More of its environment. */
  env?: NodeJS.ProcessEnv;
  /** What the engine passes on of its own flags. */
  flags?: readonly string[];
}

/**
 * What a dynamic resource brings along as properties, and the protocol of a provider has a place of its own for: calls of either kind are
 * written in the same way.
 */
const own = (props: Props): Props =>
  Object.fromEntries(["__provider", "__urn"].filter((name) => name in props).map((name) => [name, props[name]]));

const projects = new Map<string, string>();

/** One for each runtime: no provider writes into it. It goes with this process. */
export function projectOf(runtime: Runtime): string {
  const project = projects.get(runtime.modules) ?? makeProject(runtime);
  if (projects.size === 0)
    process.once("exit", () => projects.forEach((each) => rmSync(each, { recursive: true, force: true })));
  projects.set(runtime.modules, project);
  return project;
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
  for (const part of ["package.json", "dist", "schema.json"]) {
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
    private readonly served: boolean,
  ) {}

  /** The span of the engine that a `create` is a part of, as W3C Trace Context writes it. */
  traceparent: string | undefined;
  /** Whether the last check was that of a preview. */
  private isPreview = false;

  static async start({
    runtime,
    home,
    engine: withEngine = true,
    served = false,
    env = {},
    flags = [],
  }: ProviderOptions): Promise<ProviderProcess> {
    const project = projectOf(runtime);
    const output = { stdout: "", stderr: "", logs: [] as LogLine[] };
    const engine = withEngine ? await startEngine((line) => output.logs.push(line)) : undefined;
    const [entry] = (served ? ["pulumi-vm-placement/dist/server.js"] : ["@pulumi/pulumi/cmd/dynamic-provider"]).map(
      (path) => join(project, "node_modules", path),
    ) as [string];
    const child = spawn(runtime.node, [entry, ...flags, engine ? `127.0.0.1:${engine.port}` : "127.0.0.1:1"], {
      cwd: project,
      env: { PATH: process.env["PATH"], HOME: home, ...env },
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
    return new ProviderProcess(project, output, child, engine, client, served);
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
  }

  /** With the stack's configuration, values as Pulumi hands them over: objects as JSON text. */
  async configure(config: Record<string, unknown>): Promise<void> {
    const request = new messages.ConfigureRequest();
    const texts = Object.entries(config).map(([key, value]) => [
      this.served ? key.replace(/^vm-placement:/, "") : key,
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
    this.isPreview = news["__dryRun"] === true;
    this.about(request, news);
    request.setOlds(this.struct(olds));
    request.setNews(this.struct(news));
    const response = await this.call<messages.CheckResponse>((done) => this.client.check(request, done));
    return {
      inputs: this.props(response.getInputs(), news),
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
    this.about(request, news);
    request.setOlds(this.struct(olds));
    request.setOldInputs(this.struct(olds));
    request.setNews(this.struct(news));
    const response = await this.call<messages.DiffResponse>((done) => this.client.diff(request, done));
    const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
    const changes = response.getChanges();
    // The engine of a preview goes on to the update.
    if (this.served && this.isPreview && changes === DIFF_SOME) await this.update(id, olds, news, true);
    return {
      changes: changes === DIFF_NONE ? "none" : changes === DIFF_SOME ? "some" : "unknown",
      replaces: response.getReplacesList(),
    };
  }

  async create(news: Props, preview = false): Promise<{ id: string; outputs: Props }> {
    const request = new messages.CreateRequest();
    this.about(request, news);
    request.setPreview(preview);
    request.setProperties(this.struct(news));
    const metadata = new grpc.Metadata();
    if (this.traceparent !== undefined) metadata.set("traceparent", this.traceparent);
    const response = await this.call<messages.CreateResponse>(
      (done) => this.client.create(request, metadata, done),
      news,
    );
    return { id: response.getId(), outputs: this.props(response.getProperties(), news) };
  }

  async update(id: string, olds: Props, news: Props, preview = false): Promise<Props> {
    const request = new messages.UpdateRequest();
    request.setId(id);
    this.about(request, news);
    request.setPreview(preview);
    request.setOlds(this.struct(olds));
    request.setNews(this.struct(news));
    const response = await this.call<messages.UpdateResponse>((done) => this.client.update(request, done), news);
    return this.props(response.getProperties(), news);
  }

  async read(id: string, properties: Props): Promise<{ id: string; outputs: Props; inputs: Props }> {
    const request = new messages.ReadRequest();
    request.setId(id);
    this.about(request, properties);
    request.setProperties(this.struct(properties));
    const response = await this.call<messages.ReadResponse>((done) => this.client.read(request, done));
    return {
      id: response.getId(),
      outputs: this.props(response.getProperties(), properties),
      inputs: this.props(response.getInputs(), properties),
    };
  }

  async delete(id: string, properties: Props): Promise<void> {
    const request = new messages.DeleteRequest();
    request.setId(id);
    this.about(request, properties);
    request.setProperties(this.struct(properties));
    await this.call((done) => this.client.delete(request, done));
  }

  /** Of a provider alone: the kind of each property's change, by path. @param inputs those in state. */
  async detailedDiff(id: string, olds: Props, inputs: Props, news: Props): Promise<Record<string, string>> {
    const request = new messages.DiffRequest();
    request.setId(id);
    this.about(request, news);
    request.setOlds(this.struct(olds));
    request.setOldInputs(this.struct(inputs));
    request.setNews(this.struct(news));
    return kindsOf(await this.call<messages.DiffResponse>((done) => this.client.diff(request, done)));
  }

  /** Of a provider alone: the kind of each setting's change. */
  async diffConfig(olds: Props, news: Props): Promise<Record<string, string>> {
    const request = new messages.DiffRequest();
    request.setOlds(struct(olds));
    request.setOldInputs(struct(olds));
    request.setNews(struct(news));
    return kindsOf(await this.call<messages.DiffResponse>((done) => this.client.diffConfig(request, done)));
  }

  async invoke(
    token: string,
    args: Props,
  ): Promise<{ outputs: Props; failures: { property: string; reason: string }[] }> {
    const request = new messages.InvokeRequest();
    request.setTok(token);
    request.setArgs(struct(args));
    const response = await this.call<messages.InvokeResponse>((done) => this.client.invoke(request, done));
    return {
      outputs: response.getReturn()?.toJavaScript() ?? {},
      failures: response.getFailuresList().map((f) => ({ property: f.getProperty(), reason: f.getReason() })),
    };
  }

  async checkConfig(config: Props): Promise<{ property: string; reason: string }[]> {
    const request = new messages.CheckRequest();
    request.setNews(struct(config));
    const response = await this.call<messages.CheckResponse>((done) => this.client.checkConfig(request, done));
    return response.getFailuresList().map((f) => ({ property: f.getProperty(), reason: f.getReason() }));
  }

  async cancel(): Promise<void> {
    await this.call((done) => this.client.cancel(new Empty(), done));
  }

  async schema(): Promise<Props> {
    const request = new messages.GetSchemaRequest();
    const response = await this.call<messages.GetSchemaResponse>((done) => this.client.getSchema(request, done));
    return JSON.parse(response.getSchema()) as Props;
  }

  async version(): Promise<string> {
    const response = await this.call<PluginInfo>((done) => this.client.getPluginInfo(new Empty(), done));
    return response.getVersion();
  }

  private about(request: { setUrn(urn: string): unknown }, { __urn: urn }: Props): void {
    if (this.served && typeof urn === "string") request.setUrn(urn);
  }

  private struct({ __dryRun: isPreview, ...value }: Props): Struct {
    if (!this.served) return struct({ ...value, ...(isPreview !== undefined && { __dryRun: isPreview }) });
    const { __provider: _provider, __urn: _urn, ...others } = value;
    return struct(others);
  }

  private props(value: Struct | undefined, of: Props): Props {
    return { ...value?.toJavaScript(), ...(this.served && own(of)) };
  }

  private call<T>(
    start: (done: (error: grpc.ServiceError | null, response: T) => void) => unknown,
    of: Props = {},
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      start((error, response) => {
        if (error === null) {
          this.answers += JSON.stringify((response as { toObject?(): unknown }).toObject?.());
          return resolve(response);
        }
        const failure = callError(error, this.served ? own(of) : {});
        this.answers += failure.message + JSON.stringify(failure.partial);
        reject(failure);
      });
    });
  }
}

function kindsOf(response: messages.DiffResponse): Record<string, string> {
  const names = Object.fromEntries(Object.entries(messages.PropertyDiff.Kind).map(([name, kind]) => [kind, name]));
  const changes = [...response.getDetaileddiffMap().entries()].map(([path, diff]) => [path, names[diff.getKind()]!]);
  return Object.fromEntries(changes.sort()) as Record<string, string>;
}

function callError(error: grpc.ServiceError, more: Props): CallError {
  const [details] = error.metadata.get("grpc-status-details-bin");
  const [any] = details === undefined ? [] : Status.deserializeBinary(details as Buffer).getDetailsList();
  if (any === undefined) return new CallError(error.details, undefined);
  const failed = messages.ErrorResourceInitFailed.deserializeBinary(any.getValue_asU8());
  const partial = {
    id: failed.getId(),
    properties: { ...failed.getProperties()?.toJavaScript(), ...more },
    reasons: failed.getReasonsList(),
  };
  return new CallError(error.details, partial);
}

function struct(value: Props): Struct {
  return Struct.fromJavaScript(value as Record<string, JavaScriptValue>);
}
