import type { SimulatedHost } from "../host";
import type { Network } from "../network";
import { startProcess } from "../process";
import { type SshServer, startSshServer } from "./server";

/** An ssh server for a host of a simulated network, for what must pass through ssh. */
export async function serve(network: Network, host: SimulatedHost): Promise<SshServer> {
  const server = await startSshServer({
    onCommand: (command, stream) => {
      const input = startProcess(network, host, command, {
        stdout: (text) => void stream.write(text),
        stderr: (text) => void stream.stderr.write(text),
        exit: (code) => {
          stream.exit(code);
          stream.end();
        },
      });
      stream.on("data", (chunk: Buffer) => input(chunk.toString()));
      stream.on("end", () => input(undefined));
    },
  });
  host.connections.add(() => server.drop());
  return server;
}
