import type { JobInfo } from "../../provider/core/domain";

/** Every `virsh domstate --reason` that libvirt has words for (9.0.0 and 11.3.0). */
export const everyState: readonly string[] = [
  ...["unknown", "booted", "migrated", "restored", "from snapshot", "unpaused", "migration canceled"],
  ...["save canceled", "event wakeup", "crashed", "post-copy", "post-copy failed"],
]
  .map((reason) => `running (${reason})`)
  .concat(
    ["idle", "blocked", "no state", "dying", "pmsuspended", "pmsuspended (disk)", "crashed", "crashed (panicked)"],
    ["in shutdown", "in shutdown (user)"],
    [
      ...["unknown", "user", "migrating", "saving", "dumping", "I/O error", "watchdog", "from snapshot"],
      ...["shutting down", "creating snapshot", "crashed", "starting up", "post-copy", "post-copy failed", "api error"],
    ].map((reason) => `paused (${reason})`),
    [...["unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from snapshot", "daemon"]].map(
      (reason) => `shut off (${reason})`,
    ),
  );

const running = (operation: JobInfo["operation"]): JobInfo => ({ type: "unbounded", operation });

export const everyJob: Record<string, JobInfo | undefined> = {
  "no job": { type: "none" },
  "not asked for": undefined,
  "a migration away": running("outgoing"),
  "a migration to here": running("incoming"),
  "a backup": running("other"),
  "one that libvirt does not tell": { type: "held" },
};
