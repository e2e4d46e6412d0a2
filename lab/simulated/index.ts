/** Hosts in this process that answer virsh from a model. test/support/conformance/ proves them by the real ones. */
export { fakeDomain, fakeUuid, type SimulatedDomain } from "./domain";
export type { SimulatedHost, SimulatedHostOptions } from "./host";
export { SimulatedLab } from "./lab";
