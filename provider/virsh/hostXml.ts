import { clean, cleanLine } from "../core/clean";
import { wholeNumber } from "../core/numbers";
import { all, first, has, parseXml } from "./xml";

export interface Capabilities {
  hostUuid: string | undefined;
  cpu: { model: string; features: string[] } | undefined;
  securityModels: string[] | undefined;
  /** Machine types by architecture, without aliases. */
  machines: Record<string, string[]> | undefined;
  /** Those of them that QEMU will drop, all architectures together, with aliases. */
  deprecatedMachines: string[];
  /** It can start VMs with KVM. */
  kvm: boolean | undefined;
}

/** Reads `virsh capabilities`; undefined where it cannot be read as a whole. */
export function parseCapabilities(xml: string): Capabilities | undefined {
  const capabilities = parseXml(xml, "capabilities");
  if (capabilities === undefined) return undefined;
  const host = first(capabilities, "host");
  const model = first(host, "cpu", "model").text;
  return {
    hostUuid: first(host, "uuid").text || undefined,
    cpu:
      model === ""
        ? undefined
        : { model, features: all(host, "cpu", "feature").flatMap(({ attributes }) => attributes.name ?? []) },
    securityModels: has(capabilities, "host")
      ? (host.children.secmodel ?? []).map((each) => first(each, "model").text)
      : undefined,
    machines: has(capabilities, "guest")
      ? Object.fromEntries(
          all(capabilities, "guest").map((guest) => {
            const arch = first(guest, "arch");
            const machines = all(arch, "machine").filter(({ attributes }) => attributes.canonical === undefined);
            return [arch.attributes.name ?? "", machines.map(({ text }) => text)];
          }),
        )
      : undefined,
    deprecatedMachines: all(capabilities, "guest").flatMap((guest) =>
      all(first(guest, "arch"), "machine").flatMap(({ attributes, text }) =>
        attributes.deprecated === "yes" ? [text] : [],
      ),
    ),
    kvm: has(capabilities, "guest")
      ? all(capabilities, "guest").some((guest) =>
          all(first(guest, "arch"), "domain").some(({ attributes }) => attributes.type === "kvm"),
        )
      : undefined,
  };
}

/** Reads `virsh domcapabilities`: the kinds of TPM that an emulator has; undefined where it does not say, or cannot be read. */
export function parseTpmBackends(xml: string): string[] | undefined {
  const capabilities = parseXml(xml, "domainCapabilities");
  if (capabilities === undefined) return undefined;
  const tpm = first(capabilities, "devices", "tpm");
  if (tpm.attributes.supported === undefined) return undefined;
  const backends = all(tpm, "enum").find(({ attributes }) => attributes.name === "backendModel");
  return backends === undefined ? [] : all(backends, "value").map(({ text }) => text);
}

/** A <cpu> element, as `virsh hypervisor-cpu-baseline` prints it. */
export function isCpu(xml: string): boolean {
  const cpu = parseXml(xml, "cpu");
  return cpu !== undefined && has(cpu, "model");
}

/** The name of the model in a <cpu> element; empty where it has none. */
export function cpuModel(xml: string): string {
  const cpu = parseXml(xml, "cpu");
  return cpu === undefined ? "" : first(cpu, "model").text;
}

/** A CPU has some hundred features, each with a short name. */
const maxFeaturesText = 8192;

/** Reads `virsh hypervisor-cpu-compare --error`. */
export function parseCpuComparison(
  code: number | null,
  text: string,
): { compatible: boolean; missing: string[]; message: string } | undefined {
  if (code === 0) return { compatible: true, missing: [], message: cleanLine(text.trim()) };
  const incompatible = /incompatible with/.test(text);
  const missing =
    /required features: ([^\n]+)/.exec(text)?.[1]?.slice(0, maxFeaturesText).split(/,\s*/) ??
    (incompatible ? namesAtTheEnd(text) : []);
  const unknown = /[Uu]nknown CPU (?:feature|model):? '?([\w.-]+)/.exec(text)?.[1];
  // Any other failure is not about the CPU: an older virsh may lack an option.
  if (!incompatible && missing.length === 0 && unknown === undefined) return undefined;
  const line = text.split("\n").find((line) => /incompatible|nknown/.test(line)) ?? text;
  return {
    compatible: false,
    missing: (unknown === undefined ? missing : [unknown]).map((each) => clean(each, 64)),
    message: cleanLine(line.replace(/^error: /, "").trim()),
  };
}

/** The CPU features that an error in any language ends with, behind its last colon. */
function namesAtTheEnd(text: string): string[] {
  const error = text.split("\n").findLast((line) => line.startsWith("error: ")) ?? "";
  const at = Math.max(error.lastIndexOf(":"), error.lastIndexOf("："));
  const names = error
    .slice(at + 1, at + 1 + maxFeaturesText)
    .trim()
    .split(/[,、，]\s*/);
  return at > "error".length && names.every((name) => /^[a-z0-9][\w.-]*$/.test(name)) ? names : [];
}

/** Reads `virsh pool-dumpxml`: the free bytes of a volume group or a ZFS pool. Pools of files have those of their file system. */
export function parsePoolFreeBytes(xml: string): number | undefined {
  const pool = parseXml(xml, "pool");
  if (pool === undefined || !["logical", "zfs"].includes(pool.attributes.type ?? "")) return undefined;
  const available = first(pool, "available");
  return ["bytes", "B"].includes(available.attributes.unit ?? "bytes") ? wholeNumber(available.text) : undefined;
}

/** Reads `virsh pool-dumpxml`: the directory in which all volumes of the pool are files or devices by their names; undefined where it has none. */
export function parsePoolTarget(xml: string): string | undefined {
  const pool = parseXml(xml, "pool");
  if (pool === undefined || !["dir", "fs", "netfs", "logical", "zfs"].includes(pool.attributes.type ?? ""))
    return undefined;
  const { text } = first(pool, "target", "path");
  return text.startsWith("/") ? text : undefined;
}

/** Reads `virsh pool-dumpxml`: the directory of a pool of files, "" for any other kind; undefined where it cannot be read. */
export function parsePoolPath(xml: string): string | undefined {
  const pool = parseXml(xml, "pool");
  if (pool === undefined) return undefined;
  return ["dir", "fs", "netfs"].includes(pool.attributes.type ?? "") ? first(pool, "target", "path").text : "";
}
