/** Ssh servers in this process. */
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { type AuthContext, type Connection, Server, type ServerChannel, utils } from "ssh2";
import { fingerprint } from "../../../provider/ssh/public-key";
import { type Key, makeKey } from "./keys";

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
  /** Handshakes until now. */
  accepted(): number;
  /** Connections open now. */
  open(): number;
  /** Cuts every connection as a dying host does: no goodbye. */
  drop(): void;
  /** Reads and says nothing any more, as a host that lost its network. */
  freeze(): void;
  close(): Promise<void>;
}

/** What a server was asked. */
type Record = Pick<SshServer, "commands" | "offered" | "forwarded">;

export async function startSshServer(options: SshServerOptions = {}): Promise<SshServer> {
  const hostKeys = options.hostKeys ?? [makeKey()];
  const sockets = new Set<Socket>();
  let accepted = 0;
  const record: Record = { commands: [], offered: [], forwarded: [] };
  const server = new Server({ hostKeys: hostKeys.map((key) => key.private) }, (client) => {
    client.on("error", () => {});
    authenticate(client, options, record);
    runCommands(client, options, record);
    forwardTo(client, options, record);
  });
  // ssh2 hands out no socket: the listener below owns them, so that a test can cut them.
  const listener = createServer((socket) => {
    sockets.add(socket);
    accepted++;
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    server.injectSocket(socket.setNoDelay(true));
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as { port: number };
  return {
    port,
    hostKeys,
    knownHosts: hostKeys.map((key) => `[127.0.0.1]:${port} ${key.public}\n`).join(""),
    ...record,
    accepted: () => accepted,
    open: () => sockets.size,
    drop: () => sockets.forEach((socket) => socket.destroy()),
    freeze: () => sockets.forEach((socket) => socket.removeAllListeners("data").pause()),
    close: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function authenticate(client: Connection, options: SshServerOptions, { offered }: Record): void {
  let tries = 0;
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
}

function runCommands(client: Connection, options: SshServerOptions, { commands }: Record): void {
  let sessions = 0;
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
}

function forwardTo(client: Connection, options: SshServerOptions, { forwarded }: Record): void {
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
