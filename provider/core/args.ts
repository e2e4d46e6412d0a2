/** The public inputs as plain values. Held equal to the schema by a type test; described in full in docs/options.md. */

/** A duration with its unit: "500ms", "30s", "5m", "1h". */
export type Duration = string;
/** A rate in whole MiB/s: "40MiB/s", "1GiB/s". */
export type Rate = string;
/** A size with its unit: "64MiB". */
export type Size = string;

/** How a VM is moved. Every option names the virsh option it becomes; absent means libvirt's default. */
export interface MigrationArgs {
  /**
   * `auto`: live if it runs or is paused, offline if it is shut off. `live` and `offline` refuse the other. Default "auto".
   * @allowed "auto", "live", "offline"
   * @virsh `--live`, `--offline`
   */
  mode?: "auto" | "live" | "offline";
  /**
   * Permits the switch to post-copy: the VM then runs on the destination and fetches the rest of its memory. A broken link after
   * the switch stops it until the migration is resumed. When it switches: `after`, or `timeout` with `onTimeout: "postCopy"`.
   * @allowed true, false
   * @virsh `--postcopy` since libvirt 1.3.3
   */
  postCopy?:
    | boolean
    | {
        /**
         * Switches that long after the start.
         * @allowed duration, 100 ms – 24 h
         * @virsh `migrate-postcopy` since libvirt 1.3.3
         */
        after?: Duration;
        /**
         * Cap of the rate after the switch. Default: unlimited.
         * @allowed rate in whole MiB/s
         * @virsh `--postcopy-bandwidth` since libvirt 5.1.0
         */
        bandwidth?: Rate;
      };
  /**
   * Multi-FD: several connections side by side. With `postCopy` only from QEMU 10.1 and with a machine type of 8.0 or later: older ones lose the guest or hang.
   * @allowed true, false
   * @virsh `--parallel` since libvirt 5.2.0
   */
  parallel?:
    | boolean
    | {
        /**
         * How many. Default 2.
         * @allowed 1–255
         * @virsh `--parallel-connections` since libvirt 5.2.0
         */
        connections?: number;
      };
  /**
   * Slows the virtual CPUs step by step until pre-copy converges.
   * @allowed true, false
   * @virsh `--auto-converge` since libvirt 1.2.3
   */
  autoConverge?:
    | boolean
    | {
        /**
         * The first step, percent of CPU time taken away. Default 20.
         * @allowed 1–99
         * @virsh `--auto-converge-initial` since libvirt 2.0.0
         */
        initial?: number;
        /**
         * Each further step, percent. Default 10.
         * @allowed 1–99
         * @virsh `--auto-converge-increment` since libvirt 2.0.0
         */
        increment?: number;
      };
  /**
   * The pause at the switch-over that the guest can bear. libvirt's default is 300 ms. Put back on the source when the VM stays
   * there; on the destination it starts with the default.
   * @allowed duration, 1 ms – 33 min 20 s
   * @virsh `migrate-setmaxdowntime` since libvirt 0.8.0
   */
  maxDowntime?:
    | Duration
    | {
        /** The pause. */
        limit: Duration;
        /**
         * Sets it only that long after the start: for a migration that does not converge by itself.
         * @allowed duration, 100 ms – 24 h
         * @virsh `migrate-setmaxdowntime` since libvirt 0.8.0
         */
        after?: Duration;
      };
  /**
   * Cap of the rate before the switch-over. Default: the host's own value, normally unlimited.
   * @allowed rate in whole MiB/s
   * @virsh `--bandwidth` since libvirt 5.7.0
   */
  bandwidth?: Rate;
  /**
   * How long the migration may take before `onTimeout` happens. The provider's own timer. Default: none.
   * @allowed duration, 1 s – 168 h
   */
  timeout?: Duration;
  /**
   * At `timeout`: `abort` cancels it (the VM stays on the source, the update fails), `postCopy` switches (needs `postCopy: true`),
   * `suspend` pauses the VM until it has moved. Default "abort".
   * @allowed "abort", "postCopy", "suspend"
   * @virsh `domjobabort`, `migrate-postcopy`, `suspend`
   */
  onTimeout?: "abort" | "postCopy" | "suspend";
  /**
   * Encrypts memory and disks on the wire. Without it, and without `tunnelled`, they travel in clear text.
   * @allowed true, false
   * @virsh `--tls` since libvirt 3.2.0
   */
  tls?:
    | boolean
    | {
        /**
         * The name in the destination's certificate. Default: the address libvirt connects to.
         * @allowed the name in the destination's certificate
         * @virsh `--tls-destination` since libvirt 6.0.0
         */
        destination?: string;
      };
  /**
   * Sends the data through libvirt's own connection. Excludes post-copy, multi-FD, `tls` and `copyStorage`.
   * @allowed true, false
   * @virsh `--tunnelled` since libvirt 0.7.2
   */
  tunnelled?: boolean;
  /** Compression of the memory stream. Default: none. */
  compression?: {
    /**
     * "xbzrle" (deltas of pages sent before), "zlib" or "zstd" (with `parallel`), "mt" (up to QEMU 9.0).
     * @allowed list of "xbzrle", "zlib", "zstd", "mt"
     * @virsh `--comp-methods` since libvirt 1.3.4
     */
    methods?: ("xbzrle" | "zlib" | "zstd" | "mt")[];
    /**
     * Cache for deltas. Default 64 MiB.
     * @allowed size, a power of two
     * @virsh `--comp-xbzrle-cache` since libvirt 1.3.4
     */
    xbzrleCache?: Size;
    /**
     * 0 none – 9 best. Default 1.
     * @allowed 0–9
     * @virsh `--comp-zlib-level` since libvirt 9.4.0
     */
    zlibLevel?: number;
    /**
     * 0 none – 20 best. Default 1.
     * @allowed 0–20
     * @virsh `--comp-zstd-level` since libvirt 9.4.0
     */
    zstdLevel?: number;
    /**
     * 0 none – 9 best.
     * @allowed 0–9
     * @virsh `--comp-mt-level` since libvirt 1.3.4
     */
    mtLevel?: number;
    /**
     * Threads that compress.
     * @allowed 1–255
     * @virsh `--comp-mt-threads` since libvirt 1.3.4
     */
    mtThreads?: number;
    /**
     * Threads that decompress.
     * @allowed 1–255
     * @virsh `--comp-mt-dthreads` since libvirt 1.3.4
     */
    mtDecompressThreads?: number;
  };
  /**
   * Sends pages without copying them in the kernel (QEMU 7.1). Needs `parallel`; not with `tls` or `compression`.
   * @allowed true, false
   * @virsh `--zerocopy` since libvirt 8.5.0
   */
  zeroCopy?: boolean;
  /**
   * Copies the disks too: all of their content, or what lies over a shared base image. An image must be there on the destination.
   * @allowed "all", "incremental"
   * @virsh `--copy-storage-all`, `--copy-storage-inc` since libvirt 0.8.2
   */
  copyStorage?:
    | "all"
    | "incremental"
    | {
        /** What is copied: whole images, or only what they have beyond a base that the destination has. */
        mode: "all" | "incremental";
        /**
         * Only these disks, by target. Default: all that are not shared and not read-only.
         * @allowed list of disk targets
         * @virsh `--migrate-disks` since libvirt 1.2.17
         */
        disks?: string[];
        /**
         * The destination's port for them. Default: libvirt picks one of 49152–49215.
         * @allowed 1–65535
         * @virsh `--disks-port` since libvirt 1.3.3
         */
        port?: number;
        /**
         * Guest writes wait until the destination has them, so that copying converges.
         * @allowed true, false
         * @virsh `--copy-storage-synchronous-writes` since libvirt 8.0.0
         */
        synchronousWrites?: boolean;
        /**
         * Disks whose zero blocks are not written.
         * @allowed list of disk targets
         * @virsh `--migrate-disks-detect-zeroes` since libvirt 10.9.0
         */
        detectZeroes?: string[];
      };
  /**
   * An estimate of the rate at the switch-over, for the decision when to switch.
   * @allowed rate in whole MiB/s
   * @virsh `--available-switchover-bandwidth` since libvirt 11.1.0
   */
  switchoverBandwidth?: Rate;
  /**
   * Where the destination listens for the data. Default: qemu.conf's migration_address.
   * @allowed an IP address or host name
   * @virsh `--listen-address` since libvirt 1.1.4
   */
  listenAddress?: string;
  /**
   * Where graphics clients are sent. Default: the destination's own choice.
   * @allowed a spice://, vnc:// or rdp:// URI
   * @virsh `--graphicsuri` since libvirt 1.1.0
   */
  graphicsUri?: string;
  /**
   * Nobody may change the definition meanwhile; implied where both hosts know it.
   * @allowed true, false
   * @virsh `--change-protection` since libvirt 0.9.4
   */
  changeProtection?: boolean;
  /**
   * A disk error in the guest cancels the migration.
   * @allowed true, false
   * @virsh `--abort-on-error` since libvirt 1.1.0
   */
  abortOnError?: boolean;
  /**
   * Moves although libvirt finds the disks' caching or storage unsafe. You answer for the data.
   * @allowed true, false
   * @virsh `--unsafe` since libvirt 0.9.11
   */
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
  /** For a running or paused VM. Absent in mode "offline". */
  live?: string | Record<string, string>;
  /** For one that is shut off. Absent in mode "live". */
  offline?: string | Record<string, string>;
  /** Run on the source before `live`. */
  before?: string[];
}

