import type { JobInfo } from "./domain";
import type { Migration } from "./migration";
import type { Host } from "./model";

/**
 * What a finished remote command left behind. `code` is null when a signal ended it. At most 8 MiB of standard output (more rejects with
 * `unreadableAnswer`) and 64 KiB of standard error, its beginning and its end. Both are as the host sent them: their readers clean them.
 */
export interface ExecResult {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export interface ExecOptions {
  /**
   * Milliseconds until the command is given up: its channel is closed and the promise rejects with `commandTimeout`. Default: 60 000.
   * Infinity, for a migration, which has timers of its own: then what is printed beyond the limits is read and not kept.
   */
  deadlineMs?: number;
  /** Text for the command's standard input, which is closed behind it. Without it standard input is empty. */
  input?: string;
}

/** A remote process with open standard input. */
export interface RemoteProcess {
  write(text: string): void;
  /** Close standard input. */
  end(): void;
  /** Close the channel; the remote process gets SIGHUP/SIGPIPE at its next write. Never throws. */
  destroy(): void;
  /** Resolves once, when the process ended or the connection was lost (`code` and `signal` both null). Never rejects. */
  readonly exit: Promise<{ code: number | null; signal: string | null }>;
}

export interface ProcessListeners {
  stdout(chunk: string): void;
  stderr(chunk: string): void;
}

/**
 * Commands on one host over one connection. Errors are `PlacementError`s with a transport code (`hostUnreachable`, `hostKey…`,
 * `authRefused`, `privateKeyUnusable`, `connectionLost`, `commandTimeout`); a command that ran and failed is a result, not an error.
 */
export interface Shell {
  /** The inventory name of the host. */
  readonly host: string;
  /** The account there. */
  readonly user?: string;
  exec(command: string, options?: ExecOptions): Promise<ExecResult>;
  spawn(command: string, listeners: ProcessListeners): Promise<RemoteProcess>;
  /** How many sessions the host takes on one connection, where that was too few and further connections were opened. */
  readonly sessionsPerConnection?: number | undefined;
  /** False once the connection was lost or closed. */
  readonly alive: boolean;
  /** Ends the connection. Idempotent, never rejects. */
  close(): Promise<void>;
}

/** Opens the connection to a host, host key verified. */
export type Dial = (host: Host) => Promise<Shell>;

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** @param until ends it early. */
  sleep(milliseconds: number, until?: AbortSignal): Promise<void>;
}

/** What the user sees while a resource is worked on. */
export interface Progress {
  /** The resource's live row: each text replaces the last, none is kept. */
  live(text: string): void;
  /** A lasting line of information. */
  info(text: string): void;
  /** A lasting warning. */
  warn(text: string): void;
}

/** A migration in progress, for a run that is told to stop meanwhile. */
export interface InFlight {
  migration: Migration;
  /** The VM runs on the destination already, and nothing can call it back. */
  inPostCopy: boolean;
  /** Asks libvirt to cancel it. Whether it did is told by how the migration ends. */
  cancel: () => Promise<void>;
}

/** What a reconcile needs of the world. */
export interface Ports {
  clock: Clock;
  progress: Progress;
  /** Called for each migration that is started or watched, and with undefined at its end. */
  inFlight?: (migration: InFlight | undefined) => void;
  /** Called right before a migration is started; throws where none may be. */
  mayStart?: (migration: Migration) => void;
  /** Called with each answer of libvirt on how far the migration is. */
  sampled?: (job: JobInfo, inPostCopy: boolean) => void;
}
