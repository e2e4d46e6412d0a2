/** What is done while a migration runs, as a preview shows it. */
import type { Condition, StepAction } from "../core/convergence/step";
import { stepsOf } from "../core/convergence/steps";
import type { MigrationOptions } from "../core/options";
import { quote } from "../core/quote";
import { showDuration } from "../core/units";

/** @example "no closer to its end for 20 s: virsh migrate-setmaxdowntime db-01 800" */
export function stepLines(virsh: string, domain: string, options: MigrationOptions): string[] {
  const { timeoutMsPerGiB: perGiB, onTimeout = "abort" } = options;
  const steps = stepsOf(options).map(({ when, action }) => [conditionText(when), action] as const);
  if (perGiB !== undefined)
    steps.push([`${showDuration(perGiB)} for each GiB of memory after the start`, { kind: onTimeout }]);
  return steps.map(([condition, action]) => `${condition}: ${actionText(virsh, domain, action)}`);
}

function conditionText(when: Condition): string {
  if ("afterMs" in when) return `${showDuration(when.afterMs)} after the start`;
  if ("pass" in when) return `pass ${when.pass} over the memory has begun`;
  return `no closer to its end for ${showDuration(when.stalledMs)}`;
}

function actionText(virsh: string, domain: string, action: StepAction): string {
  const vm = quote(domain);
  switch (action.kind) {
    case "raiseMaxDowntime":
      return `${virsh} migrate-setmaxdowntime ${vm} ${action.limitMs}`;
    case "setBandwidth":
      return `${virsh} migrate-setspeed ${vm} ${action.mibps}`;
    case "throttle":
      return "nothing to run, it says how far QEMU slows the VM: --auto-converge holds from the start, libvirt cannot turn it on later";
    case "postCopy":
      return `${virsh} migrate-postcopy ${vm}`;
    case "suspend":
      return `${virsh} suspend ${vm}`;
    case "abort":
      return `${virsh} domjobabort ${vm}`;
  }
}
