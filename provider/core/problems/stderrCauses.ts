import { firmwareMissing } from "./bootFiles";
import { cpuUnfit } from "./cpu";
import { dataAddressIsLocalhost, dataPortsInUse, diskPortKept } from "./dataPorts";
import {
  deviceBlocksMigration,
  hostDeviceMissing,
  hostDeviceRefused,
  hostDirectoryRefused,
  invariantTscRefused,
  sharedMemoryRefused,
  transientDiskRefused,
} from "./deviceRefusals";
import { domainConflict, sameHost } from "./identity";
import { imageForbidden, imageLocked, imageMissing, imageUnfit, poolMissing } from "./images";
import { definitionDiffers, stateNotAccepted } from "./incomingState";
import { libvirtDown, libvirtDownOnPeer } from "./libvirtDown";
import { emulatorMissing, kvmForbidden, kvmMissing, machineTypeUnknown } from "./machineType";
import { filterMissing } from "./filters";
import { hugepagesMissing, lockedMemoryLimited, memoryShort } from "./memory";
import { domainNotRunning, jobNotActive, jobRunning, migrationCancelled, migrationRunning } from "./migrationJob";
import { networkMissing } from "./networks";
import { compressionUnknown, optionsConflict, optionUnsupported } from "./options";
import { peerHostKeyTooOld, peerHostKeyUnknown, peerSshTooOld } from "./peerHostKey";
import {
  peerLoginRefused,
  peerPasswordExpired,
  peerShellRefused,
  sshConfigUnreadable,
  sshFileOpenToOthers,
} from "./peerLogin";
import { peerNameUnresolved } from "./peerName";
import { peerOutput } from "./peerOutput";
import { peerCertificateUnfit } from "./peerTls";
import { peerConnectionRefused, peerSshDrops, peerSshUnreachable } from "./peerUnreachable";
import { numadUnfit, pinningUnfit } from "./pinning";
import {
  multiFdMixed,
  multiFdWithPostCopyRefused,
  postCopyCannotEnd,
  postCopyImpossible,
  postCopyInterrupted,
  postCopyOfPausedVm,
  postCopyStillBreaking,
  userfaultfdRefused,
} from "./postCopy";
import { secretMissing } from "./secrets";
import { profileNotLoaded, securityDriverMissing } from "./securityModel";
import { blockJobActive, checkpointsRefused, snapshotsRefused } from "./snapshots";
import { peerSaslRefused, peerSocketPermission, socketPermission } from "./socketPermission";
import { spaceShort } from "./space";
import type { StderrCause } from "./stderr";
import { certificatesUnfit, tlsForced } from "./tls";
import { swtpmFailed, swtpmMissing } from "./tpm";
import { disksCached, offlineNotShared, storageNotShared, storageUnsafe } from "./unsafeStorage";
import { ncWithoutUnixSockets, sshHelperMissing, virshMissing } from "./virshMissing";

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
  diskPortKept,
  peerConnectionRefused,
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
  secretMissing,
  filterMissing,
  peerSaslRefused,
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
  multiFdMixed,
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
