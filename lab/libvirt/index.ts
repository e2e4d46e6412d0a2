/** Real libvirt and QEMU hosts on one Linux computer, as network namespaces. */
export { createLab, openLab, Lab, type InventoryHost, type LabOptions } from "./lab";
export { LabHost } from "./host";
export type { GuestOptions } from "./guest";
export type { CommandResult } from "./commands";
export { missingPrerequisites } from "./prerequisites";
export { listLabs } from "./registry";
export { cleanStale, removeLab } from "./teardown";
