/** What is wrong with a host by itself, whatever is moved: the checks of `vm-placement doctor`, by name. */
import { type Daemons, logCommand, qemuDaemon, restartCommand, startCommand } from "./daemons";
import { faultsOf } from "./knownFaults";
import type { Problem, Remedy } from "./problem";

/** Undefined where the host does not tell. */
export interface HostState {
  host: string;
  libvirt: string | undefined;
  qemu: string | undefined;
  daemons: Daemons | undefined;
  /** /dev/kvm is there. */
  kvmDevice: boolean | undefined;
  /** libvirt offers KVM. */
  kvmOffered: boolean | undefined;
  sshClient: boolean | undefined;
  /** Which of swtpm and swtpm_setup are missing. */
  swtpmMissing: readonly string[] | undefined;
  /** The host is a VM itself. */
  isVm: boolean | undefined;
  /** sshd's MaxSessions; only root may ask. */
  maxSessions: number | undefined;
  selinux: "enforcing" | "permissive" | "off" | undefined;
  apparmor: boolean | undefined;
  /** libvirt's own. */
  securityModels: readonly string[] | undefined;
  /** How QEMU's output is kept, and disks are locked (qemu.conf). */
  stdioHandler: "logd" | "file" | undefined;
  deprecatedMachines: readonly string[] | undefined;
  guests: readonly Guest[] | undefined;
  /** Other hosts reach it, or are reached from it, by qemu+ssh. */
  usesSsh: boolean;
}

export interface Guest {
  name: string;
  virtType: string;
  machine: string;
  hasTpm: boolean;
  /** The guest sees VMX or SVM, and may run VMs of its own. */
  canNest: boolean;
  /** Connected to a network of libvirt's. */
  usesNetworks: boolean;
}

/** One that has nothing to say of a fact that is undefined says so. */
type Check = (state: HostState) => Problem[] | undefined;

const problem = (
  { host }: HostState,
  rule: string,
  severity: Problem["severity"],
  message: string,
  remedies: Remedy[],
  code: Problem["code"] = "migrationRefused",
): Problem => ({ rule, severity, code, host, message, remedies });

