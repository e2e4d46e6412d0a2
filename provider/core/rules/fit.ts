/** Whether the destination's libvirt and QEMU can run this VM at all. */
import { shownCommand } from "../shownCommand";
import type { MoveFacts } from "./facts";
import type { Finding } from "./finding";

/** Virtualisation, architecture, emulator and machine type in one question (`domcapabilities`), which libvirt answers or refuses. */
export function domainFits({ domain, destination, fit }: MoveFacts): Finding[] {
  if (domain === undefined || fit?.capabilities === undefined || !("refusal" in fit.capabilities)) return [];
  const { refusal } = fit.capabilities;
  const { host } = destination;
  const { virtType, arch, machine, emulator } = domain;
  const finding = (rule: string, message: string, next: string): Finding[] => [
    { rule, severity: "blocker", code: "migrationRefused", where: host, message: `${message} (${refusal})`, next },
  ];
  const ofType = /virt ?type|domain type/i.test(refusal);
  if (!ofType && /machine/i.test(refusal)) {
    const family = machine.replace(/[\d.]+$/, "");
    const near = (new Map(Object.entries(destination.machines ?? {})).get(arch) ?? []).filter((name) =>
      name.startsWith(family),
    );
    const newest = near.toSorted((a, b) => b.localeCompare(a, "en", { numeric: true })).slice(0, 3);
    return finding(
      "machine-type",
      `${host} does not know ${domain.name}'s machine type ${machine}`,
      newest.length > 0
        ? `upgrade QEMU on ${host}, or start ${domain.name} with a machine type that both know; ${host} has ${newest.join(", ")}`
        : `upgrade QEMU on ${host}, or start ${domain.name} with a machine type that both know`,
    );
  }
  if (!ofType && /emulator|binary|No such file/i.test(refusal)) {
    return finding(
      "emulator",
      `${host} has no ${emulator ?? `emulator for ${arch}`}, which ${domain.name} runs with`,
      `install QEMU for ${arch} on ${host}${emulator === undefined ? "" : ` with ${emulator}, or start ${domain.name} with an <emulator> that both hosts have`}`,
    );
  }
  return finding(
    "virtualisation",
    `${host} cannot run ${domain.name}'s type of VM (${virtType}, ${arch})`,
    virtType === "kvm"
      ? `turn on virtualisation in the firmware of ${host} and load kvm: \`modprobe kvm_intel\` or \`modprobe kvm_amd\`; then restart libvirt there`
      : `look at ${shownCommand`virsh domcapabilities --virttype ${virtType} --arch ${arch}`} on ${host}`,
  );
}

export function cpuFits({ domain, source, destination, fit, how }: MoveFacts): Finding[] {
  if (domain === undefined || how !== "live") return [];
  if (domain.cpuMode === "host-passthrough") return passthroughFits({ domain, source, destination });
  if (fit?.cpu === undefined || fit.cpu.compatible) return [];
  const { missing, said } = fit.cpu;
  return [
    {
      rule: "cpu",
      severity: "blocker",
      code: "migrationRefused",
      where: destination.host,
      message: `the CPU of ${destination.host} lacks what ${domain.name} runs with: ${missing.length > 0 ? missing.join(", ") : said}`,
      next: `give ${domain.name} a CPU model that both hosts have (\`virsh hypervisor-cpu-baseline\`); it takes effect at its next start`,
    },
  ];
}

/** With host-passthrough the guest knows the source's very CPU; libvirt compares nothing and lets it crash later. */
function passthroughFits({
  domain,
  source,
  destination,
}: Pick<MoveFacts, "source" | "destination"> & { domain: NonNullable<MoveFacts["domain"]> }): Finding[] {
  if (source.cpu === undefined || destination.cpu === undefined) return [];
  const there = new Set(destination.cpu.features);
  const missing = source.cpu.features.filter((feature) => !there.has(feature));
  if (source.cpu.model === destination.cpu.model && missing.length === 0) return [];
  return [
    {
      rule: "cpu-passthrough",
      severity: "warning",
      code: "migrationRefused",
      where: destination.host,
      message:
        `${domain.name} has the CPU of ${source.host} itself (host-passthrough), and that of ${destination.host} is another: ` +
        (missing.length > 0
          ? `it lacks ${missing.join(", ")}`
          : `${destination.cpu.model} instead of ${source.cpu.model}`),
      next: 'give it a CPU model that both hosts have (`mode="custom"`, `virsh hypervisor-cpu-baseline`); it takes effect at its next start',
    },
  ];
}

export function tpmFits({ domain, destination, fit }: MoveFacts): Finding[] {
  if (!domain?.tpmEmulator || fit?.capabilities === undefined || "refusal" in fit.capabilities) return [];
  const { tpmBackends } = fit.capabilities;
  if (tpmBackends === undefined || tpmBackends.includes("emulator")) return [];
  return [
    {
      rule: "tpm-emulator",
      severity: "blocker",
      code: "migrationRefused",
      where: destination.host,
      message: `${domain.name} has an emulated TPM, and ${destination.host} has no emulator for one`,
      next: `install swtpm on ${destination.host}: \`apt install swtpm swtpm-tools\` or \`dnf install swtpm swtpm-tools\`, then restart libvirt there`,
    },
  ];
}

/** A running VM keeps its label's model; a host without that driver refuses it. */
export function securityModelFits({ domain, destination, how }: MoveFacts): Finding[] {
  if (domain === undefined || how !== "live" || destination.securityModels === undefined) return [];
  const { securityModels, host } = destination;
  return domain.securityModels
    .filter((model) => model !== "none" && !securityModels.includes(model))
    .map((model) => ({
      rule: "security-model",
      severity: "blocker",
      code: "migrationRefused",
      where: host,
      message: `${domain.name} runs under ${model}, and ${host} has ${securityModels.filter((each) => each !== "dac").join(", ") || "no security driver"}`,
      next: `use one security driver on both hosts (security_driver in /etc/libvirt/qemu.conf), or start ${domain.name} with <seclabel type='none' model='${model}'/>`,
    }));
}
