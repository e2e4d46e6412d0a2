export { VmPlacement } from "./resource";
export type { DeepInput, VmPlacementArgs } from "./resource";
export type { Duration, LastMigration, MigrationArgs, PlacementArgs, Plan, Rate, Size } from "./core/args";