/** "a, b and 3 more". */
function named(names: readonly string[]): string {
  const more = names.length - 3;
  return names.slice(0, 3).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function kvm(state: HostState): Problem[] | undefined {
  const { host, kvmDevice, kvmOffered, daemons } = state;
  if (kvmDevice === undefined && kvmOffered === undefined) return undefined;
  if (kvmDevice !== false && kvmOffered !== false) return [];
  const what = kvmDevice === false ? `${host} has no /dev/kvm` : `libvirt on ${host} does not offer KVM`;
  return [
    problem(state, "kvm", "blocker", `${what}: a VM that runs with KVM cannot be moved to it`, [
      {
        do: "turn on virtualisation in its firmware (or nested virtualisation, where it is a VM), load kvm_intel or kvm_amd and restart libvirt there",
        commands: [{ host, command: "lsmod" }, { host, command: "ls -l /dev/kvm" }, ...restartCommand(host, daemons)],
      },
    ]),
  ];
}

function daemons(state: HostState): Problem[] | undefined {
  const { host, daemons: known, guests, stdioHandler } = state;
  if (known === undefined) return undefined;
  const needed = [
    ...(known.init === "systemd" && stdioHandler !== "file" ? [{ daemon: "virtlogd", whatFor: "QEMU's output" }] : []),
    ...(known.layout === "modular" && guests?.some(({ usesNetworks }) => usesNetworks)
      ? [{ daemon: "virtnetworkd", whatFor: "the networks of its VMs" }]
      : []),
    ...(known.layout === "modular" ? [{ daemon: "virtstoraged", whatFor: "storage pools" }] : []),
  ].filter(({ daemon }) => !known.answering.includes(daemon));
  return needed.map(({ daemon, whatFor }) =>
    problem(state, "daemons", "warning", `${daemon} of ${host} has no socket, which ${whatFor} need`, [
      { do: `start ${daemon}`, commands: startCommand(host, known, daemon) },
    ]),
  );
}

function oneLayout(state: HostState): Problem[] | undefined {
  const { host, daemons: known } = state;
  if (known === undefined) return undefined;
  if (known.other === undefined) return [];
  const [serving, other] = known.layout === "modular" ? ["virtqemud", "libvirtd"] : ["libvirtd", "virtqemud"];
  const does = known.other === "active" ? "runs too" : "is started too with the next boot";
  return [
    problem(state, "one-daemon", "warning", `${serving} serves the VMs of ${host}, and ${other} ${does}`, [
      {
        do: `turn ${other} off`,
        commands: [{ host, command: `systemctl disable --now ${other}.socket ${other}.service` }],
      },
    ]),
  ];
}

/** A daemon that was started by its socket ends when nobody asks anything, and only its socket brings it back. */
function socketActive(state: HostState): Problem[] | undefined {
  const { host, daemons: known } = state;
  if (known === undefined) return undefined;
  const daemon = qemuDaemon(known);
  const [socket, service] = [known.units[`${daemon}.socket`], known.units[`${daemon}.service`]];
  if (socket === undefined || socket.active || socket.masked || service?.enabled) return [];
  const message = `${daemon}.socket of ${host} is not active, and ${daemon}.service does not start with the host`;
  return [
    problem(state, "daemon-socket", "warning", message, [
      {
        do: "start it with the host",
        commands: [{ host, command: `systemctl enable --now ${daemon}.socket` }, logCommand(host, known)],
      },
    ]),
  ];
}

function sshClient(state: HostState): Problem[] | undefined {
  const { host, usesSsh, sshClient: has } = state;
  if (has === undefined) return undefined;
  if (has || !usesSsh) return [];
  return [
    problem(state, "ssh-client", "blocker", `${host} has no ssh, with which its libvirt connects to other hosts`, [
      { do: "install it (Debian, Ubuntu)", commands: [{ host, command: "apt install openssh-client" }] },
      { do: "install it (RHEL, Fedora)", commands: [{ host, command: "dnf install openssh-clients" }] },
      { do: "set peerTransport of the other hosts to tls" },
    ]),
  ];
}

function swtpm(state: HostState): Problem[] | undefined {
  const { host, guests, swtpmMissing, daemons: known } = state;
  const using = guests?.filter(({ hasTpm }) => hasTpm).map(({ name }) => name);
  if (swtpmMissing === undefined || using === undefined) return undefined;
  if (swtpmMissing.length === 0 || using.length === 0) return [];
  return [
    problem(
      state,
      "swtpm",
      "warning",
      `${host} has no ${swtpmMissing.join(" and no ")}, which VMs with an emulated TPM need (${named(using)})`,
      ["apt", "dnf"].map((tool) => ({
        do: tool === "apt" ? "install it (Debian, Ubuntu)" : "install it (RHEL, Fedora)",
        commands: [{ host, command: `${tool} install swtpm swtpm-tools` }, ...restartCommand(host, known)],
      })),
    ),
  ];
}

function nested(state: HostState): Problem[] | undefined {
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

function machineTypes(state: HostState): Problem[] | undefined {
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

function versions(state: HostState): Problem[] | undefined {
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

/** Two of virsh, one for questions, and one for each move. */
const sessionsNeeded = 4;

function maxSessions(state: HostState): Problem[] | undefined {
  const { host, maxSessions: most } = state;
  if (most === undefined) return undefined;
  if (most >= sessionsNeeded) return [];
  return [
    problem(
      state,
      "max-sessions",
      "warning",
      `sshd on ${host} takes ${most} session${most === 1 ? "" : "s"} on one connection; a move needs ${sessionsNeeded}`,
      [{ do: `raise MaxSessions in sshd_config of ${host} (default 10)` }],
    ),
  ];
}

/** A kernel that confines programs, and a libvirt that does not use it for its VMs. */
function confinement(state: HostState): Problem[] | undefined {
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

const checks: Readonly<Record<string, Check>> = {
  kvm,
  daemons,
  "one-daemon": oneLayout,
  "daemon-socket": socketActive,
  "ssh-client": sshClient,
  swtpm,
  nested,
  "deprecated-machine-type": machineTypes,
  "known-fault": versions,
  "max-sessions": maxSessions,
  confinement,
};

/** @returns what was found, and the names of the checks for which the host did not tell enough. */
export function checkHost(state: HostState): { problems: Problem[]; unchecked: string[] } {
  const results = Object.entries(checks).map(([name, check]) => ({ name, found: check(state) }));
  return {
    problems: results.flatMap(({ found }) => found ?? []),
    unchecked: results.filter(({ found }) => found === undefined).map(({ name }) => name),
  };
}
