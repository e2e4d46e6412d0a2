import * as grpc from "@grpc/grpc-js";

/** Has the server listen on a free port of this computer, which it gives. */
export function listening(server: grpc.Server): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}
