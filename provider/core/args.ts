/** The public inputs and outputs as plain values. A type test keeps them equal to the schema; docs/options.md is made from them. */
import type { HostArgs } from "./model";

/**
 * A duration with its unit (ms, s, m, h): "500ms", "30s", "1.5m", "1h". It must be a whole number of milliseconds. A bare number is
 * refused (`invalidInput`).
 */
export type Duration = string;
/** A rate with its unit, in whole MiB/s and above 0: "40MiB/s", "1GiB/s". A bare number is refused (`invalidInput`). */
export type Rate = string;
/** A size with its unit (B, KiB, MiB, GiB, TiB): "64MiB". A bare number is refused (`invalidInput`). */
export type Size = string;

/**
 * What becomes of a VM that was moved by hand, or by anything but `up`: a later `pulumi up` moves it back, leaves it where it is until `host`
 * changes in the program, or refuses to place it (`driftFound`) until the program names the host that it is on.
 */
export type OnDrift = "moveBack" | "adopt" | "fail";

/**
 * How much of a host its VMs may take, by what they were given. Of VMs that are on their way there, and of those that still leave it, all
 * counts.
 */
export interface HostLimitsArgs {
  /** Of its memory: "90%". Default: no limit. */
  memory?: string;
  /** Virtual CPUs of VMs for each CPU: "400%" is four. Default: no limit. */
  cpu?: string;
}

/**
 * How a VM is moved. Each option names the virsh option that it becomes and the libvirt release that brought it; an absent one means
 * libvirt's default.
 *
 * A preview refuses a wrong value as `invalidInput`, options that exclude each other as `conflictingOptions`, a combination that loses
 * VMs as `unsafeCombination`, and an option that the hosts' libvirt or QEMU does not have as `optionUnsupported`.
 */
