/** Ssh servers, agents and keys in this process, for tests of everything that talks ssh. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AgentProtocol, type AuthContext, type ParsedKey, Server, type ServerChannel, utils } from "ssh2";
import { fingerprint, publicKeyLine } from "../../provider/ssh/public-key";

export interface Key {
  /** OpenSSH form. */
  private: string;
  /** "ssh-ed25519 AAAA…" */
  public: string;
  blob: Buffer;
  fingerprint: string;
}

/** A new key. With a passphrase its text is encrypted. */
export function makeKey(type: "ed25519" | "ecdsa" | "rsa" = "ed25519", passphrase?: string): Key {
  for (;;) {
    const settings = { ...(passphrase !== undefined && { passphrase, cipher: "aes256-ctr", rounds: 4 }) };
    const pair =
      type === "ed25519"
        ? utils.generateKeyPairSync("ed25519", settings as object)
        : type === "ecdsa"
          ? utils.generateKeyPairSync("ecdsa", { bits: 256, ...settings } as never)
          : utils.generateKeyPairSync("rsa", { bits: 2048, ...settings } as never);
    const parsed = utils.parseKey(pair.private, passphrase);
    // One generated key in some hundreds has a leading zero cut off and cannot be read back.
    if (parsed instanceof Error) continue;
    const blob = [parsed].flat()[0]!.getPublicSSH();
    return { private: pair.private, public: publicKeyLine(blob), blob, fingerprint: fingerprint(blob) };
  }
}

export interface SshServerOptions {
  hostKeys?: readonly Key[];
  /** Whether a key is let in. Default: every one. */
  allow?: (user: string, key: Buffer) => boolean;
  /** Methods that are offered to the client. Default: publickey. */
  methods?: ("publickey" | "password" | "keyboard-interactive")[];
  /** Wrong keys after which the client is sent away, as sshd's MaxAuthTries. */
  maxAuthTries?: number;
  /** Default: answers with an empty success. */
  onCommand?: (command: string, stream: ServerChannel) => void;
  /** Sessions at a time on one connection, as sshd's MaxSessions. */
  maxSessions?: number;
  /** Serve as a jump host. Default true. */
  forward?: boolean;
}

export interface SshServer {
  port: number;
  hostKeys: readonly Key[];
  /** "[127.0.0.1]:PORT KEY" lines for known_hosts. */
  knownHosts: string;
  commands: string[];
  /** User and fingerprint of every key that was offered. */
  offered: string[];
  /** Targets asked of it as a jump host, "host:port". */
  forwarded: string[];
  /** Connections open now. */
  open(): number;
  /** Cuts every connection as a dying host does: no goodbye. */
  drop(): void;
  /** Reads and says nothing any more, as a host that lost its network. */
  freeze(): void;
  close(): Promise<void>;
}

export async function startSshServer(options: SshServerOptions = {}): Promise<SshServer> {
  const hostKeys = options.hostKeys ?? [makeKey()];
  const sockets = new Set<Socket>();
  const commands: string[] = [];
  const offered: string[] = [];
  const forwarded: string[] = [];
  const server = new Server({ hostKeys: hostKeys.map((key) => key.private) }, (client) => {
    let tries = 0;
    let sessions = 0;
    client.on("error", () => {});
    client.on("authentication", (context) => {
      if (context.method !== "publickey") return context.reject(options.methods ?? ["publickey"]);
      if (!context.signature) offered.push(`${context.username} ${fingerprint(context.key.data)}`);
      const let_in = options.allow?.(context.username, context.key.data) ?? true;
      if (let_in && verified(context)) return context.accept();
      if (options.maxAuthTries !== undefined && ++tries >= options.maxAuthTries) {
        return client.end();
      }
      context.reject(options.methods ?? ["publickey"]);
    });
    client.on("session", (accept, reject) => {
      if (options.maxSessions !== undefined && sessions >= options.maxSessions) return reject();
      sessions++;
      const session = accept();
      session.on("close", () => sessions--);
      session.on("exec", (acceptExec, _reject, { command }) => {
        commands.push(command);
        const stream = acceptExec();
        stream.on("error", () => {});
        if (options.onCommand) options.onCommand(command, stream);
        else finish(stream);
      });
    });
    client.on("tcpip", (accept, reject, { destIP, destPort }) => {
      forwarded.push(`${destIP}:${destPort}`);
      if (options.forward === false) return reject();
      const socket = connectTcp(destPort, destIP);
      socket.on("error", () => reject());
      socket.on("connect", () => {
        const channel = accept();
        channel.on("error", () => {}).on("close", () => socket.destroy());
        socket.removeAllListeners("error").on("error", () => channel.close());
        socket.pipe(channel).pipe(socket);
      });
    });
  });
  // ssh2 hands out no socket: the listener below owns them, so that a test can cut them.
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    server.injectSocket(socket.setNoDelay(true));
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as { port: number };
  return {
    port,
    hostKeys,
    knownHosts: hostKeys.map((key) => `[127.0.0.1]:${port} ${key.public}\n`).join(""),
    commands,
    offered,
    forwarded,
    open: () => sockets.size,
    drop: () => sockets.forEach((socket) => socket.destroy()),
    freeze: () => sockets.forEach((socket) => socket.removeAllListeners("data").pause()),
    close: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

/** Ends a command as a process that ran. */
export function finish(
  stream: ServerChannel,
  { code = 0, stdout = "", stderr = "" }: { code?: number; stdout?: string; stderr?: string } = {},
): void {
  if (stderr !== "") stream.stderr.write(stderr);
  if (stdout !== "") stream.write(stdout);
  stream.exit(code);
  stream.end();
}

function verified(context: Extract<AuthContext, { method: "publickey" }>): boolean {
  if (!context.signature) return true;
  const key = [utils.parseKey(context.key.data)].flat()[0]!;
  return !(key instanceof Error) && key.verify(context.blob!, context.signature, context.hashAlgo);
}

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
    agent.on("sign", (request, wanted, data, options) => {
      const key = parsed.find((own) => own.getPublicSSH().equals(wanted.getPublicSSH()));
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
