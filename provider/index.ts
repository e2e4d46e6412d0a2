export { VmPlacement } from "./resource";
export type { DeepInput, VmPlacementArgs } from "./resource";
export type {
  Duration,
  LastMigration,
  PastEstimate,
  MigrationArgs,
  PlacementArgs,
  Plan,
  PredictedMigration,
  Rate,
  Size,
  CopiedImage,
  StaleImage,
} from "./core/args";
