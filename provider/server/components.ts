/** Components, in a thread of their own: Pulumi's SDK keeps what it knows of a program in globals of its process. */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Worker } from "node:worker_threads";
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import type { ConstructRequest, ConstructResponse } from "@pulumi/pulumi/proto/provider_pb";

type Done = (error: grpc.ServiceError | null, response: ConstructResponse) => void;

export interface Components {
  construct(request: ConstructRequest, done: Done): void;
  /** Fails what is being made. */
  cancel(): void;
}

/** @param engine "127.0.0.1:PORT" of Pulumi's engine. */
export function createComponents(engine: string | undefined): Components {
  let started: Promise<ResourceProviderClient> | undefined;
  const unanswered = new Map<Done, string>();
  const fail = (done: Done, details: string) =>
    done({ code: grpc.status.UNKNOWN, details } as grpc.ServiceError, undefined!);
  return {
    construct(request, answer) {
      const done: Done = (error, response) => {
        if (unanswered.delete(done)) answer(error, response);
      };
      unanswered.set(done, request.getName());
      started ??= start(engine);
      started.then(
        (client) => void client.construct(request, done),
        (error: Error) => fail(done, error.message),
      );
    },
    // Where a placement of a fleet fails, the engine (3.259) does not answer the fleet: it sends Cancel, and then closes its connection. Of a
    // call that has no answer then Pulumi prints "grpc: the client connection is closing".
    cancel() {
      const why = "Pulumi stopped before all of its placements were made; one that failed has an error of its own";
      for (const [done, name] of unanswered) fail(done, `${name} is not complete: ${why}`);
    },
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
