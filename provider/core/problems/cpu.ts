/** A running VM needs all that its CPU had where it started. */
import { anyOf, onOneLine } from "../textMatch";
import type { MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";
import type { StderrCause } from "./stderr";

export function cpuFits({ domain, source, destination, fit, how }: MoveFacts): Problem[] {
  if (domain === undefined || how !== "live") return [];
  if (domain.cpuMode === "host-passthrough") return passthroughFits({ domain, source, destination, fit });
  // With KVM `maximum` is the host's CPU too; without KVM it is QEMU's own, the same on every host.
  if (domain.cpuMode === "maximum") {
    return domain.virtType === "kvm" ? passthroughFits({ domain, source, destination, fit }) : [];
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

/** With host-passthrough the guest knows the source's very CPU; libvirt compares nothing, and the guest crashes later. */
function passthroughFits({
  domain,
  source,
  destination,
  fit,
}: Pick<MoveFacts, "source" | "destination" | "fit"> & { domain: NonNullable<MoveFacts["domain"]> }): Problem[] {
  const differs = (severity: Problem["severity"], difference: string): Problem[] => [
    {
      rule: "cpu-passthrough",
      severity,
      code: "migrationRefused",
      host: destination.host,
      message: `${domain.name} uses the CPU of ${source.host} as it is (${domain.cpuMode}), but the CPU of ${destination.host} differs: ${difference}`,
      remedies: [commonCpu(domain.name)],
    },
  ];
  if (fit?.cpu?.compatible === false) {
    const { missing, message } = fit.cpu;
    return differs("blocker", missing.length > 0 ? `it lacks ${missing.join(", ")}` : message);
  }
  const [from, to] = [source.cpu, destination.cpu];
  if (from === undefined || to === undefined) return [];
  // The features that capabilities list are those beside the model's own.
  if (from.model !== to.model) return differs("warning", `${to.model} instead of ${from.model}`);
  const missing = from.features.filter((feature) => !to.features.includes(feature));
  if (missing.length === 0) return [];
  return differs(fit?.cpu === undefined ? "blocker" : "warning", `it lacks ${missing.join(", ")}`);
}

function commonCpu(name: string): Remedy {
  return {
    do: `give ${name} a CPU model (mode="custom") that both hosts have (\`npx vm-placement doctor --cpu\` prints one); it takes effect when the VM is started again`,
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
