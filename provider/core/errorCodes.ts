/** Every way a placement can fail. Closed: a new failure gets a code of its own, a hint and a test. */
export const errorCodes = [
  // inputs
  "invalidInput",
  "conflictingOptions",
  "unsafeCombination",
  "unknownHost",
  // from here to a host
  "hostUnreachable",
  "hostKeyUnknown",
  "hostKeyChanged",
  "hostKeyRevoked",
  "authRefused",
  "privateKeyUnusable",
  "connectionLost",
  "commandTimeout",
  "sessionRefused",
  "sudoRefused",
  "answerTooLong",
  // on a host
  "virshMissing",
  "libvirtDown",
  "socketPermission",
  "optionUnsupported",
  "unreadableAnswer",
  // the VM
  "domainMissing",
  "domainOnTwoHosts",
  "domainStateUnfit",
  "domainConflict",
  "domainBusy",
  "migrationRunning",
  "unsafeStorage",
  "hostMaintenance",
  "driftFound",
  // from host to host
  "peerUntrusted",
  "peerUnreachable",
  "wrongPeer",
  "peerOutput",
  "peerTls",
  "clocksApart",
  // the migration
  "migrationRefused",
  "migrationFailed",
  "migrationTimedOut",
  "migrationCancelled",
  "postCopyInterrupted",
  "verificationFailed",
] as const;
export type ErrorCode = (typeof errorCodes)[number];
