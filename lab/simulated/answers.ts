/** What virsh of libvirt 9.0.0 prints; of errors what stands behind "error: ". */
export interface Answer {
  out?: string;
  err?: string;
}

export const noDomain = (name: string): Answer => ({ err: `failed to get domain '${name}'` });
export const notRunning: Answer = { err: "Requested operation is not valid: domain is not running" };

export const runningStatistics = `Job type: 2
operation: 5
time_elapsed: 1200
downtime: 300
memory_total: 268435456
memory_processed: 134217728
memory_remaining: 134217728
memory_bps: 335544320
memory_dirty_rate: 10240
memory_page_size: 4096
memory_iteration: 2`;

export const completedStatistics = `Job type: 3
operation: 4
time_elapsed: 1800
downtime: 43
memory_total: 268435456
memory_processed: 170917888
memory_remaining: 0
memory_iteration: 3`;

export const helpUndefine = "    --keep-nvram     keep nvram file\n    --keep-tpm       keep TPM state";

export const helpMigrate = [
  "live offline p2p direct tunnelled persistent undefinesource suspend copy-storage-all copy-storage-inc change-protection unsafe verbose",
  "compressed auto-converge rdma-pin-all abort-on-error postcopy postcopy-after-precopy postcopy-resume zerocopy migrateuri graphicsuri",
  "listen-address dname timeout timeout-suspend timeout-postcopy xml migrate-disks disks-port disks-uri comp-methods comp-mt-level",
  "comp-mt-threads comp-mt-dthreads comp-xbzrle-cache auto-converge-initial auto-converge-increment persistent-xml tls postcopy-bandwidth",
  "parallel parallel-connections bandwidth tls-destination copy-storage-synchronous-writes",
]
  .join(" ")
  .split(" ")
  .map((name) => `    --${name}`)
  .join("\n");
