/** Pulumi's display: texts of a resource appear in its own row, by the engine's Log RPC. Silent where no engine listens. */
import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { clean } from "../core/clean";
import type { Progress } from "../core/ports";

/** Room for a preview's longest warning. */
const maxRow = 16 * 1024;

export interface Display {
  /** The row of one resource. An empty URN is the stack's row. */
  row(urn: string): Progress;
  /** For `pulumi up --debug`, in the stack's row: what helps to find out why a host is odd, and each failure as JSON. */
  debug(text: string): void;
  /** Resolves when everything said so far has reached the engine, or after a second without it. */
  flush(): Promise<void>;
}

/** @param address "127.0.0.1:PORT" of the engine, which the provider process gets as its first argument. */
export function createDisplay(address: string | undefined): Display {
  if (address === undefined || !/^[\w.]+:\d+$/.test(address)) {
    const nothing = () => {};
    return { row: () => ({ live: nothing, info: nothing, warn: nothing }), debug: nothing, flush: async () => {} };
  }
  let client: EngineClient | undefined;
  let last: Promise<void> = Promise.resolve();
  const log = (urn: string, severity: LogSeverity, text: string, ephemeral: boolean) => {
    const request = new LogRequest();
    request.setUrn(urn);
    request.setSeverity(severity);
    // Rows are made of names too, which are not cleaned where they come in: commands are made of them.
    request.setMessage(clean(text, maxRow));
    request.setEphemeral(ephemeral);
    client ??= new EngineClient(address, grpc.credentials.createInsecure());
    const engine = client;
    last = last.then(() => new Promise<void>((resolve) => engine.log(request, () => resolve())));
  };
  return {
    row: (urn) => ({
      live: (text) => log(urn, LogSeverity.INFO, text, true),
      info: (text) => log(urn, LogSeverity.INFO, text, false),
      warn: (text) => log(urn, LogSeverity.WARNING, text, false),
    }),
    debug: (text) => log("", LogSeverity.DEBUG, text, false),
    flush: () => Promise.race([last, new Promise<void>((resolve) => setTimeout(resolve, 1000).unref())]),
  };
}
