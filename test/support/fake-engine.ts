/** The part of Pulumi's engine that a provider talks to: it records what is logged. */
import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { type LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { listening } from "./listening";

export interface LogLine {
  severity: "info" | "warning" | "error" | "debug";
  message: string;
  urn: string;
  ephemeral: boolean;
}

export interface FakeEngine {
  server: grpc.Server;
  port: number;
}

export async function startEngine(onLog: (line: LogLine) => void): Promise<FakeEngine> {
  const names = {
    [LogSeverity.DEBUG]: "debug",
    [LogSeverity.INFO]: "info",
    [LogSeverity.WARNING]: "warning",
    [LogSeverity.ERROR]: "error",
  } as const;
  const server = new grpc.Server();
  server.addService(EngineService, {
    log: (call: { request: LogRequest }, callback: (error: null, response: Empty) => void) => {
      const { request } = call;
      onLog({
        severity: names[request.getSeverity()],
        message: request.getMessage(),
        urn: request.getUrn(),
        ephemeral: request.getEphemeral(),
      });
      callback(null, new Empty());
    },
  });
  return { server, port: await listening(server) };
}
