/** What a host and its VMs make of a move: nesting, machine types, releases, confinement. */
import { faultsOf } from "../knownFaults";
import type { Problem } from "../problem";
import { named, problem } from "./check";
import type { HostState } from "./state";

export function nested(state: HostState): Problem[] | undefined {
  const { host, guests, isVm } = state;
  if (guests === undefined && isVm === undefined) return undefined;
  const nesting = (guests ?? []).filter(({ canNest }) => canNest).map(({ name }) => name);
  return [
    ...(isVm
      ? [problem(state, "nested", "information", `${host} is a VM itself: what it runs is nested, and slower`, [])]
      : []),
    ...(nesting.length > 0
      ? [
          problem(
            state,
            "nested",
            "warning",
            `VMs of ${host} may run VMs of their own (${named(nesting)}): a live move is safe only while they run none`,
            [
              { do: "shut their own VMs down before a live move" },
              { do: "take the CPU feature vmx or svm away from them, if they need none" },
            ],
          ),
        ]
      : []),
  ];
}

export function machineTypes(state: HostState): Problem[] | undefined {
  const { host, guests, deprecatedMachines } = state;
  if (guests === undefined || deprecatedMachines === undefined) return undefined;
  const old = guests.filter(({ machine }) => deprecatedMachines.includes(machine));
  return old.length === 0
    ? []
    : [
        problem(
          state,
          "deprecated-machine-type",
          "warning",
          `QEMU on ${host} will drop the machine types of ${named(old.map(({ name, machine }) => `${name} (${machine})`))}`,
          [{ do: "give them a newer one, which takes effect at their next start" }],
        ),
      ];
}

export function versions(state: HostState): Problem[] | undefined {
  const { libvirt, qemu } = state;
  if (libvirt === undefined && qemu === undefined) return undefined;
  return faultsOf(state).map(({ of, fixedIn, when, what }) =>
    problem(
      state,
      "known-fault",
      "information",
      `${of} ${of === "QEMU" ? qemu : libvirt} of ${state.host}: when ${when}, ${what}`,
      [{ do: `upgrade ${of} to ${fixedIn} or later` }],
      "unsafeCombination",
    ),
  );
}

/** A kernel that confines programs, and a libvirt that does not use it for its VMs. */
export function confinement(state: HostState): Problem[] | undefined {
  const { host, selinux, apparmor, securityModels } = state;
  if (securityModels === undefined || (selinux === undefined && apparmor === undefined)) return undefined;
  const unused = [
    ...(selinux === "enforcing" && !securityModels.includes("selinux") ? ["SELinux"] : []),
    ...(apparmor === true && selinux !== "enforcing" && !securityModels.includes("apparmor") ? ["AppArmor"] : []),
  ];
  return unused.map((name) =>
    problem(
      state,
      "confinement",
      "information",
      `${name} is on on ${host}, and libvirt there does not confine VMs with it: VMs with such a label cannot come`,
      [{ do: "see security_driver in /etc/libvirt/qemu.conf", commands: [{ host, command: "virsh capabilities" }] }],
    ),
  );
}
