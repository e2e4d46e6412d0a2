/** Whether the destination's libvirt and QEMU can run this VM at all. */
import { commandLine } from "../shownCommand";
import type { MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";

/** Virtualisation, architecture, emulator and machine type in one question (`domcapabilities`), which libvirt answers or refuses. */
export function domainFits({ domain, destination, fit }: MoveFacts): Problem[] {
  if (domain === undefined || fit?.capabilities === undefined || !("refusal" in fit.capabilities)) return [];
  const { refusal } = fit.capabilities;
  const { host } = destination;
  const { virtType, arch, machine, emulator } = domain;
  const problem = (rule: string, message: string, remedies: Remedy[]): Problem[] => [
    { rule, severity: "blocker", code: "migrationRefused", host, message: `${message} (${refusal})`, remedies },
  ];
  const ofType = /virt ?type|domain type/i.test(refusal);
  if (!ofType && /machine/i.test(refusal)) {
    const family = machine.replace(/[\d.]+$/, "");
    const near = (new Map(Object.entries(destination.machines ?? {})).get(arch) ?? []).filter((name) =>
      name.startsWith(family),
    );
    const newest = near.toSorted((a, b) => b.localeCompare(a, "en", { numeric: true })).slice(0, 3);
    return problem("machine-type", `${host} does not know ${domain.name}'s machine type ${machine}`, [
      { do: `upgrade QEMU on ${host}` },
      {
        do: `start ${domain.name} with a machine type that both know${newest.length > 0 ? ` (${host} has ${newest.join(", ")})` : ""}`,
      },
    ]);
  }
  if (!ofType && /emulator|binary|No such file/i.test(refusal)) {
    return problem("emulator", `${host} has no ${emulator ?? `emulator for ${arch}`}, which ${domain.name} runs with`, [
      { do: `install QEMU for ${arch} on ${host}${emulator === undefined ? "" : ` with ${emulator}`}` },
      ...(emulator === undefined ? [] : [{ do: `start ${domain.name} with an <emulator> that both hosts have` }]),
    ]);
  }
  return problem(
    "virtualisation",
    `${host} cannot run ${domain.name}'s type of VM (${virtType}, ${arch})`,
    virtType === "kvm"
      ? ["kvm_intel", "kvm_amd"].map((module) => ({
          do:
            module === "kvm_intel"
              ? `turn on virtualisation in the firmware of ${host}, load KVM for its Intel CPU and restart libvirt there`
              : "the same for an AMD CPU",
          commands: [{ host, command: commandLine`modprobe ${module}` }],
        }))
      : [
          {
            do: "look at what it can run",
            commands: [{ host, command: commandLine`virsh domcapabilities --virttype ${virtType} --arch ${arch}` }],
          },
        ],
  );
}

export function cpuFits({ domain, source, destination, fit, how }: MoveFacts): Problem[] {
  if (domain === undefined || how !== "live") return [];
  if (domain.cpuMode === "host-passthrough") return passthroughFits({ domain, source, destination });
  if (fit?.cpu === undefined || fit.cpu.compatible) return [];
  const { missing, said } = fit.cpu;
  return [
    {
      rule: "cpu",
      severity: "blocker",
      code: "migrationRefused",
      host: destination.host,
      message: `the CPU of ${destination.host} lacks what ${domain.name} runs with: ${missing.length > 0 ? missing.join(", ") : said}`,
      remedies: [commonCpu(domain.name)],
    },
  ];
}

/** With host-passthrough the guest knows the source's very CPU; libvirt compares nothing and lets it crash later. */
function passthroughFits({
  domain,
  source,
  destination,
}: Pick<MoveFacts, "source" | "destination"> & { domain: NonNullable<MoveFacts["domain"]> }): Problem[] {
  if (source.cpu === undefined || destination.cpu === undefined) return [];
  const there = new Set(destination.cpu.features);
  const missing = source.cpu.features.filter((feature) => !there.has(feature));
  if (source.cpu.model === destination.cpu.model && missing.length === 0) return [];
  return [
    {
      rule: "cpu-passthrough",
      severity: "warning",
      code: "migrationRefused",
      host: destination.host,
      message:
        `${domain.name} has the CPU of ${source.host} itself (host-passthrough), and that of ${destination.host} is another: ` +
        (missing.length > 0
          ? `it lacks ${missing.join(", ")}`
          : `${destination.cpu.model} instead of ${source.cpu.model}`),
      remedies: [commonCpu(domain.name)],
    },
  ];
}

function commonCpu(name: string): Remedy {
  return {
    do: `give ${name} a CPU model (mode="custom") that both hosts have, as \`virsh hypervisor-cpu-baseline\` names one; it takes effect at its next start`,
  };
}

/** @param what with the version where one is needed. */
export function installSwtpm(host: string, what: string): Remedy[] {
  return [
    ["Debian, Ubuntu", "apt"],
    ["RHEL, Fedora", "dnf"],
  ].map(([on, tool]) => ({
    do: `install ${what} (${on!}) and restart libvirt there`,
    commands: [{ host, command: `${tool!} install swtpm swtpm-tools` }],
  }));
}

export function tpmFits({ domain, destination, fit }: MoveFacts): Problem[] {
  if (!domain?.tpmEmulator || fit?.capabilities === undefined || "refusal" in fit.capabilities) return [];
  const { tpmBackends } = fit.capabilities;
  if (tpmBackends === undefined || tpmBackends.includes("emulator")) return [];
  return [
    {
      rule: "tpm-emulator",
      severity: "blocker",
      code: "migrationRefused",
      host: destination.host,
      message: `${domain.name} has an emulated TPM, and ${destination.host} has no emulator for one`,
      remedies: installSwtpm(destination.host, "swtpm"),
    },
  ];
}

/** A running VM keeps its label's model; a host without that driver refuses it. */
export function securityModelFits({ domain, destination, how }: MoveFacts): Problem[] {
  if (domain === undefined || how !== "live" || destination.securityModels === undefined) return [];
  const { securityModels, host } = destination;
  return domain.securityModels
    .filter((model) => model !== "none" && !securityModels.includes(model))
    .map((model) => ({
      rule: "security-model",
      severity: "blocker",
      code: "migrationRefused",
      host,
      message: `${domain.name} runs under ${model}, and ${host} has ${securityModels.filter((each) => each !== "dac").join(", ") || "no security driver"}`,
      remedies: [
        { do: "use one security driver on both hosts (security_driver in /etc/libvirt/qemu.conf)" },
        { do: `start ${domain.name} with <seclabel type='none' model='${model}'/>` },
      ],
    }));
}
