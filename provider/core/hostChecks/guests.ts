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
      ? [problem(state, "nested", "information", `${host} is itself a VM: its VMs are nested, and slower`, [])]
      : []),
    ...(nesting.length > 0
      ? [
          problem(
            state,
            "nested",
            "warning",
            `VMs on ${host} can run nested VMs (${named(nesting)}): a live move is safe only while they run none`,
            [
              { do: "shut down the nested VMs before a live move" },
              { do: "if they need no nested VMs, disable the CPU feature vmx or svm in their definitions" },
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
          `QEMU on ${host} reports deprecated machine types, which a later release removes:  ${named(old.map(({ name, machine }) => `${name} (${machine})`))}`,
          [{ do: "set a newer machine type in their definitions; it takes effect at the next start of each VM" }],
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
      `${of} ${of === "QEMU" ? qemu : libvirt} on ${state.host} has a known fault: when ${when}, ${what}`,
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
      `${name} is enabled on ${host}, but libvirt on ${host} does not use it: VMs with a label of ${name} cannot move to ${host}`,
      [{ do: "check security_driver in /etc/libvirt/qemu.conf", commands: [{ host, command: "virsh capabilities" }] }],
    ),
  );
}
