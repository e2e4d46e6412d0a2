/** Pulumi's display: texts of a resource appear in its own row, by the engine's Log RPC. Silent where no engine listens. */
import { clean } from "../core/clean";
import type { Progress } from "../core/ports";
import type * as engineLog from "./engineLog";

/** Room for a preview's longest warning. */
const maxRow = 16 * 1024;

export interface Display {
  /** The row of one resource. An empty URN is the stack's row. */
  row(urn: string): Progress;
  /** For `pulumi up --debug`, in the stack's row: what helps to find out why a host is odd, and each failure as JSON. */
  debug(text: string): void;
  /** Resolves when everything said so far has reached the engine, or after a second without it. */
  flush(): Promise<void>;
}

/** @param address "127.0.0.1:PORT" of the engine, which the provider process gets as its first argument. */
export function createDisplay(address: string | undefined): Display {
  if (address === undefined || !/^[\w.]+:\d+$/.test(address)) {
    const nothing = () => {};
    return { row: () => ({ live: nothing, info: nothing, warn: nothing }), debug: nothing, flush: async () => {} };
  }
  let send: ReturnType<typeof engineLog.createEngineLog> | undefined;
  let last: Promise<void> = Promise.resolve();
  const log = (urn: string, severity: engineLog.EngineLog["severity"], text: string, ephemeral: boolean) => {
    // Rows are made of names too, which are not cleaned where they come in: commands are made of them.
    const request = { urn, severity, message: clean(text, maxRow), ephemeral };
    // gRPC is loaded with the first row.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const toEngine = (send ??= (require("./engineLog") as typeof engineLog).createEngineLog(address));
    last = last.then(() => toEngine(request));
  };
  return {
    row: (urn) => ({
      live: (text) => log(urn, "INFO", text, true),
      info: (text) => log(urn, "INFO", text, false),
      warn: (text) => log(urn, "WARNING", text, false),
    }),
    debug: (text) => log("", "DEBUG", text, false),
    flush: () => Promise.race([last, new Promise<void>((resolve) => setTimeout(resolve, 1000).unref())]),
  };
}
