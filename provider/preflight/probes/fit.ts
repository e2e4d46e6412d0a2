import { clean } from "../../core/clean";
import type { FitFacts } from "../../core/problems";
import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";
import type { DomainDefinition } from "../../virsh/domainXml";
import { parseTpmBackends } from "../../virsh/hostXml";
import { sh, type ShellScript } from "../../virsh/shellScript";
import { cpuOn, hostCpuOn, kindOptions } from "./cpu";

/** libvirt probes an emulator once and then knows it; its answer changes with an upgrade only. */
const validMs = Infinity;

/** Whether the destination has an emulator for such a VM, and a CPU that does what the VM's needs. */
export async function fitOn(
  hosts: Hosts,
  source: Virsh,
  destination: Virsh,
  domain: DomainDefinition,
): Promise<FitFacts> {
  const cpuXml = await cpuOf(hosts, source, domain);
  const key = [...kindOptions(domain), domain.emulator ?? "", cpuXml ?? ""].join(" ");
  return hosts.remember(
    `${destination.host}: fit ${key}`,
    validMs,
    async () => {
      const [capabilities, cpu] = await Promise.all([
        destination.inquireShell(capabilitiesScript(domain)),
        cpuXml === undefined ? undefined : cpuOn(destination, domain, cpuXml, domain.emulator),
      ]);
      return {
        capabilities: capabilities && readCapabilities(capabilities.code, capabilities.stdout, capabilities.stderr),
        cpu,
      };
    },
    // What was refused may be fixed meanwhile.
    ({ capabilities, cpu }) => capabilities !== undefined && !("refusal" in capabilities) && cpu?.compatible !== false,
  );
}

/** What the VM needs of a CPU. One that runs on the source's CPU as it is may use all of that; without KVM, QEMU's is the same everywhere. */
async function cpuOf(hosts: Hosts, source: Virsh, domain: DomainDefinition): Promise<string | undefined> {
  if (!["host-passthrough", "maximum"].includes(domain.cpuMode ?? "")) return domain.cpuXml;
  if (domain.virtType !== "kvm") return undefined;
  const answer = await hostCpuOn(hosts, source, domain);
  return answer && "cpu" in answer ? withoutDisabled(answer.cpu, domain.cpuXml) : undefined;
}

/** @returns the host's CPU without what the VM's own definition takes out of it. */
export function withoutDisabled(hostCpu: string, cpuOfVm: string | undefined): string {
  const features = [...(cpuOfVm ?? "").matchAll(/<feature [^>]{1,300}>/g)].map(([text]) => text);
  const disabled = features
    .filter((text) => /policy=["'](?:disable|forbid)["']/.test(text))
    .flatMap((text) => /name=["']([\w.-]{1,64})["']/.exec(text)?.[1] ?? []);
  return hostCpu.replace(/\s*<feature [^>]{1,300}\/>/g, (text) => {
    const name = /name=["']([\w.-]{1,64})["']/.exec(text)?.[1];
    return name !== undefined && disabled.includes(name) ? "" : text;
  });
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