export interface MigrationArgs {
  /**
   * `auto`: live if the VM runs or is paused, offline if it is shut off. `live` refuses a VM that is shut off, `offline` one that
   * runs (`domainStateUnfit`). Default: "auto".
   * @allowed "auto", "live", "offline"
   * @virsh `--live`, `--offline`
   */
  mode?: "auto" | "live" | "offline";
  /**
   * Permits the switch to post-copy: the VM then runs on the destination and fetches the rest of its memory. A broken link after
   * the switch stops the VM until the migration is resumed. It switches at `after`, or at `timeout` with `onTimeout: "postCopy"`;
   * without either it is refused. Default: false.
   * @allowed true, false
   * @virsh `--postcopy` since libvirt 1.3.3
   */
  postCopy?:
    | boolean
    | {
        /**
         * Time from the start of the migration to the switch. Must be shorter than `timeout`.
         * @allowed duration, 100 ms – 24 h
         * @virsh `migrate-postcopy` since libvirt 1.3.3
         */
        after?: Duration;
        /**
         * Limit of the rate after the switch. Default: unlimited.
         * @allowed rate in whole MiB/s
         * @virsh `--postcopy-bandwidth` since libvirt 5.1.0
         */
        bandwidth?: Rate;
      };
  /**
   * Multi-FD: memory travels over several connections at once. Together with `postCopy` it needs QEMU 10.1 and a machine type of
   * QEMU 8.0 or later: older ones lose the VM or hang. Default: false.
   * @allowed true, false
   * @virsh `--parallel` since libvirt 5.2.0
   */
  parallel?:
    | boolean
    | {
        /**
         * Number of connections; "auto": one for each 10 Gbit/s of the destination's `linkSpeed` in the inventory, at least 2. Default: 2.
         * @allowed 1–255, "auto"
         * @virsh `--parallel-connections` since libvirt 5.2.0
         */
        connections?: number | "auto";
      };
  /**
   * Slows the virtual CPUs step by step until pre-copy converges. Default: false.
   * @allowed true, false
   * @virsh `--auto-converge` since libvirt 1.2.3
   */
  autoConverge?:
    | boolean
    | {
        /**
         * The first step, in percent of CPU time taken away. Default: 20.
         * @allowed 1–99
         * @virsh `--auto-converge-initial` since libvirt 2.0.0
         */
        initial?: number;
        /**
         * Each further step, in percent of CPU time. Default: 10.
         * @allowed 1–99
         * @virsh `--auto-converge-increment` since libvirt 2.0.0
         */
        increment?: number;
      };
  /**
   * The longest pause at the switch-over that the guest can bear. The old value is put back on the source when the VM stays there;
   * on the destination the VM starts with libvirt's default. No effect on a VM that is shut off. Default: libvirt's, 300 ms.
   * @allowed duration, 1 ms – 33 min 20 s
   * @virsh `migrate-setmaxdowntime` since libvirt 0.8.0
   */
  maxDowntime?:
    | Duration
    | {
        /** The longest pause, 1 ms – 33 min 20 s. */
        limit: Duration;
        /**
         * Sets the limit only that long after the start, for a migration that has not converged by then. Default: before the start.
         * @allowed duration, 100 ms – 24 h
         * @virsh `migrate-setmaxdowntime` since libvirt 0.8.0
         */
        after?: Duration;
      };
  /**
   * Limit of the rate before the switch-over. Default: the host's own value, normally unlimited.
   * @allowed rate in whole MiB/s
   * @virsh `--bandwidth` since libvirt 5.7.0
   */
  bandwidth?: Rate;
  /**
   * How long the migration may take before `onTimeout` happens. "30s/GiB" is 30 s for each GiB of the VM's memory (`<memory>` of its
   * definition on the source, at the start), at least 1 s. The provider's own timer, which holds while a `pulumi up` watches.
   * Default: none.
   * @allowed duration, 1 s – 168 h, also per GiB of memory
   */
  timeout?: Duration;
  /**
   * What happens at `timeout`: `abort` cancels the migration (the VM stays on the source, `up` fails with `migrationTimedOut`),
   * `postCopy` switches (needs `postCopy: true`), `suspend` pauses the VM until it has moved. Default: "abort".
   * @allowed "abort", "postCopy", "suspend"
   * @virsh `domjobabort`, `migrate-postcopy`, `suspend`
   */
  onTimeout?: "abort" | "postCopy" | "suspend";
  /**
   * What is done when the migration does not converge: a list of steps, each with one condition and one action, or a preset. Each step is
   * done once, in the order in which the conditions come true, before the switch to post-copy. The provider's own timers, which hold
   * while a `pulumi up` watches. A step `postCopy` implies `postCopy: true`, a step `throttle` implies `autoConverge: true`.
   * Default: none.
   * @allowed "gentle", "balanced", "finish", or a list of steps
   * @virsh `migrate-setmaxdowntime`, `migrate-setspeed`, `migrate-postcopy`, `domjobabort`, `suspend` since libvirt 0.9.0
   */
  convergence?: "gentle" | "balanced" | "finish" | ConvergenceStepArgs[];
  /**
   * Encrypts memory and disks on the network; both hosts need certificates for QEMU (`peerTls`). Without `tls` and without `tunnelled`
   * they travel in clear text. Default: false.
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
   * Sends memory through libvirt's own connection. Excludes `postCopy`, `parallel`, `tls`, `copyStorage` and `listenAddress`.
   * Default: false.
   * @allowed true, false
   * @virsh `--tunnelled` since libvirt 0.7.2
   */
  tunnelled?: boolean;
  /** Compression of the memory stream. Default: none. */
  compression?: {
    /**
     * "xbzrle" (deltas of pages sent before), "zlib" or "zstd" (one of them, with `parallel`), "mt" (up to QEMU 9.0). Not together:
     * "xbzrle" or "mt" with `parallel`. Default: none.
     * @allowed list of "xbzrle", "zlib", "zstd", "mt"
     * @virsh `--comp-methods` since libvirt 1.3.4
     */
    methods?: ("xbzrle" | "zlib" | "zstd" | "mt")[];
    /**
     * Cache for deltas; needs "xbzrle" in `methods`. Default: 64 MiB.
     * @allowed size, a power of two
     * @virsh `--comp-xbzrle-cache` since libvirt 1.3.4
     */
    xbzrleCache?: Size;
    /**
     * From 0 (no compression) to 9 (best); needs "zlib" in `methods`. Default: 1.
     * @allowed 0–9
     * @virsh `--comp-zlib-level` since libvirt 9.4.0
     */
    zlibLevel?: number;
    /**
     * From 0 (no compression) to 20 (best); needs "zstd" in `methods`. Default: 1.
     * @allowed 0–20
     * @virsh `--comp-zstd-level` since libvirt 9.4.0
     */
    zstdLevel?: number;
    /**
     * From 0 (no compression) to 9 (best); needs "mt" in `methods`. Default: QEMU's, 1.
     * @allowed 0–9
     * @virsh `--comp-mt-level` since libvirt 1.3.4
     */
    mtLevel?: number;
    /**
     * Number of threads that compress on the source; needs "mt" in `methods`. Default: QEMU's, 8.
     * @allowed 1–255
     * @virsh `--comp-mt-threads` since libvirt 1.3.4
     */
    mtThreads?: number;
    /**
     * Number of threads that decompress on the destination; needs "mt" in `methods`. Default: QEMU's, 2.
     * @allowed 1–255
     * @virsh `--comp-mt-dthreads` since libvirt 1.3.4
     */
    mtDecompressThreads?: number;
  };
  /**
   * Sends pages without copying them in the kernel (from QEMU 7.1). Needs `parallel`; excludes `tls` and `compression`. Default: false.
   * @allowed true, false
   * @virsh `--zerocopy` since libvirt 8.5.0
   */
  zeroCopy?: boolean;
  /**
   * Copies the disks too: `all` copies all content, `incremental` what lies over a shared base image. Default: no disk is copied.
   *
   * Of a VM that runs, libvirt copies them: the destination needs an image of the same size and format, or a storage pool for its
   * directory. Of a VM that is shut off the provider copies the image files and block devices as they are, with their backing files
   * (`all`), over ssh from the source to the destination: sparse, verified by SHA-256, limited by `bandwidth` and `timeout`; the source
   * keeps its images. It needs root on both hosts, room on the destination, and for a block device one at the same path there.
   * @allowed "all", "incremental"
   * @virsh `--copy-storage-all`, `--copy-storage-inc` since libvirt 0.8.2
   */
  copyStorage?:
    | "all"
    | "incremental"
    | {
        /** As the plain word: all content, or what lies over a shared base image. */
        mode: "all" | "incremental";
        /**
         * The disks to copy, by target ("vda"). Default: all that are neither shared nor read-only.
         * @allowed list of disk targets
         * @virsh `--migrate-disks` since libvirt 1.2.17
         */
        disks?: string[];
        /**
         * TCP port on the destination for the disks. Default: libvirt chooses one of 49152–49215.
         * @allowed 1–65535
         * @virsh `--disks-port` since libvirt 1.3.3
         */
        port?: number;
        /**
         * Guest writes wait until the destination has them, so that copying converges. Default: false.
         * @allowed true, false
         * @virsh `--copy-storage-synchronous-writes` since libvirt 8.0.0
         */
        synchronousWrites?: boolean;
        /**
         * Disks, by target, whose zero blocks are not written on the destination. Default: none.
         * @allowed list of disk targets
         * @virsh `--migrate-disks-detect-zeroes` since libvirt 10.9.0
         */
        detectZeroes?: string[];
        /**
         * The provider first creates the images that the destination lacks, while the VM runs: same format (qcow2 or raw) and virtual
         * size, with `incremental` the same backing file, which the destination must have. They are sparse and mode 0600. An image that
         * is there already is used as it is, or refused where it does not fit. If the move fails, those that were created are removed.
         * In a pool that has the directory they are volumes; elsewhere `qemu-img create` makes them, as root. Default: false.
         * @allowed true, false
         * @virsh `vol-create` since libvirt 0.4.1
         */
        createImages?: boolean;
      };
  /**
   * Disks that lie elsewhere on the destination, by their target ("vda"): at another path, or as a volume of a storage pool. A file stays a
   * file, a block device a block device. `copyStorage` copies to that place. Nothing else of the VM's definition changes; a disk that is
   * at its place already stays there. Default: each disk has the same path, or the same pool and volume, on both hosts.
   * @allowed an object of disk targets, each `{ path }` or `{ pool, volume }`
   * @virsh `--xml`, `--persistent-xml` since libvirt 1.3.4
   */
  disks?: Record<string, DiskPlaceArgs>;
  /**
   * Bridges and libvirt networks that have another name on the destination, by their name on the source. A text is the name of the same
   * kind; `{ bridge }` and `{ network }` also change a network into a bridge, and a bridge into a network. All interfaces on it are meant.
   * One that is on the other already stays there. Default: they have the same names on both hosts.
   * @allowed an object of names, each a name, `{ bridge }` or `{ network }`
   * @virsh `--xml`, `--persistent-xml` since libvirt 1.3.4
   */
  networks?: Record<string, NetworkPlaceArgs>;
  /**
   * The rate that QEMU assumes when it decides whether it can switch over within `maxDowntime`. Default: QEMU's own measurement.
   * @allowed rate in whole MiB/s
   * @virsh `--available-switchover-bandwidth` since libvirt 11.1.0
   */
  switchoverBandwidth?: Rate;
  /**
   * Address on which the destination listens for the data. Excludes `tunnelled`. Default: `migration_address` of its qemu.conf.
   * @allowed an IP address or host name
   * @virsh `--listen-address` since libvirt 1.1.4
   */
  listenAddress?: string;
  /**
   * Address to which connected graphics clients are sent. Default: the destination chooses.
   * @allowed a spice://, vnc:// or rdp:// URI
   * @virsh `--graphicsuri` since libvirt 1.1.0
   */
  graphicsUri?: string;
  /**
   * libvirt refuses changes of the VM's definition during the migration; implied where both libvirts know the option. Default: false.
   * @allowed true, false
   * @virsh `--change-protection` since libvirt 0.9.4
   */
  changeProtection?: boolean;
  /**
   * A disk I/O error of the guest cancels the migration. Default: false.
   * @allowed true, false
   * @virsh `--abort-on-error` since libvirt 1.1.0
   */
  abortOnError?: boolean;
  /**
   * Moves the VM although libvirt calls its disks' cache mode or storage unsafe (`unsafeStorage`): data may be lost. Default: false.
   * @allowed true, false
   * @virsh `--unsafe` since libvirt 0.9.11
   */
  unsafe?: boolean;
  /**
   * Blockers that you answer for, by the names that a preview gives them (`rule`): each becomes a warning, and the move is tried. What would
   * lose a VM or its data cannot be accepted; libvirt and QEMU still refuse what they refuse (docs/preview.md). Default: none.
   * @allowed list of names of blockers
   */
  accept?: string[];
}

