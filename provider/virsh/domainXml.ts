import type { Disk, DomainFacts, HostDevice, Interface } from "../core/problems";
import { wholeNumber } from "../core/numbers";
import { parseBytes } from "../core/units";
import { hostFiles } from "./hostFiles";
import { hugeMemoryOf } from "./hugeMemory";
import { pinningOf } from "./pinning";
import { ownedState } from "./ownedState";
import { filtersOf, secretsOf } from "./referred";
import { hasVirtio, qemuDevices } from "./qemuDevices";
import { all, type Element, first, has, parseXml, showXml } from "./xml";

/** The facts of a VM that `dumpxml` prints; the others come from other commands. */
export type DomainDefinition = Omit<
  DomainFacts,
  "state" | "pausedSinceArrival" | "memoryUsedBytes" | "snapshots" | "checkpoints" | "blockJobs"
> & {
  /** The <cpu> element, for hypervisor-cpu-compare. */
  cpuXml: string | undefined;
};

/** Reads `virsh dumpxml`; undefined where it cannot be read as a whole, so that nothing is known of its devices. */
export function parseDomainXml(xml: string): DomainDefinition | undefined {
  const domain = parseXml(xml, "domain");
  if (domain === undefined) return undefined;
  const memoryBytes = bytes(first(domain, "memory"));
  if (first(domain, "name").text === "" || memoryBytes === undefined) return undefined;
  const type = first(domain, "os", "type");
  const cpu = first(domain, "cpu");
  const tsc = all(domain, "clock", "timer").find(({ attributes }) => attributes.name === "tsc");
  const devices = first(domain, "devices");
  const pinning = pinningOf(domain);
  return {
    name: first(domain, "name").text,
    uuid: first(domain, "uuid").text,
    virtType: domain.attributes.type ?? "",
    arch: type.attributes.arch ?? "",
    machine: type.attributes.machine ?? "",
    emulator: first(devices, "emulator").text || undefined,
    cpuMode: cpu.attributes.mode,
    cpuXml: has(domain, "cpu") ? showXml("cpu", cpu) : undefined,
    invariantTsc:
      tsc?.attributes.frequency === undefined &&
      all(cpu, "feature").some(({ attributes }) => attributes.name === "invtsc" && attributes.policy === "require"),
    memoryBytes,
    vcpus: vcpusOf(first(domain, "vcpu")),
    memoryLocked: has(domain, "memoryBacking", "locked"),
    hugeMemory: hugeMemoryOf(domain, memoryBytes, pinning),
    memfd: first(domain, "memoryBacking", "source").attributes.type === "memfd",
    pinning,
    disks: all(devices, "disk").map(disk),
    interfaces: all(devices, "interface").map(networkInterface),
    hostDevices: [...all(devices, "hostdev").map(hostDevice), ...hostInterfaces(devices)],
    filesystems: all(devices, "filesystem").map((filesystem) => ({
      driver: first(filesystem, "driver").attributes.type === "virtiofs" ? "virtiofs" : "9p",
      target: first(filesystem, "target").attributes.dir ?? "",
      external: first(filesystem, "source").attributes.socket !== undefined,
    })),
    sharedMemory: all(devices, "shmem")
      .filter(({ attributes }) => attributes.role !== "master")
      .map(({ attributes }) => attributes.name ?? ""),
    qemuDevices: qemuDevices(domain),
    virtio: hasVirtio(devices),
    secrets: secretsOf(devices),
    filters: filtersOf(devices),
    hostFiles: hostFiles(domain),
    tpmEmulator: all(devices, "tpm").some((tpm) => first(tpm, "backend").attributes.type === "emulator"),
    owned: ownedState(domain),
    bootFiles: (["loader", "kernel", "initrd", "dtb"] as const).flatMap((what) => {
      const path = first(domain, "os", what).text;
      return path.startsWith("/") ? [{ what: what === "loader" ? "firmware" : what, path }] : [];
    }),
    securityModels: securityModels(domain, ({ type }) => type !== "none"),
    unlabelledModels: securityModels(domain, ({ type }) => type === "none"),
  };
}

