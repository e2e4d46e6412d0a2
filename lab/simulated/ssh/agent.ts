import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AgentProtocol, type ParsedKey, utils } from "ssh2";
import type { Key } from "./keys";

/** An ssh agent on a socket of its own; `passphrase` opens those of the keys that are encrypted. */
export async function startAgent(
  keys: readonly Key[],
  passphrase?: string,
): Promise<{ socketPath: string; close(): Promise<void> }> {
  const parsed = keys.map((key) => utils.parseKey(key.private, passphrase) as ParsedKey);
  const socketPath = join(mkdtempSync(join(tmpdir(), "agent-")), "socket");
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    const agent = new AgentProtocol(false);
    agent.on("error", () => {});
    agent.on("identities", (request) => agent.getIdentitiesReply(request, parsed));
    agent.on("sign", (request, requested, data, options) => {
      const key = parsed.find((own) => own.getPublicSSH().equals(requested.getPublicSSH()));
      if (!key) return agent.failureReply(request);
      agent.signReply(request, key.sign(data, options.hash));
    });
    socket.pipe(agent).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    socketPath,
    close: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
      rmSync(dirname(socketPath), { recursive: true, force: true });
    },
  };
}