/** Where a disk lies on the destination. */
export type DiskPlaceArgs =
  | {
      /** An absolute path. */
      path: string;
    }
  | {
      /** The storage pool of libvirt on the destination. */
      pool: string;
      /** The name of the volume in it. */
      volume: string;
    };

/** What an interface is connected to on the destination: a name of the same kind, a bridge, or a libvirt network. */
export type NetworkPlaceArgs =
  | string
  | {
      /** A bridge of the destination. */
      bridge: string;
    }
  | {
      /** A libvirt network of the destination. */
      network: string;
    };

/** One step of `convergence`: exactly one condition (`after`, `pass` or `stalled`), and what is done then. */
export interface ConvergenceStepArgs {
  /** Time from the start of the migration, 100 ms – 24 h. */
  after?: Duration;
  /** A pass over the memory has begun, 1–10000: the iteration of `virsh domjobinfo`. The first pass sends all of the memory. */
  pass?: number;
  /**
   * Pre-copy has come no closer to its end for that long, 1 s – 24 h: no pass began with less left to send than those before, and QEMU
   * did not slow the VM more than before. Counted by the `up` that watches.
   */
  stalled?: Duration;
  /** What is done. */
  do: ConvergenceActionArgs;
}

/** What a step of `convergence` does. */
export type ConvergenceActionArgs =
  | "throttle"
  | "postCopy"
  | "abort"
  | "suspend"
  | {
      /** The longest pause at the switch-over from then on, 1 ms – 33 min 20 s. */
      raiseDowntime: Duration;
    }
  | {
      /** The limit of the rate before the switch-over from then on. */
      bandwidth: Rate;
    };

