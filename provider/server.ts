#!/usr/bin/env node
/** `pulumi-resource-vm-placement`: the placement for programs in every language. Pulumi starts it, and reads its port from standard output. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { createHandlers, createWorld } from "./handlers";
import { engineAddress } from "./pulumi/engineAddress";
import { createComponents } from "./server/components";
import { createService } from "./server/service";

const root = join(__dirname, "..");
const text = (file: string) => readFileSync(join(root, file), "utf8");

// Whether it is a preview comes with each call of this protocol: a comparison alone asks no host.
const phases = {
  checked: (news: object) => ({ ...news }),
  read: () => {},
  isPreview: () => false,
  isUpdate: () => false,
};
const handlers = createHandlers(createWorld(), phases);
const { version } = JSON.parse(text("package.json")) as { version: string };

// As the engine: the state of a large stack's resource may be large.
const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
const about = { version, schema: () => text("schema.json") };
server.addService(ResourceProviderService, createService(handlers, about, createComponents(engineAddress)));
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
