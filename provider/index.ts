export { VmPlacement, type VmPlacementArgs, type DeepInput } from "./resource";
export type { Duration, LastMigration, MigrationArgs, PlacementArgs, Plan, Rate, Size } from "./core/args";
