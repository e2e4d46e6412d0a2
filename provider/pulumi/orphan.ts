import { connect } from "node:net";

/**
 * A killed engine cannot end its providers, and the SDK does not notice either: the process would stay for ever, with its connections
 * to the hosts, and go on steering a migration that the next `up` takes over. So the engine's port is looked at now and then.
 *
 * @param address "127.0.0.1:PORT" of the engine; anything else is no engine, and is not watched.
 */
export function endWithEngine(address: string | undefined, end: () => void, everyMs = 2000): void {
  const [, host, port] = /^([\w.]+):(\d+)$/.exec(address ?? "") ?? [];
  if (host === undefined) return;
  const timer = setInterval(() => {
    const socket = connect(Number(port), host, () => socket.destroy());
    socket.unref().on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNREFUSED") return;
      clearInterval(timer);
      end();
    });
  }, everyMs);
  timer.unref();
}
