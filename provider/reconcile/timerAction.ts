import type { TimerAction } from "../core/convergence/steps";
import type { PlacementError } from "../core/errors";
import type { Due } from "../core/timers";
import type { Virsh } from "../virsh/client";

export async function runTimerAction(virsh: Virsh, uuid: string, action: Due["action"]): Promise<void> {
  switch (action.kind) {
    case "postCopy":
      return virsh.startPostCopy(uuid);
    case "abort":
      return virsh.abortJob(uuid);
    case "suspend":
      return virsh.suspend(uuid);
    case "raiseMaxDowntime":
      return virsh.setMaxDowntimeMs(uuid, action.limitMs);
    case "setBandwidth":
      return virsh.setMaxSpeedMiBps(uuid, action.mibps);
    case "throttle":
    case "inform":
      return;
  }
}

/** Of a migration that was taken over: another run may have raised the limit further, and a step never lowers it. */
export async function wasDoneBefore(virsh: Virsh, uuid: string, action: Due["action"]): Promise<boolean> {
  if (action.kind !== "raiseMaxDowntime") return false;
  const limitMs = await virsh.maxDowntimeMs(uuid).catch(() => undefined);
  return limitMs !== undefined && limitMs >= action.limitMs;
}

const failures: Record<TimerAction, string> = {
  postCopy: "the migration could not be switched to post-copy",
  abort: "the migration could not be cancelled",
  suspend: "the VM could not be paused",
  raiseMaxDowntime: "the maximum downtime could not be raised",
  setBandwidth: "the limit of the rate could not be set",
  throttle: "",
  inform: "",
};

export function timerActionFailed({ kind }: Due["action"], { problem }: PlacementError): string {
  return `${failures[kind]}: ${problem.message}`;
}
