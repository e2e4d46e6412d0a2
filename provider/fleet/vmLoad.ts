/** What a VM counts for in balancing. */
import type { FleetVm } from "./model";

/** By what VMs were measured to use: if they are told to, or that is known of every VM that runs. */
export function isByLoad(vms: readonly FleetVm[], by?: "load" | "size"): boolean {
  return by === undefined ? vms.every((vm) => !vm.active || vm.load !== undefined) : by === "load";
}

/** Memory and CPUs of a VM: what it was measured to use, or else its size. */
export function loadsOf(vms: readonly FleetVm[], by?: "load" | "size"): (vm: FleetVm) => readonly [number, number] {
  const measured = isByLoad(vms, by);
  return (vm) => {
    if (!vm.active) return [0, 0];
    return measured && vm.load ? [vm.load.memoryBytes, vm.load.cpus] : [vm.memoryBytes, vm.vcpus];
  };
}
