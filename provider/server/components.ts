/** Components, in a thread of their own: Pulumi's SDK keeps what it knows of a program in globals of its process. */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Worker } from "node:worker_threads";
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import type { ConstructRequest, ConstructResponse } from "@pulumi/pulumi/proto/provider_pb";

export type Construct = (
  request: ConstructRequest,
  done: (error: grpc.ServiceError | null, response: ConstructResponse) => void,
) => void;

/** @param engine "127.0.0.1:PORT" of Pulumi's engine. */
export function createComponents(engine: string | undefined): Construct {
  let started: Promise<ResourceProviderClient> | undefined;
  return (request, done) => {
    started ??= start(engine);
    started.then(
      (client) => void client.construct(request, done),
      (error: Error) =>
        done({ ...error, code: grpc.status.UNKNOWN, details: error.message } as grpc.ServiceError, undefined!),
    );
  };
}

async function start(engine: string | undefined): Promise<ResourceProviderClient> {
  const thread = new Worker(join(__dirname, "../fleetServed.js"), {
    argv: engine === undefined ? [] : [engine],
    stdout: true,
  });
  const port = await new Promise<string>((resolve, reject) => {
    createInterface({ input: thread.stdout }).once("line", resolve);
    thread.once("error", reject);
    thread.once("exit", (code) => reject(new Error(`the thread of components ended with ${code}`)));
  });
  const unlimited = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
  return new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), unlimited);
}
