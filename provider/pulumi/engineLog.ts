/** The engine's Log RPC. */
import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

export interface EngineLog {
  urn: string;
  severity: "DEBUG" | "INFO" | "WARNING";
  message: string;
  ephemeral: boolean;
}

/** Resolves when the engine has it, or cannot be reached. */
export function createEngineLog(address: string): (log: EngineLog) => Promise<void> {
  const client = new EngineClient(address, grpc.credentials.createInsecure());
  return ({ urn, severity, message, ephemeral }) => {
    const request = new LogRequest();
    request.setUrn(urn);
    request.setSeverity(LogSeverity[severity]);
    request.setMessage(message);
    request.setEphemeral(ephemeral);
    return new Promise((resolve) => client.log(request, () => resolve()));
  };
}