/** The inputs of a placement as plain values, without outputs of other resources. */
export interface PlacementArgs {
  /** The libvirt domain: its name or its UUID. A name of digits alone is refused: virsh takes it for a domain id. */
  domain: string;
  /** Where the VM belongs: a host of the inventory, or a list of them, any of which will do. */
  host: string | string[];
  /** How the VM is moved when it has to be. Default: libvirt's defaults, `mode: "auto"`. */
  migration?: MigrationArgs;
  /** What becomes of a VM that was moved by hand. Default: "moveBack". */
  onDrift?: OnDrift;
  /** How much of the destination its VMs may take: checked right before each move. Default: no limit. */
  limits?: HostLimitsArgs;
  /** Hosts beside those of `vm-placement:hosts`, by name. Default: none. */
  inventory?: Record<string, HostArgs>;
}

/**
 * The exact commands of a move, as text; by destination where `host` is a list. They are made from the inputs and the inventory only, and
 * `up` runs them word for word.
 */
export interface Plan {
  /** The `virsh migrate` command for a VM that runs or is paused. Absent in mode "offline". */
  live?: string | Record<string, string>;
  /** The `virsh migrate` command for a VM that is shut off. Absent in mode "live". */
  offline?: string | Record<string, string>;
  /** Commands that run on the source before `live`: limits that virsh sets apart from `migrate`. Absent where there are none. */
  before?: string[];
  /**
   * With `convergence`: what is done while `live` runs, and when, in the order of the list: "no closer to its end for 20 s: virsh
   * migrate-setmaxdowntime db-01 800".
   */
  during?: string[];
  /**
   * With `disks` or `networks`: what differs in the XML that `--xml` and `--persistent-xml` read, the VM's own otherwise: "disk vda: file
   * /srv/vms/db.qcow2". The provider hands it over by pipes; by hand, redirect files: `3<live.xml 4<persistent.xml`.
   */
  mapped?: string[];
}

