/** Reads which memory of a domain lies in huge pages, as libvirt shares it out: by the guest's NUMA node, and by memory device. */
import { parseCpuSet } from "../core/cpuSet";
import type { HugeMemory } from "../core/hugeMemory";
import { wholeNumber } from "../core/numbers";
import type { Pinning } from "../core/pinning";
import { parseBytes } from "../core/units";
import { all, type Element, first, has } from "./xml";

export function hugeMemoryOf(domain: Element, memoryBytes: number, { nodes }: Pinning): HugeMemory[] {
  const boundTo = (guestNode: number | undefined): Pick<HugeMemory, "hostNodes"> => {
    const own = nodes.find((each) => each.guestNode !== undefined && each.guestNode === guestNode);
    const bound = own ?? nodes.find((each) => each.guestNode === undefined);
    return bound?.mode === "strict" ? { hostNodes: bound.nodes } : {};
  };
  const part = (bytes: number, pageKiB: number | undefined, node: number | undefined): HugeMemory[] =>
    pageKiB === undefined || isOrdinary(pageKiB) || bytes === 0 ? [] : [{ bytes, pageKiB, ...boundTo(node) }];
  const page = pagesOf(domain);
  const cells = all(domain, "cpu", "numa", "cell");
  const devices = memoryDevices(domain);
  const plugged = devices.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    ...(cells.length === 0
      ? part(Math.max(0, memoryBytes - plugged), page(0), undefined)
      : cells.flatMap(({ attributes }, index) => {
          const id = wholeNumber(attributes.id) ?? index;
          return part(sizeBytes(attributes.memory, attributes.unit), page(id), id);
        })),
    ...devices.flatMap(({ bytes, pageKiB, node }) => part(bytes, pageKiB ?? page(node), node)),
  ];
}

/** The size of a host's ordinary pages may be written down too. */
function isOrdinary(pageKiB: number): boolean {
  return pageKiB !== 0 && pageKiB <= 4;
}

/** A page without nodes is for all those that no other page names. */
function pagesOf(domain: Element): (guestNode: number) => number | undefined {
  if (!has(domain, "memoryBacking", "hugepages")) return () => undefined;
  const pages = all(domain, "memoryBacking", "hugepages", "page").map(({ attributes }) => ({
    kib: sizeBytes(attributes.size, attributes.unit) / 1024,
    nodes: attributes.nodeset === undefined ? undefined : parseCpuSet(attributes.nodeset),
  }));
  if (pages.length === 0) return () => 0;
  const forAll = pages.find(({ nodes }) => nodes === undefined);
  return (node) => (pages.find(({ nodes }) => nodes?.includes(node)) ?? forAll)?.kib;
}

/** Memory that is plugged in, which is part of <memory>. */
function memoryDevices(domain: Element): { bytes: number; pageKiB: number | undefined; node: number }[] {
  return all(domain, "devices", "memory")
    .filter(({ attributes }) => attributes.model === "dimm" || attributes.model === "virtio-mem")
    .map((device) => {
      const isDimm = device.attributes.model === "dimm";
      const size = isDimm ? first(device, "target", "size") : first(device, "target", "current");
      const pagesize = first(device, "source", "pagesize");
      return {
        bytes: sizeBytes(size.text, size.attributes.unit),
        pageKiB: pagesize.text === "" ? undefined : sizeBytes(pagesize.text, pagesize.attributes.unit) / 1024,
        node: wholeNumber(first(device, "target", "node").text) ?? 0,
      };
    });
}

const units: Readonly<Record<string, string>> = { b: "B", bytes: "B", k: "KiB", M: "MiB", G: "GiB", T: "TiB" };

function sizeBytes(size = "0", unit = "KiB"): number {
  return parseBytes(`${size === "" ? "0" : size}${Object.hasOwn(units, unit) ? units[unit]! : unit}`) ?? 0;
}
