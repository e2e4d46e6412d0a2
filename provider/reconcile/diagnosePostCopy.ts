/** The errors of a migration that ended, or stopped, after the switch to post-copy. */
import { peerLost } from "../core/decide/peerLost";
import { handsOver } from "../core/decide/postCopy";
import { startFromDisk } from "../core/decide/refusal";
import type { PlacementError } from "../core/errors";
import { isInterrupted } from "../core/situation";
import { pastWhereItMatters } from "../observe/past";
import { resumeHindrance } from "../observe/resumable";
import { type Ended, explained, failed } from "./ended";

export function postCopyGoesOn(end: Ended): PlacementError {
  const { domain, source, destination } = end.migration;
  return failed(end, {
    code: "postCopyInterrupted",
    message: `libvirt on ${source} has given the post-copy migration up, and ${domain.name} runs on ${destination} without all of its memory yet`,
    remedies: [
      {
        do: `bring the link between ${source} and ${destination} back and run \`pulumi up\` again; as long as ${destination} shows "running (post-copy)", the VM waits for the rest of its memory`,
      },
    ],
    caution: "Destroy and resume nothing on either host before that",
  });
}

export function unnoticed(end: Ended): PlacementError {
  const { migration, verdict } = end;
  const refusal = handsOver(migration.domain.name, verdict.source!, verdict.destination!)!;
  return failed(end, { ...refusal.problem, phase: "verify" });
}

export async function postCopyFailed(end: Ended): Promise<PlacementError> {
  const { hosts, migration, verdict } = end;
  const { domain, source, destination } = migration;
  const cause = await explained(end);
  const hindrance = await resumeHindrance(hosts, source, destination);
  const left = verdict.destination ?? domain;
  const link = `bring the link between ${source} and ${destination} back`;
  const resume =
    hindrance === undefined
      ? `${link} and run \`pulumi up\` again, which resumes the migration`
      : `${link}, upgrade libvirt on ${hindrance.host} to ${hindrance.upgradeTo} or later and run \`pulumi up\` again, which then resumes the migration; before the upgrade it refuses, as ${hindrance.why}`;
  return failed(end, {
    code: "postCopyInterrupted",
    message: `post-copy was interrupted${cause ? ` (${cause.problem.message})` : ""}, and each host has a part of the VM's memory`,
    remedies: [
      { do: `${resume}; until then do not destroy or resume the VM on either host` },
      startFromDisk("if one of the hosts is gone for good, start it from its disk", [left], left),
    ],
  });
}

export async function diagnosePeerLost(end: Ended): Promise<PlacementError> {
  const { hosts, migration, verdict } = end;
  const { domain, source, destination } = migration;
  const both = [verdict.source, verdict.destination].filter((view) => view !== undefined);
  const past = await pastWhereItMatters(hosts, both, [source, destination]);
  const refusal = peerLost(domain.name, both.find(isInterrupted)!, both, [], past);
  return failed(end, { ...refusal.problem, phase: "verify" });
}
