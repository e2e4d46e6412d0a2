/** The problems of a move, from facts alone. All at once, never one by one. */
import { acceptable } from "../accept";
import { clean, cleanLine } from "../clean";
import type { Problem, Remedy } from "../problem";
import { bootFilesAreThere, firmwareMissing } from "./bootFiles";
import { clocksAgree } from "./clocks";
import { cpuFits, cpuUnfit } from "./cpu";
import { dataAddressIsLocalhost, dataPortsAreOpen, dataPortsClosed, dataPortsInUse } from "./dataPorts";
import {
  deviceBlocksMigration,
  devicesCanMove,
  hostDeviceMissing,
  hostDeviceRefused,
  hostDirectoryRefused,
  invariantTscRefused,
  sharedMemoryRefused,
  transientDiskRefused,
} from "./devices";
import { disksAreThere } from "./disks";
import type { MoveFacts } from "./facts";
import type { Finder } from "./finder";
import { distinctHosts, domainConflict, nameAndUuidAreFree, sameHost } from "./identity";
import { imagesCanBeCopied } from "./imageCopy";
import { imageForbidden, imageLocked, imageMissing, imageUnfit, poolMissing } from "./images";
import { definitionDiffers, stateNotAccepted } from "./incomingState";
import { libvirtDown, libvirtDownOnPeer } from "./libvirtDown";
import { domainFits, emulatorMissing, kvmForbidden, kvmMissing, machineTypeUnknown } from "./machineType";
import { hugepagesMissing, lockedMemoryLimited, memoryIsFree, memoryShort } from "./memory";
import { domainNotRunning, jobNotActive, jobRunning, migrationCancelled, migrationRunning } from "./migrationJob";
import { networkMissing, networksAreThere } from "./networks";
import {
  compressionIsKnown,
  compressionUnknown,
  optionsConflict,
  optionUnsupported,
  qemuIsNotOlder,
  tlsDiskCopyOverMultiFd,
  virshKnowsTheOptions,
} from "./options";
import { ownedStateGoesAlong } from "./ownedState";
import { pausedVmHasRunHere } from "./pausedAgain";
import { peerHostKeyTooOld, peerHostKeyUnknown, peerSshTooOld } from "./peerHostKey";
import {
  peerLoginRefused,
  peerPasswordExpired,
  peerShellRefused,
  sshConfigUnreadable,
  sshFileOpenToOthers,
} from "./peerLogin";
import { peerNameUnresolved } from "./peerName";
import { peerLoginIsQuiet, peerOutput } from "./peerOutput";
import { peerAnswers, peerSshDrops, peerSshUnreachable } from "./peerUnreachable";
import { boundToWhatIsThere, numadUnfit, pinningUnfit } from "./pinning";
import {
  multiFdWithPostCopy,
  multiFdWithPostCopyRefused,
  postCopyCanBeResumed,
  postCopyCannotEnd,
  postCopyImpossible,
  postCopyInterrupted,
  postCopyMayUseUserfaultfd,
  postCopyOfPausedVm,
  postCopyStillBreaking,
  userfaultfdRefused,
} from "./postCopy";
import { profileNotLoaded, securityDriverMissing, securityModelFits } from "./securityModel";
import { blockJobActive, checkpointsRefused, nothingHoldsIt, snapshotsRefused } from "./snapshots";
import { peerSocketPermission, socketPermission } from "./socketPermission";
import { spaceShort } from "./space";
import type { StderrCause } from "./stderr";
import { certificatesAreGood, certificatesUnfit, peerCertificateUnfit, tlsForced, tlsIsAskedFor } from "./tls";
import { swtpmFailed, swtpmFits, swtpmMissing, tpmFits } from "./tpm";
import { answersAreReadable } from "./unreadable";
import { disksCached, offlineNotShared, storageNotShared, storageUnsafe } from "./unsafeStorage";
import { ncWithoutUnixSockets, sshHelperMissing, virshMissing } from "./virshMissing";

export * from "./facts";
export * from "./hostFacts";
export { isCopied } from "./copied";
export { imagesToCopy } from "./imageCopy";
export { imagesToCopyInto } from "./images";
export { type OwnedToCopy, ownedToCopy } from "./ownedState";
export { ordinaryBytesUsed } from "./memory";
export { domainNotRunning, jobNotActive } from "./migrationJob";
export { postCopyCannotEnd } from "./postCopy";
export { tryPeerLogin } from "./peerUnreachable";
export { type FailureContext, readTheLogs, type StderrCause } from "./stderr";

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
  boundToWhatIsThere,
  disksAreThere,
  imagesCanBeCopied,
  bootFilesAreThere,
  ownedStateGoesAlong,
  networksAreThere,
  devicesCanMove,
  nothingHoldsIt,
];

/** What virsh prints when a migration fails. Tried in this order: a text often wraps several causes, the more telling ones come first. */
export const stderrCauses: readonly StderrCause[] = [
  // ssh from the source to the destination
  virshMissing,
  peerHostKeyUnknown,
  peerHostKeyTooOld,
  peerSshTooOld,
  peerOutput,
  sshFileOpenToOthers,
  sshConfigUnreadable,
  peerPasswordExpired,
  peerShellRefused,
  peerLoginRefused,
  peerNameUnresolved,
  dataAddressIsLocalhost,
  dataPortsInUse,
  dataPortsClosed,
  peerSshDrops,
  peerSshUnreachable,
  // disks
  storageNotShared,
  disksCached,
  storageUnsafe,
  offlineNotShared,
  imageUnfit,
  swtpmMissing,
  swtpmFailed,
  firmwareMissing,
  imageForbidden,
  imageLocked,
  poolMissing,
  imageMissing,
  // the VM and its jobs
  snapshotsRefused,
  checkpointsRefused,
  blockJobActive,
  hostDeviceRefused,
  hostDeviceMissing,
  hostDirectoryRefused,
  sharedMemoryRefused,
  transientDiskRefused,
  invariantTscRefused,
  deviceBlocksMigration,
  postCopyStillBreaking,
  postCopyCannotEnd,
  jobNotActive,
  domainNotRunning,
  migrationRunning,
  jobRunning,
  domainConflict,
  sameHost,
  migrationCancelled,
  userfaultfdRefused,
  postCopyImpossible,
  postCopyInterrupted,
  // what the hosts have and know
  peerCertificateUnfit,
  certificatesUnfit,
  tlsForced,
  kvmForbidden,
  kvmMissing,
  emulatorMissing,
  securityDriverMissing,
  profileNotLoaded,
  machineTypeUnknown,
  cpuUnfit,
  pinningUnfit,
  numadUnfit,
  definitionDiffers,
  stateNotAccepted,
  postCopyOfPausedVm,
  multiFdWithPostCopyRefused,
  compressionUnknown,
  optionsConflict,
  lockedMemoryLimited,
  optionUnsupported,
  // libvirt itself, the destination's first: it stands in what the source says
  sshHelperMissing,
  ncWithoutUnixSockets,
  peerSocketPermission,
  libvirtDownOnPeer,
  socketPermission,
  libvirtDown,
  spaceShort,
  hugepagesMissing,
  memoryShort,
  networkMissing,
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
