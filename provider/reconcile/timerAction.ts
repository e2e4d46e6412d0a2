import type { PlacementError } from "../core/errors";
import type { MigrationOptions } from "../core/options";
import type { TimerAction } from "../core/timers";
import type { Virsh } from "../virsh/client";

export async function runTimerAction(
  virsh: Virsh,
  uuid: string,
  action: TimerAction,
  options: MigrationOptions,
): Promise<void> {
  switch (action) {
    case "postCopy":
      return virsh.startPostCopy(uuid);
    case "abort":
      return virsh.abortJob(uuid);
    case "suspend":
      return virsh.suspend(uuid);
    case "raiseMaxDowntime":
      return virsh.setMaxDowntimeMs(uuid, options.maxDowntimeMs!);
    case "inform":
      return;
  }
}

const failures: Record<TimerAction, string> = {
  postCopy: "the migration could not be switched to post-copy",
  abort: "the migration could not be cancelled",
  suspend: "the VM could not be paused",
  raiseMaxDowntime: "the maximum downtime could not be raised",
  inform: "",
};

export function timerActionFailed(action: TimerAction, { problem }: PlacementError): string {
  return `${failures[action]}: ${problem.message}`;
}
