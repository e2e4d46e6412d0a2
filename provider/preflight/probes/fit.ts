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
        destination.inquireShell(capabilitiesScript(domain)),
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

/**
 * Where it is refused, the same question with less of the VM in it shows what is refused: libvirt's message may be in any language. What
 * is granted the second time was no refusal, nor is that of a libvirt which does not answer at all.
 */
function capabilitiesScript({ virtType, arch, machine, emulator }: DomainDefinition): ShellScript {
  const type = sh`--virttype=${virtType}`;
  const ofArch = arch === "" ? [type] : [type, sh`--arch=${arch}`];
  const path = emulator === undefined ? [] : [sh`--emulatorbin=${emulator}`];
  const whole = [...ofArch, ...(machine === "" ? [] : [sh`--machine=${machine}`]), ...path];
  return sh`virsh -q domcapabilities ${whole} && exit
q() { virsh -q domcapabilities "$@" >/dev/null 2>&1; }
if q ${whole}; then echo nothing
elif q ${[...ofArch, ...path]}; then echo machine
elif q ${ofArch}; then echo emulator
elif q; then q ${type} && echo emulator || echo virtType
elif virsh -q hostname >/dev/null 2>&1; then echo emulator
fi
exit 1`;
}

type WithCpu = DomainDefinition & { cpuXml: string };

function comparesCpu(domain: DomainDefinition): domain is WithCpu {
  return domain.cpuXml !== undefined && !["host-passthrough", "maximum"].includes(domain.cpuMode ?? "");
}

function cpuScript({ cpuXml, emulator }: WithCpu, guest: ShellScript[]): ShellScript {
  // Standard input may be a socket, which virsh cannot open by name; a pipe it can.
  const xml = sh`printf '%s\\n' ${cpuXml}`;
  const compare = sh`virsh -q hypervisor-cpu-compare ${guest} ${emulator === undefined ? [] : [sh`--emulator=${emulator}`]}`;
  // With --error the daemon names what is missing, in its own language; without it virsh itself prints whether anything is.
  return sh`${xml} | ${compare} --error /dev/stdin || { ${xml} | ${compare} /dev/stdin; exit 1; }`;
}

function readCapabilities(code: number | null, stdout: string, stderr: string): FitFacts["capabilities"] {
  if (code === 0) return { tpmBackends: parseTpmBackends(stdout) };
  const refused = (["machine", "emulator", "virtType"] as const).find((word) => word === stdout.trim());
  if (refused === undefined) return undefined;
  const lines = clean(stderr)
    .split("\n")
    .map((line) => line.replace(/^error: */, "").trim())
    .filter((line) => line !== "" && line !== "failed to get emulator capabilities");
  return { refused, refusal: lines.join("; ").replace(/^invalid argument: /, "") };
}
