import { connect } from "node:net";

/** So many looks at an engine that never was there: it may have been killed while this process started, or this is a test without one. */
const mostRefusals = 30;

/**
 * A killed engine cannot end its providers, and the SDK does not notice either: the process would stay for ever, with its connections
 * to the hosts, and go on steering a migration that the next `up` takes over. So the engine's port is looked at now and then.
 *
 * @param address "127.0.0.1:PORT" of the engine; anything else is no engine, and is not watched.
 */
export function endWithEngine(address: string | undefined, end: () => void, everyMs = 2000): void {
  const [, host, port] = /^([\w.]+):(\d+)$/.exec(address ?? "") ?? [];
  if (host === undefined) return;
  let refusalsLeft = mostRefusals;
  const look = () => {
    const socket = connect(Number(port), host, () => {
      refusalsLeft = 1;
      socket.destroy();
    });
    socket.unref().on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNREFUSED" || --refusalsLeft !== 0) return;
      clearInterval(timer);
      end();
    });
  };
  const timer = setInterval(look, everyMs);
  timer.unref();
  look();
}
