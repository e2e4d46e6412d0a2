/** The VMs and hosts of the section `scale`: VM n is on host n modulo the number of hosts. */
export const hostOf = (index: number) => `kvm-${String(index).padStart(3, "0")}`;
export const vmOf = (index: number) => `vm-${String(index).padStart(5, "0")}`;
export const uuidOf = (index: number) => `5c1e2f0a-6d0b-4f8e-9a37-${String(index).padStart(12, "0")}`;
