/** Where Pulumi has plugins send their spans (OTLP over gRPC). What arrives stays bytes: names and identifiers stand in them as they are. */
import * as grpc from "@grpc/grpc-js";
import { listening } from "./listening";

export interface TraceCollector {
  /** HOST:PORT, as Pulumi names it. */
  endpoint: string;
  received: Buffer[];
  close(): void;
}

const same = (bytes: Buffer) => bytes;

export async function traceCollector(): Promise<TraceCollector> {
  const received: Buffer[] = [];
  const server = new grpc.Server();
  const method = {
    path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    ...{ requestStream: false, responseStream: false },
    ...{ requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same },
  };
  server.addService(
    { export: method },
    {
      export: ({ request }: { request: Buffer }, callback: grpc.sendUnaryData<Buffer>) => {
        received.push(request);
        callback(null, Buffer.alloc(0));
      },
    },
  );
  const port = await listening(server);
  return { endpoint: `127.0.0.1:${port}`, received, close: () => server.forceShutdown() };
}
