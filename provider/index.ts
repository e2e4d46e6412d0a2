export { VmPlacement } from "./resource";
export { VmFleet } from "./fleetResource";
export type { VmFleetArgs } from "./fleetDeclared";
export type { HostArgs } from "./core/model";
export type { DeepInput, VmPlacementArgs } from "./resource";
export type {
  ConvergenceActionArgs,
  ConvergenceStepArgs,
  DiskPlaceArgs,
  NetworkPlaceArgs,
  Duration,
  HostLimitsArgs,
  LastMigration,
  PastEstimate,
  MigrationArgs,
  OnDrift,
  PlacementArgs,
  Plan,
  PredictedMigration,
  Rate,
  Size,
  CopiedImage,
  StaleImage,
} from "./core/args";
export type { FleetHostArgs, FleetRuleArgs, FleetVmArgs, PlacementsArgs } from "./core/placementsArgs";
