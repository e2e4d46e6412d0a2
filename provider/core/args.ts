/** The public inputs as plain values. Held equal to the schema by a type test; described in full in the README's options table. */

/** A duration with its unit: "500ms", "30s", "5m", "1h". */
export type Duration = string;
/** A rate in whole MiB/s: "40MiB/s", "1GiB/s". */
export type Rate = string;
/** A size with its unit: "64MiB". */
export type Size = string;

/** How a virtual machine is moved. Every option names the virsh option it becomes; absent means libvirt's default. */
export interface MigrationArgs {
  /**
   * `auto` moves a running or paused virtual machine live and one that is shut off offline; `live` and `offline` refuse the other.
   * Becomes `--live` or `--offline`. Default "auto".
   */
  mode?: "auto" | "live" | "offline";
  /**
   * Permits the switch to post-copy (`--postcopy`): the machine then runs on the destination and fetches the rest of its memory.
   * The switch happens after `after` (100 ms – 24 h, counted from the start; `migrate-postcopy`), or at `timeout` with
   * `onTimeout: "postCopy"`. `bandwidth` caps the second phase (`--postcopy-bandwidth`, libvirt 5.1.0; default unlimited).
   * A broken link after the switch stops the machine until it is resumed. Not with `tunnelled`; with `parallel` only from QEMU 10.1.
   */
  postCopy?: boolean | { after?: Duration; bandwidth?: Rate };
  /** Multi-FD: several connections (`--parallel`, libvirt 5.2.0). `connections` is 1–255 (`--parallel-connections`), default 2. */
  parallel?: boolean | { connections?: number };
  /**
   * Slows the virtual CPUs until pre-copy converges (`--auto-converge`). `initial` (default 20) and `increment` (default 10) are
   * percent, 1–99 (`--auto-converge-initial`, `--auto-converge-increment`).
   */
  autoConverge?: boolean | { initial?: number; increment?: number };
  /**
   * The pause at the switch-over that the guest can bear, 1 ms – 2000 s (`migrate-setmaxdowntime`); libvirt's default is 300 ms.
   * A string is set before the start; `{ limit, after }` is set that long after the start. Put back on the source when the machine
   * stays there; on the destination it starts with the default.
   */
  maxDowntime?: Duration | { limit: Duration; after?: Duration };
  /** Cap of the pre-copy rate (`--bandwidth`, libvirt 5.7.0). Default: the host's own value, normally unlimited. */
  bandwidth?: Rate;
  /** How long the migration may take, 1 s – 7 days, before `onTimeout` happens. The provider's own timer. Default: none. */
  timeout?: Duration;
  /**
   * At `timeout`: `abort` cancels it (`domjobabort`; the machine stays on the source and the update fails), `postCopy` switches
   * (`migrate-postcopy`; needs `postCopy: true`), `suspend` pauses the machine until it has moved (`suspend`). Default "abort".
   */
  onTimeout?: "abort" | "postCopy" | "suspend";
  /** Encrypts memory and disks on the wire (`--tls`). `destination` is the name its certificate must bear (`--tls-destination`). */
  tls?: boolean | { destination?: string };
  /** Sends the data through libvirt's own connection (`--tunnelled`). Excludes post-copy, multi-FD, `tls` and `copyStorage`. */
  tunnelled?: boolean;
  /** Compression of the memory stream (`--comp-methods` and its tuning). zlib and zstd need `parallel`. Default: none. */
  compression?: {
    /** "xbzrle" (deltas of pages sent before), "zlib" or "zstd" (with `parallel`), "mt" (up to QEMU 9.0). */
    methods?: ("xbzrle" | "zlib" | "zstd" | "mt")[];
    /** `--comp-xbzrle-cache`, a power of two, e.g. "256MiB". Default 64 MiB. */
    xbzrleCache?: Size;
    /** `--comp-zlib-level`, 0–9, default 1. libvirt 9.4.0. */
    zlibLevel?: number;
    /** `--comp-zstd-level`, 0–20, default 1. libvirt 9.4.0. */
    zstdLevel?: number;
    /** `--comp-mt-level`, 0–9. */
    mtLevel?: number;
    /** `--comp-mt-threads`, 1–255. */
    mtThreads?: number;
    /** `--comp-mt-dthreads`, 1–255. */
    mtDecompressThreads?: number;
  };
  /** Sends pages without copying them in the kernel (`--zerocopy`, libvirt 8.5.0, QEMU 7.1). Needs `parallel`; not with `tls`. */
  zeroCopy?: boolean;
  /**
   * Copies the disks too: `all` (`--copy-storage-all`) or `incremental` over a shared base image (`--copy-storage-inc`).
   * `disks` limits it to these targets (`--migrate-disks`); `port` is the destination's port for them (`--disks-port`).
   */
  copyStorage?:
    | "all"
    | "incremental"
    | {
        mode: "all" | "incremental";
        disks?: string[];
        port?: number;
        /** Guest writes wait until the destination has them (`--copy-storage-synchronous-writes`, libvirt 8.0.0). */
        synchronousWrites?: boolean;
        /** Disks whose zero blocks are not written (`--migrate-disks-detect-zeroes`, libvirt 10.9.0). */
        detectZeroes?: string[];
      };
  /** An estimate of the rate at the switch-over, for the decision when to switch (`--available-switchover-bandwidth`, libvirt 11.1.0). */
  switchoverBandwidth?: Rate;
  /** Where the destination listens for the data (`--listen-address`). Default: qemu.conf's migration_address. */
  listenAddress?: string;
  /** Where graphics clients are sent (`--graphicsuri`), e.g. "spice://kvm-b.example.net:5900". */
  graphicsUri?: string;
  /** Nobody may change the definition meanwhile (`--change-protection`); implied where both hosts know it. */
  changeProtection?: boolean;
  /** A disk error in the guest cancels the migration (`--abort-on-error`). */
  abortOnError?: boolean;
  /** Moves although libvirt finds the disks' caching or storage unsafe (`--unsafe`). You answer for the data. */
  unsafe?: boolean;
}

/** The inputs of a placement as plain values. */
export interface PlacementArgs {
  /** libvirt domain: its name or its UUID. */
  domain: string;
  /** Where it shall run: a host of the inventory, or several, any of which will do (the first is where it is moved). */
  host: string | string[];
  /** How it is moved when it has to be. */
  migration?: MigrationArgs;
}

/** The exact commands of a move, as text. By destination where `host` is a list. */
export interface Plan {
  /** For a running or paused virtual machine. Absent in mode "offline". */
  live?: string | Record<string, string>;
  /** For one that is shut off. Absent in mode "live". */
  offline?: string | Record<string, string>;
  /** Run on the source before `live`. */
  before?: string[];
}

/** What the last migration did, as seen on both hosts. */
export interface LastMigration {
  from: string;
  to: string;
  /** ISO 8601, the controller's clock. */
  startedAt: string;
  /** From the start of the command to the verified end. */
  durationMs: number;
  /** How long the guest stood still, as libvirt reports it; absent where it reports none (post-copy, offline). */
  downtimeMs?: number;
  /** Memory and disk bytes sent, as libvirt reports them; absent where it reports none (offline). */
  totalBytes?: number;
  /** Passes over the memory. */
  passes?: number;
  /** How it got there in the end. */
  mode: "live" | "postCopy" | "suspended" | "offline";
  /** The command that ran; empty when a running migration was taken over. */
  command: string;
  /** Why it was moved, in words. */
  reason: string;
}
