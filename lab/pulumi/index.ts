export { ensurePulumi, type EnsureOptions, type PulumiInstallation } from "./ensure-pulumi";
export { pulumiEnvironment } from "./environment";
export { type ExportedResource, Pulumi, type PulumiOptions, type RunOptions, type StackExport } from "./pulumi";
export { type CommandResult } from "./run-command";
export { PULUMI_VERSION } from "./version";
