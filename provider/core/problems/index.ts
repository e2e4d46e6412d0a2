/** What stands in the way of a move, from facts alone. All problems at once, never one by one. */
import { clean, cleanLine } from "../clean";
import type { Problem, Remedy } from "../problem";
import { bootFilesAreThere } from "./bootFiles";
import { clocksAgree } from "./clocks";
import { cpuFits, domainFits, securityModelFits, tpmFits } from "./fit";
import { dataPortsAreOpen, peerAnswers, peerLoginIsQuiet } from "./peer";
import { devicesCanMove, nothingHoldsIt } from "./devices";
import { disksAreThere } from "./disks";
import type { MoveFacts } from "./facts";
import type { Finder } from "./finder";
import { distinctHosts, nameAndUuidAreFree } from "./identity";
import { memoryIsFree } from "./memory";
import { ownedStateGoesAlong, swtpmFits } from "./ownedState";
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
export { type OwnedToCopy, ownedToCopy } from "./ownedState";

/** In the order in which a user would fix things: the hosts, the way between them … */
const ofTheHosts: readonly Finder[] = [
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
];

/** … the VM, its parts. */
const ofTheDomain: readonly Finder[] = [
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
export function problems(facts: MoveFacts): Problem[] {
  const found = (finders: readonly Finder[]) => finders.flatMap((find) => find(facts));
  const domain = facts.domain && cleanLine(facts.domain.name);
  const all = [
    ...found(ofTheHosts),
    ...found(ofTheDomain).map((problem) => ({ ...problem, ...(domain !== undefined && { domain }) })),
  ].map((problem) => ({
    ...problem,
    message: cleanLine(problem.message, 4096),
    remedies: problem.remedies.map(cleanRemedy),
  }));
  return [
    ...all.filter(({ severity }) => severity === "blocker"),
    ...all.filter(({ severity }) => severity === "warning"),
  ];
}

function cleanRemedy({ do: what, commands, loses }: Remedy): Remedy {
  return {
    do: clean(what),
    ...(commands && { commands: commands.map((each) => ({ ...each, command: clean(each.command) })) }),
    ...(loses !== undefined && { loses: clean(loses) }),
  };
}
