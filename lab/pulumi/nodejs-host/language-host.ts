import type { sendUnaryData, ServerUnaryCall, ServerWritableStream, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Message } from "google-protobuf";
import type * as Language from "@pulumi/pulumi/proto/language_pb";
import { endWithEngine, interruptAll } from "./children";
import { directDependencies, requiredProviders } from "./dependencies";
import { installDependencies } from "./install-dependencies";
import { runPlugin } from "./run-plugin";
import { runProgram } from "./run-program";
import { channelOptions, EmptyMessage, grpc, language, LanguageRuntimeService, plugin, sdkVersion } from "./sdk";

type Answer<In, Out> = (request: In) => Out | Promise<Out>;

function unary<In, Out extends Message>(answer: Answer<In, Out>) {
  return (call: ServerUnaryCall<In, Out>, callback: sendUnaryData<Out>) => {
    Promise.resolve()
      .then(() => answer(call.request))
      .then((value) => callback(null, value))
      .catch((error: Error) => callback({ code: grpc.status.UNKNOWN, details: error.message }));
  };
}

function streaming<In, Out>(answer: (call: ServerWritableStream<In, Out>) => Promise<void>) {
  return (call: ServerWritableStream<In, Out>) => {
    answer(call).catch((error: Error) =>
      call.emit("error", { code: grpc.status.UNKNOWN, details: error.message, metadata: new grpc.Metadata() }),
    );
  };
}

function getRequiredPlugins(request: Language.GetRequiredPluginsRequest) {
  const response = new language.GetRequiredPluginsResponse();
  response.setPluginsList(providers(request.getInfo()?.getProgramDirectory() || request.getPwd()));
  return response;
}

function getRequiredPackages(request: Language.GetRequiredPackagesRequest) {
  const response = new language.GetRequiredPackagesResponse();
  response.setPackagesList(
    requiredProviders(request.getInfo()?.getProgramDirectory() ?? "").map(({ name, version, server }) => {
      const dependency = new plugin.PackageDependency();
      dependency.setName(name);
      dependency.setKind("resource");
      dependency.setVersion(version);
      dependency.setServer(server);
      return dependency;
    }),
  );
  return response;
}

function providers(directory: string) {
  return requiredProviders(directory).map(({ name, version, server }) => {
    const dependency = new plugin.PluginDependency();
    dependency.setName(name);
    dependency.setKind("resource");
    dependency.setVersion(version);
    dependency.setServer(server);
    return dependency;
  });
}

function getPluginInfo() {
  const info = new plugin.PluginInfo();
  info.setVersion(sdkVersion);
  return info;
}

function about() {
  const response = new language.AboutResponse();
  response.setExecutable(process.execPath);
  response.setVersion(process.version);
  return response;
}

function getProgramDependencies(request: Language.GetProgramDependenciesRequest) {
  const response = new language.GetProgramDependenciesResponse();
  response.setDependenciesList(
    directDependencies(request.getInfo()?.getProgramDirectory() || request.getPwd()).map(({ name, version }) => {
      const dependency = new language.DependencyInfo();
      dependency.setName(name ?? "");
      dependency.setVersion(version ?? "");
      return dependency;
    }),
  );
  return response;
}

function implementation(engineAddress: string): UntypedServiceImplementation {
  return {
    getRequiredPlugins: unary(getRequiredPlugins),
    getRequiredPackages: unary(getRequiredPackages),
    run: unary((request: Language.RunRequest) => runProgram(request, engineAddress)),
    runPlugin: streaming(runPlugin),
    getPluginInfo: unary(getPluginInfo),
    installDependencies: streaming(installDependencies),
    runtimeOptionsPrompts: unary(() => new language.RuntimeOptionsResponse()),
    about: unary(about),
    getProgramDependencies: unary(getProgramDependencies),
    cancel: unary(() => {
      interruptAll();
      return new EmptyMessage();
    }),
  };
}

// The engine's address is the last argument; flags for logging and tracing may stand before it.
const engineAddress = process.argv.at(-1) ?? "";
const server = new grpc.Server(channelOptions);
server.addService(LanguageRuntimeService, implementation(engineAddress));
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  endWithEngine();
  console.log(String(port));
});
