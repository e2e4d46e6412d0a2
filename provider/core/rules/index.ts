/** What stands in the way of a move, from facts alone. All findings at once, never one by one. */
import { clean, cleanLine } from "../clean";
import { bootFilesAreThere } from "./bootFiles";
import { clocksAgree } from "./clocks";
import { cpuFits, domainFits, securityModelFits, tpmFits } from "./fit";
import { dataPortsAreOpen, peerAnswers, peerLoginIsQuiet } from "./peer";
import { devicesCanMove, nothingHoldsIt } from "./devices";
import { disksAreThere } from "./disks";
import type { MoveFacts } from "./facts";
import type { Finding, Rule } from "./finding";
import { distinctHosts, nameAndUuidAreFree } from "./identity";
import { memoryIsFree } from "./memory";
import { ownedStateGoesAlong, swtpmFits } from "./owned";
import { networksAreThere } from "./networks";
import { pausedVmHasRunHere } from "./pausedAgain";
import {
  compressionIsKnown,
  multiFdWithPostCopy,
  postCopyCanBeResumed,
  postCopyMayUseUserfaultfd,
  qemuIsNotOlder,
  tlsDiskCopyOverMultiFd,
  virshKnowsTheOptions,
} from "./options";
import { certificatesAreGood, tlsIsAskedFor } from "./tls";
import { answersAreReadable } from "./unreadable";

export * from "./facts";
export { isCopied } from "./disks";
export { type OwnedToCopy, ownedToCopy } from "./owned";
export { type Finding, showFinding } from "./finding";

/** In the order in which a user would mend things: the hosts, the way between them, the VM, its parts. */
const rules: readonly Rule[] = [
  answersAreReadable,
  distinctHosts,
  peerAnswers,
  peerLoginIsQuiet,
  dataPortsAreOpen,
  certificatesAreGood,
  tlsIsAskedFor,
  clocksAgree,
  virshKnowsTheOptions,
  compressionIsKnown,
  multiFdWithPostCopy,
  tlsDiskCopyOverMultiFd,
  postCopyCanBeResumed,
  postCopyMayUseUserfaultfd,
  qemuIsNotOlder,
  pausedVmHasRunHere,
  nameAndUuidAreFree,
  domainFits,
  cpuFits,
  tpmFits,
  swtpmFits,
  securityModelFits,
  memoryIsFree,
  disksAreThere,
  bootFilesAreThere,
  ownedStateGoesAlong,
  networksAreThere,
  devicesCanMove,
  nothingHoldsIt,
];

/**
 * Every blocker and warning; blockers first. Facts hold the names and paths of a host as they are, since they are compared and asked for;
 * here they become text, and are cleaned.
 */
export function findings(facts: MoveFacts): Finding[] {
  const all = rules
    .flatMap((rule) => rule(facts))
    .map((finding) => ({ ...finding, message: cleanLine(finding.message, 4096), next: clean(finding.next) }));
  return [
    ...all.filter(({ severity }) => severity === "blocker"),
    ...all.filter(({ severity }) => severity === "warning"),
  ];
}
