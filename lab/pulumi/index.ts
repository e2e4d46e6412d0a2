export { ensurePulumi, type PulumiInstallation } from "./ensure-pulumi";
export { type ExportedResource, Pulumi, type RunOptions, type StackExport } from "./pulumi";
export { type CommandResult } from "./run-command";