/** What the last migration did, as both hosts reported it. */
export interface LastMigration {
  /** The source: its name in the inventory. */
  from: string;
  /** The destination: its name in the inventory. */
  to: string;
  /** When the migration began: ISO 8601, by the clock of the computer that ran Pulumi. */
  startedAt: string;
  /** Milliseconds from the start of the command to the verified end. */
  durationMs: number;
  /** Milliseconds that the guest was paused, as `virsh domjobinfo --completed` reports it; absent after post-copy and offline. */
  downtimeMs?: number;
  /** Bytes of memory and disks processed, as `virsh domjobinfo` reports them; absent after an offline move. */
  totalBytes?: number;
  /**
   * Bytes per second at which pre-copy sent memory, measured while it ran; absent where too little was sent, and with a `bandwidth`
   * limit or compression.
   */
  bytesPerSecond?: number;
  /** Passes over the memory that pre-copy made, as `virsh domjobinfo` reports them (iterations). */
  passes?: number;
  /** How it ended: by pre-copy, by post-copy, with the VM paused at `timeout`, or as a definition alone. */
  mode: "live" | "postCopy" | "suspended" | "offline";
  /** The `virsh migrate` command that ran; empty where `up` watched a migration that was in progress already. */
  command: string;
  /** Why the VM was moved, as a sentence. */
  reason: string;
  /**
   * Disk images that moves with `copyStorage` left on other hosts. Their content is old: a move back has to copy again. Absent where
   * there are none.
   */
  staleImages?: StaleImage[];
  /** The images that were copied of a VM that was shut off, as both hosts have them. */
  copiedImages?: CopiedImage[];
  /**
   * The estimate of this move, made right before it from the same facts as a preview's. No `up` waits for one: the guest's dirty rate is
   * what a preview counted on that host within the last hour, and without one the verdict is "unknown". Absent with
   * `vm-placement:preview: static`, after an offline move, and where a migration was only watched or resumed.
   */
  predicted?: PredictedMigration;
  /**
   * How the estimates of this VM's last moves turned out, the newest last, at most five. The next preview widens its estimate by them.
   * Absent where none was estimated.
   */
  pastEstimates?: PastEstimate[];
}

/** The estimated and the measured time of a move. */
export interface PastEstimate {
  /** When that move began: ISO 8601, by the clock of the computer that ran Pulumi. */
  startedAt: string;
  /** Milliseconds that the preview expected, most likely. */
  estimatedMs: number;
  /** Milliseconds from the start of the command to the verified end. */
  tookMs: number;
}

/** An image file or block device that was copied, and verified on both hosts. */
export interface CopiedImage {
  /** As the definition of the VM names it, or the image that stands on it. */
  path: string;
  /** Of the image, holes included. */
  bytes: number;
  /** Of all of it, holes included, in hexadecimal. */
  sha256: string;
}

/** A disk image that a move with `copyStorage` left on its source. */
export interface StaleImage {
  /** The host that has it: its name in the inventory. */
  host: string;
  /** Its path on that host. */
  path: string;
  /** When that move began: ISO 8601, by the clock of the computer that ran Pulumi. */
  since: string;
}

/** The estimate of a move, kept beside what was measured. Times are absent where no end was predicted. */
export interface PredictedMigration {
  /**
   * Whether pre-copy ends, and by what. "willNotConverge" stands only where the numbers show it by a margin; "mayNotConverge" where it
   * is close, or where the rate is a guess.
   */
  verdict: "converges" | "onlyWithPostCopy" | "onlyThrottled" | "mayNotConverge" | "willNotConverge" | "unknown";
  /** Milliseconds from start to end, most likely. */
  durationMs?: number;
  /** Milliseconds if all goes well. */
  bestDurationMs?: number;
  /** Milliseconds if all goes badly; absent where it may not end then. */
  worstDurationMs?: number;
  /** Milliseconds that the guest is paused, most likely. */
  downtimeMs?: number;
  /** Milliseconds of pause if all goes well. */
  bestDowntimeMs?: number;
  /** Milliseconds of pause if all goes badly. */
  worstDowntimeMs?: number;
  /** Bytes that are sent. */
  totalBytes: number;
  /** Passes over the memory. */
  passes: number;
}
