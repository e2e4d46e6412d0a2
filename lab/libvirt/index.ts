/** Real libvirt and QEMU hosts on one Linux computer, as network namespaces. */
export { createLab, openLab, Lab, type InventoryHost, type LabOptions, type LabStatus } from "./lab";
export { LabHost, type Block, type Signal } from "./host";
export type { CertificateOptions } from "./certificates";
export type { AccountOptions } from "./accounts";
export type { GuestOptions } from "./guest";
export type { CommandOptions, CommandResult } from "./commands";
export { installHint, missingPrerequisites } from "./prerequisites";
export { listLabs, readLab, type LabRecord } from "./registry";
export { cleanStale, removeLab } from "./teardown";
export type { RunTime } from "./run-times";
