/** The fault matrix: each fault, how the lab injects it, the phases of a move in which it does, and what is expected. */
import type { Fault } from "../case";
import { controllerFaults } from "./controller";
import { daemonFaults } from "./daemons";
import { destinationFaults } from "./destination";
import { linkFaults } from "./links";
import { otherFaults } from "./others";
import { powerFaults } from "./power";
import { qemuFaults } from "./qemu";

export const faults: readonly Fault[] = [
  ...controllerFaults,
  ...linkFaults,
  ...daemonFaults,
  ...qemuFaults,
  ...destinationFaults,
  ...otherFaults,
  ...powerFaults,
];
