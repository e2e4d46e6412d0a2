import type { Duplex, Readable } from "node:stream";
import type { PlacementError } from "../core/errors";
import type { Target } from "./target";

/**
 * A running command: its standard input and output, and beside them its standard error. Ends with 'close', which has the exit code and the
 * signal ("SIGKILL") as its arguments, where the host said them.
 */
export type RemoteChannel = Duplex & { stderr: Readable };

/** An authenticated connection whose host key was verified, by ssh2 or by the ssh command: all that the shell needs of one. */
export interface Link {
  readonly target: Target;
  /** Why the connection is gone; undefined while it is there. */
  readonly lost: PlacementError | undefined;
  /** Called once, at once when the connection is already gone. Returns how to take it back. */
  onLost(listener: () => void): () => void;
  /** Rejects with an Error that has the host's words where it takes no more sessions. */
  exec(command: string): Promise<RemoteChannel>;
  /** Idempotent, never rejects. */
  close(): Promise<void>;
}
