export { VmPlacement } from "./resource";
export type { DeepInput, VmPlacementArgs } from "./resource";
export type {
  Duration,
  LastMigration,
  MigrationArgs,
  PlacementArgs,
  Plan,
  PredictedMigration,
  Rate,
  Size,
  CopiedImage,
  StaleImage,
} from "./core/args";
