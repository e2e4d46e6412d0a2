/** What a VM counts for in balancing. */
import type { FleetVm } from "./model";

/** Memory and CPUs of a VM: what it was measured to use if that is known of every VM that runs, or else its size. */
export function loadsOf(vms: readonly FleetVm[], by?: "load" | "size"): (vm: FleetVm) => readonly [number, number] {
  const measured = by === undefined ? vms.every((vm) => !vm.active || vm.load !== undefined) : by === "load";
  return (vm) => {
    if (!vm.active) return [0, 0];
    return measured && vm.load ? [vm.load.memoryBytes, vm.load.cpus] : [vm.memoryBytes, vm.vcpus];
  };
}