function securityModels(domain: Element, are: (attributes: Record<string, string>) => boolean): string[] {
  return all(domain, "seclabel").flatMap(({ attributes }) => (are(attributes) ? (attributes.model ?? []) : []));
}

/** libvirt always prints how many; without the element it is one. */
function vcpusOf({ text, attributes }: Element): number {
  return wholeNumber(attributes.current) ?? wholeNumber(text) ?? 1;
}

/** undefined: no size that can be. libvirt always prints one. */
function bytes(element: Element): number | undefined {
  if (element.text === "") return 0;
  const unit = element.attributes.unit ?? "KiB";
  const known: Record<string, string> = { b: "B", bytes: "B", k: "KiB", M: "MiB", G: "GiB", T: "TiB" };
  return parseBytes(`${element.text}${known[unit] ?? unit}`);
}

function disk(element: Element): Disk {
  const { attributes } = element;
  const source = first(element, "source").attributes;
  return {
    target: first(element, "target").attributes.dev ?? "?",
    device: (attributes.device ?? "disk") as Disk["device"],
    type: attributes.type ?? "file",
    path: source.file ?? source.dev ?? source.dir,
    format: first(element, "driver").attributes.type ?? "raw",
    ...(attributes.type === "volume" && { volume: { pool: source.pool ?? "", name: source.volume ?? "" } }),
    pciAddress: attributes.type === "nvme" ? pciAddress(first(element, "source", "address").attributes) : undefined,
    readonly: has(element, "readonly"),
    shareable: has(element, "shareable"),
    transient: has(element, "transient"),
    startupPolicy: (source.startupPolicy ?? "mandatory") as Disk["startupPolicy"],
  };
}

function networkInterface(element: Element): Interface {
  const source = first(element, "source").attributes;
  // While it runs, an interface of a network is shown as of the bridge or device behind it; the network is what it will ask for.
  const type = source.network === undefined ? (element.attributes.type ?? "") : "network";
  const target = first(element, "target").attributes;
  // Only with `managed='no'` the device has to be there already.
  const device = type === "ethernet" && target.managed === "no" ? target.dev : source.dev;
  return {
    type,
    source: type === "network" ? source.network : type === "bridge" ? source.bridge : device,
  };
}

function hostDevice(element: Element): HostDevice {
  const source = first(element, "source");
  const address = first(source, "address").attributes;
  // A LUN is known by its adapter, a vhost-scsi target by its WWPN, one of iSCSI by its name.
  const { wwpn, name: target } = source.attributes;
  const adapter = first(source, "adapter").attributes.name ?? wwpn ?? target;
  const ids = [first(source, "vendor").attributes.id, first(source, "product").attributes.id];
  const usb = ids[0] === undefined ? usbAddress(address) : ids.join(":");
  return {
    type: element.attributes.type ?? "device",
    name: address.uuid ?? pciAddress(address) ?? adapter ?? usb ?? "",
    optional: ["optional", "requisite"].includes(source.attributes.startupPolicy ?? ""),
    transient: isTransient(element),
  };
}

/** Network functions of the host: <interface type='hostdev'>. */
function hostInterfaces(devices: Element): HostDevice[] {
  return all(devices, "interface")
    .filter(({ attributes }) => attributes.type === "hostdev")
    .map((element) => ({
      type: "network function",
      name:
        pciAddress(first(element, "source", "address").attributes) ?? first(element, "mac").attributes.address ?? "",
      optional: false,
      transient: isTransient(element),
    }));
}

function isTransient(element: Element): boolean {
  return first(element, "teaming").attributes.type === "transient";
}

function usbAddress({ bus, device }: Record<string, string>): string | undefined {
  return bus === undefined || device === undefined ? undefined : `bus ${bus} device ${device}`;
}

function pciAddress({ domain, bus, slot, function: part }: Record<string, string>): string | undefined {
  if (bus === undefined || slot === undefined) return undefined;
  const hex = (text = "0", width = 2) => text.replace(/^0x/, "").padStart(width, "0");
  return `${hex(domain, 4)}:${hex(bus)}:${hex(slot)}.${hex(part, 1)}`;
}
