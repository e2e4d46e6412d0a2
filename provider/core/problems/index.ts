/** The problems of a move, from facts alone. All at once, never one by one. */
import { acceptable } from "../accept";
import { clean, cleanLine } from "../clean";
import type { Problem, Remedy } from "../problem";
import { bootFilesAreThere } from "./bootFiles";
import { clocksAgree } from "./clocks";
import { cpuFits } from "./cpu";
import { dataPortsAreOpen } from "./dataPorts";
import { devicesCanMove } from "./devices";
import { disksAreThere } from "./disks";
import type { MoveFacts } from "./facts";
import type { Finder } from "./finder";
import { distinctHosts, nameAndUuidAreFree } from "./identity";
import { hostFilesAreThere } from "./hostFiles";
import { filtersAreDefined } from "./filters";
import { imagesCanBeCopied } from "./imageCopy";
import { driverDaemonsAnswer } from "./driverDaemons";
import { domainFits, kvmIsOpen } from "./machineType";
import { withinLimits } from "./limits";
import { mappingFits } from "./mapping";
import { memoryIsFree } from "./memory";
import { networksAreThere } from "./networks";
import {
  compressionIsKnown,
  qemuIsNotOlder,
  tlsDiskCopyOverMultiFd,
  virshKnowsTheOptions,
  zeroDetectionIsKnown,
} from "./options";
import { ownedStateGoesAlong } from "./ownedState";
import { pausedVmHasRunHere } from "./pausedAgain";
import { peerLoginIsQuiet } from "./peerOutput";
import { peerCertificatesAreGood } from "./peerTls";
import { peerAnswers } from "./peerUnreachable";
import { boundToWhatIsThere } from "./pinning";
import { linkIsUsed } from "./linkSpeed";
import { controlIsEncrypted } from "./plainTcp";
import { multiFdWithPostCopy, postCopyCanBeResumed, postCopyMayUseUserfaultfd } from "./postCopy";
import { queuesFit } from "./queueSizes";
import { secretsAreDefined } from "./secrets";
import { securityModelFits } from "./securityModel";
import { nothingHoldsIt } from "./snapshots";
import { certificatesAreGood, tlsIsAskedFor } from "./tls";
import { tlsSecretIsDefined } from "./tlsSecret";
import { swtpmFits, tpmFits } from "./tpm";
import { answersAreReadable } from "./unreadable";
import { dataGoesToTheDestination, peerIsTheDestination } from "./wrongPeer";

export * from "./alongside";
export type { Side as CertificateSide } from "./certificates";
export * from "./facts";
export * from "./peerFacts";
export * from "./hostFacts";
export { imagesToCopy, isCopied, destinationPathOf, volumeOnDestination } from "./copied";
export { bytesToCopy } from "./copyRoom";
export { imagesToCreate } from "./createdImages";
export { imagesToCopyInto } from "./images";
export { type OwnedToCopy, ownedToCopy } from "./ownedState";
export { ordinaryBytesUsed } from "./memory";
export { domainNotRunning, jobNotActive } from "./migrationJob";
export { postCopyCannotEnd } from "./postCopy";
export { tryPeerLogin } from "./peerUnreachable";
export { stderrCauses } from "./stderrCauses";
export { type FailureContext, readTheLogs, type StderrCause } from "./stderr";

/** In the order in which a user would fix things: the hosts, the way between them … */
const ofTheHosts: readonly Finder[] = [
  answersAreReadable,
  distinctHosts,
  peerIsTheDestination,
  peerAnswers,
  peerLoginIsQuiet,
  controlIsEncrypted,
  peerCertificatesAreGood,
  dataGoesToTheDestination,
  dataPortsAreOpen,
  certificatesAreGood,
  tlsSecretIsDefined,
  tlsIsAskedFor,
  clocksAgree,
  virshKnowsTheOptions,
  compressionIsKnown,
  zeroDetectionIsKnown,
  linkIsUsed,
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
  kvmIsOpen,
  cpuFits,
  tpmFits,
  swtpmFits,
  securityModelFits,
  memoryIsFree,
  withinLimits,
  boundToWhatIsThere,
  mappingFits,
  disksAreThere,
  imagesCanBeCopied,
  bootFilesAreThere,
  hostFilesAreThere,
  ownedStateGoesAlong,
  driverDaemonsAnswer,
  secretsAreDefined,
  networksAreThere,
  filtersAreDefined,
  devicesCanMove,
  queuesFit,
  nothingHoldsIt,
];

/**
 * Every blocker, warning and information, in this order. Facts hold the names and paths of a host as they are, since they are compared and asked for;
 * here they become text, and are cleaned.
 */
export function problems(facts: MoveFacts): Problem[] {
  const found = (finders: readonly Finder[]) => finders.flatMap((find) => find(facts));
  const domain = facts.domain && cleanLine(facts.domain.name);
  const all = [
    ...found(ofTheHosts),
    ...found(ofTheDomain).map((problem) => ({ ...problem, ...(domain !== undefined && { domain }) })),
  ]
    .map((problem) => answeredFor(problem, facts))
    .map((problem) => ({
      ...problem,
      message: cleanLine(problem.message, 4096),
      remedies: problem.remedies.map(cleanRemedy),
    }));
  return [
    ...all.filter(({ severity }) => severity === "blocker"),
    ...all.filter(({ severity }) => severity === "warning"),
    ...all.filter(({ severity }) => severity === "information"),
  ];
}

/** What the user accepts is a warning; what may be accepted says so. */
function answeredFor(problem: Problem, { options: { accept = [] }, domain }: MoveFacts): Problem {
  const { rule, severity, message, remedies } = problem;
  const risk = Object.hasOwn(acceptable, rule) ? acceptable[rule]! : undefined;
  if (severity !== "blocker" || risk === undefined) return problem;
  if (accept.includes(rule)) {
    return { ...problem, severity: "warning", accepted: true, message: `${message} (accepted by migration.accept)` };
  }
  // Without a VM it is about the hosts, and there is no migration to write it in.
  if (domain === undefined) return problem;
  return {
    ...problem,
    remedies: [
      ...remedies,
      { do: `if you know that this blocker is wrong, set migration.accept: ["${rule}"] (${risk})` },
    ],
  };
}

function cleanRemedy({ do: what, commands, loses }: Remedy): Remedy {
  return {
    do: clean(what),
    ...(commands && { commands: commands.map((each) => ({ ...each, command: clean(each.command) })) }),
    ...(loses !== undefined && { loses: clean(loses) }),
  };
}