/** What the last migration did, as seen on both hosts. */
export interface LastMigration {
  /** The source, by its name in the inventory. */
  from: string;
  /** The destination, by its name in the inventory. */
  to: string;
  /** ISO 8601, the controller's clock. */
  startedAt: string;
  /** From the start of the command to the verified end. */
  durationMs: number;
  /** How long the guest stood still, as libvirt reports it; absent where it reports none (post-copy, offline). */
  downtimeMs?: number;
  /** Memory and disk bytes sent, as libvirt reports them; absent where it reports none (offline). */
  totalBytes?: number;
  /**
   * How fast pre-copy sent memory, bytes per second, measured while it ran; absent where that is not known: too little was sent, under a
   * cap, or compressed.
   */
  bytesPerSecond?: number;
  /** Passes over the memory. */
  passes?: number;
  /** How it got there in the end. */
  mode: "live" | "postCopy" | "suspended" | "offline";
  /** The command that ran; empty when a running migration was taken over. */
  command: string;
  /** Why it was moved, in words. */
  reason: string;
  /**
   * Disk images that moves with `copyStorage` have left on other hosts: they are old, and a move back onto them has to copy again. Absent
   * where there are none.
   */
  staleImages?: StaleImage[];
  /** What was foretold when the hosts were asked before the move; absent where it was not (a create, a static preview, offline). */
  predicted?: PredictedMigration;
}

/** An image that a move with `copyStorage` has left behind. */
export interface StaleImage {
  /** Where it lies, by the name in the inventory. */
  host: string;
  /** The image file there. */
  path: string;
  /** When that move began: ISO 8601, the controller's clock. */
  since: string;
}

/** Stands beside what was measured. Fields are absent where no end was expected. */
export interface PredictedMigration {
  /** "willNotConverge" only where the numbers carry it by a margin, "mayNotConverge" where it is close, or the rate is a guess. */
  verdict: "converges" | "onlyWithPostCopy" | "onlyThrottled" | "mayNotConverge" | "willNotConverge" | "unknown";
  /** From the start of the command to the verified end. */
  durationMs?: number;
  /** How long the guest stands still. */
  downtimeMs?: number;
  /** Memory and disk bytes to send. */
  totalBytes: number;
  /** Passes over the memory. */
  passes: number;
}
