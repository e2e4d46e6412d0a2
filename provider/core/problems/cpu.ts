/** A running VM needs all that its CPU had where it started. */
import { anyOf, onOneLine } from "../textMatch";
import type { MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";
import type { StderrCause } from "./stderr";

export function cpuFits({ domain, source, destination, fit, how }: MoveFacts): Problem[] {
  if (domain === undefined || how !== "live") return [];
  if (domain.cpuMode === "host-passthrough") return passthroughFits({ domain, source, destination });
  // With KVM `maximum` is the host's CPU too; without KVM it is QEMU's own, the same on every host.
  if (domain.cpuMode === "maximum") {
    return domain.virtType === "kvm" ? passthroughFits({ domain, source, destination }) : [];
  }
  if (fit?.cpu === undefined || fit.cpu.compatible) return [];
  const { missing, message } = fit.cpu;
  return [
    {
      rule: "cpu",
      severity: "blocker",
      code: "migrationRefused",
      host: destination.host,
      message: `the CPU of ${destination.host} lacks features that ${domain.name} uses: ${missing.length > 0 ? missing.join(", ") : message}`,
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
  const supported = new Set(destination.cpu.features);
  const missing = source.cpu.features.filter((feature) => !supported.has(feature));
  if (source.cpu.model === destination.cpu.model && missing.length === 0) return [];
  return [
    {
      rule: "cpu-passthrough",
      severity: "warning",
      code: "migrationRefused",
      host: destination.host,
      message:
        `${domain.name} uses the CPU of ${source.host} as it is (${domain.cpuMode}), but the CPU of ${destination.host} differs: ` +
        (missing.length > 0
          ? `it lacks ${missing.join(", ")}`
          : `${destination.cpu.model} instead of ${source.cpu.model}`),
      remedies: [commonCpu(domain.name)],
    },
  ];
}

function commonCpu(name: string): Remedy {
  return {
    do: `give ${name} a CPU model (mode="custom") that both hosts have (\`virsh hypervisor-cpu-baseline\` shows one); it takes effect when the VM is started again`,
  };
}

export const cpuUnfit: StderrCause = {
  stderr: anyOf(
    /guest CPU doesn't match|unknown CPU feature|host doesn't support hyperv|missing features|host CPU vendor does not match|unrecognized feature /i,
    onOneLine(/CPU model '/, /not supported by hypervisor/),
    onOneLine(/can't apply global /, /-cpu\./),
    onOneLine(/CPU/i, /incompatible|not compatible/i),
  ),
  code: "migrationRefused",
  remedies: ({ domain }) => [commonCpu(domain)],
};
