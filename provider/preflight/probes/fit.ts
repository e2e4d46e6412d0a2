import { clean } from "../../core/clean";
import type { FitFacts } from "../../core/problems";
import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";
import type { DomainDefinition } from "../../virsh/domainXml";
import { parseCpuComparison, parseTpmBackends } from "../../virsh/hostXml";
import { sh, type ShellScript } from "../../virsh/shellScript";

/** libvirt probes an emulator once and then knows it; its answer changes with an upgrade only. */
const validMs = Infinity;

/** Whether the destination has an emulator for such a VM, and a CPU that does what the VM's needs. */
export function fitOn(hosts: Hosts, destination: Virsh, domain: DomainDefinition): Promise<FitFacts> {
  const guest = guestOptions(domain);
  const key = [...guest, domain.emulator ?? "", domain.cpuXml ?? ""].join(" ");
  return hosts.remember(
    `${destination.host}: fit ${key}`,
    validMs,
    async () => {
      const [capabilities, cpu] = await Promise.all([
        destination.inquireShell(capabilitiesScript(domain, guest)),
        comparesCpu(domain) ? destination.inquireShell(cpuScript(domain, guest)) : undefined,
      ]);
      return {
        capabilities: capabilities && readCapabilities(capabilities.code, capabilities.stdout, capabilities.stderr),
        cpu: cpu && parseCpuComparison(cpu.code, `${cpu.stdout}\n${cpu.stderr}`),
      };
    },
    // What was refused may be fixed meanwhile.
    ({ capabilities, cpu }) => capabilities !== undefined && !("refusal" in capabilities) && cpu?.compatible !== false,
  );
}

function guestOptions({ virtType, arch, machine }: DomainDefinition): ShellScript[] {
  return [
    sh`--virttype=${virtType}`,
    ...(arch === "" ? [] : [sh`--arch=${arch}`]),
    ...(machine === "" ? [] : [sh`--machine=${machine}`]),
  ];
}

function capabilitiesScript({ emulator }: DomainDefinition, guest: ShellScript[]): ShellScript {
  return sh`virsh -q domcapabilities ${guest} ${emulator === undefined ? [] : [sh`--emulatorbin=${emulator}`]}`;
}

type WithCpu = DomainDefinition & { cpuXml: string };

function comparesCpu(domain: DomainDefinition): domain is WithCpu {
  return domain.cpuXml !== undefined && domain.cpuMode !== "host-passthrough";
}

function cpuScript({ cpuXml, emulator }: WithCpu, guest: ShellScript[]): ShellScript {
  // Standard input may be a socket, which virsh cannot open by name; a pipe it can.
  const xml = sh`printf '%s\\n' ${cpuXml}`;
  const compare = sh`virsh -q hypervisor-cpu-compare ${guest} ${emulator === undefined ? [] : [sh`--emulator=${emulator}`]}`;
  // With --error the daemon names what is missing, in its own language; without it virsh itself says whether anything is.
  return sh`${xml} | ${compare} --error /dev/stdin || { ${xml} | ${compare} /dev/stdin; exit 1; }`;
}

function readCapabilities(code: number | null, xml: string, stderr: string): FitFacts["capabilities"] {
  if (code === 0) return { tpmBackends: parseTpmBackends(xml) };
  const lines = clean(stderr)
    .split("\n")
    .map((line) => line.replace(/^error: */, "").trim())
    .filter((line) => line !== "" && line !== "failed to get emulator capabilities");
  // Only what libvirt says of the VM asked for; that it cannot be reached, say, is another's to tell.
  return lines.length > 0 && /not support|Cannot check QEMU binary|emulator|machine/i.test(lines.join(" "))
    ? { refusal: lines.join("; ").replace(/^invalid argument: /, "") }
    : undefined;
}
