import { createRequire } from "node:module";
import { join } from "node:path";
import type * as Grpc from "@grpc/grpc-js";
import type * as AnalyzerServices from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import type * as Analyzer from "@pulumi/pulumi/proto/analyzer_pb";
import type * as LanguageServices from "@pulumi/pulumi/proto/language_grpc_pb";
import type * as Language from "@pulumi/pulumi/proto/language_pb";
import type * as Plugin from "@pulumi/pulumi/proto/plugin_pb";
import type * as Empty from "google-protobuf/google/protobuf/empty_pb";
import { modulesVariable } from "./modules-variable";

const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;
export const channelOptions = {
  "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
  "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
};

function requireFrom(directory: string): NodeJS.Require {
  return createRequire(join(directory, "package.json"));
}

/** The path of one of the SDK's own programs, as seen from a directory of the user's; undefined where no SDK is installed. */
export function locate(moduleName: string, directory: string): string | undefined {
  try {
    return requireFrom(directory).resolve(moduleName);
  } catch {
    return undefined;
  }
}

function sdkRequire(): NodeJS.Require {
  // The host runs from a cache directory that has no node_modules. The SDK of the repository that installed it comes first,
  // because that is the version it is tested with; the wire format is the same in all of them.
  const directories = [process.env[modulesVariable], process.cwd()].filter((it) => it !== undefined);
  for (const directory of directories) {
    const manifest = locate("@pulumi/pulumi/package.json", directory);
    if (manifest !== undefined) return createRequire(manifest);
  }
  throw new Error(`@pulumi/pulumi is not installed in ${directories.join(" or ")}: run npm install there`);
}

const load = sdkRequire();

export const grpc = load("@grpc/grpc-js") as typeof Grpc;
export const analyzer = load("./proto/analyzer_pb") as typeof Analyzer;
export const { AnalyzerService } = load("./proto/analyzer_grpc_pb") as typeof AnalyzerServices;
export const language = load("./proto/language_pb") as typeof Language;
export const { LanguageRuntimeService } = load("./proto/language_grpc_pb") as typeof LanguageServices;
export const plugin = load("./proto/plugin_pb") as typeof Plugin;
export const sdkVersion = (load("./version") as { version: string }).version;
export const { Empty: EmptyMessage } = load("google-protobuf/google/protobuf/empty_pb") as typeof Empty;
