/** Migrations that run, or that were interrupted, no matter who started them. */
import { type DomainView, showState } from "../domain";
import { isActive, isInPostCopy, isStillInPostCopy } from "../situation";
import { peerRestarted } from "./peerRestarted";
import { afterTheSwitch } from "./postCopy";
import { inPreCopy } from "./preCopy";
import { namesOf, refuse } from "./refusal";
import type { Decision, Observed, Refusal } from "./types";

/** Undefined when the views show none. */
export function migrationInFlight(
  name: string,
  views: readonly DomainView[],
  observed: Observed,
): Decision | undefined {
  const postCopy = views.filter(isInPostCopy);
  if (postCopy.length === 0) return inPreCopy(name, views, observed);
  // Both sides have stopped, whatever state the remaining one shows.
  const restarted = views.filter(isActive).length === 1 && peerRestarted(name, postCopy[0]!, views, observed.past);
  if (restarted) return restarted;
  const decision = afterTheSwitch(name, views, postCopy, observed);
  const runs = postCopy.find(isStillInPostCopy);
  return runs !== undefined && decision.action === "refuse" ? onlyWait(name, runs, decision, observed) : decision;
}

/**
 * While the destination says "running (post-copy)" QEMU may end the migration by itself, also minutes after libvirt on the source has
 * given it up (13 → 13, cut off for 70 s: 20 s after the link was back): a destroy or a resume would then lose the VM.
 */
function onlyWait(name: string, runs: DomainView, { problem }: Refusal, observed: Observed): Refusal {
  const { code, message, host } = problem;
  const silent = namesOf(observed.unreachable);
  return refuse({
    code: code === "domainOnTwoHosts" ? "migrationRunning" : code,
    ...(host !== undefined && { host }),
    message,
    remedies: [{ do: `${silent === "" ? "" : `bring ${silent} back, then `}run \`pulumi up\` again in a minute` }],
    caution: `${name} runs on ${runs.host}: as long as its state there is "${showState(runs)}", the migration may end by itself; do not touch the VM on any host before then`,
    passes: true,
  });
}
