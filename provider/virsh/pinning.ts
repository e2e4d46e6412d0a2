/** Reads what a domain's XML binds to CPUs and NUMA nodes of its host. */
import { parseCpuSet } from "../core/cpuSet";
import { wholeNumber } from "../core/numbers";
import type { CpuPin, Pinning } from "../core/pinning";
import { all, type Element, first } from "./xml";

export function pinningOf(domain: Element): Pinning {
  const memory = first(domain, "numatune", "memory").attributes;
  return {
    cpus: cpuPins(domain),
    nodes: [
      ...binding(undefined, memory),
      ...all(domain, "numatune", "memnode").flatMap(({ attributes }) =>
        binding(wholeNumber(attributes.cellid), attributes),
      ),
    ],
    automatic: memory.placement === "auto" || first(domain, "vcpu").attributes.placement === "auto",
  };
}

function cpuPins(domain: Element): CpuPin[] {
  const pin = (what: CpuPin["what"], cpuset: string | undefined, id?: number): CpuPin[] => {
    const cpus = parseCpuSet(cpuset ?? "");
    return cpus === undefined ? [] : [{ what, cpus, ...(id !== undefined && { id }) }];
  };
  const threads = (what: "vcpu" | "iothread", element: string, key: string) =>
    all(domain, "cputune", element).flatMap(({ attributes }) =>
      pin(what, attributes.cpuset, wholeNumber(attributes[key])),
    );
  const vcpus = threads("vcpu", "vcpupin", "vcpu").filter(({ id }) => isOn(domain, id));
  const emulator = pin("emulator", first(domain, "cputune", "emulatorpin").attributes.cpuset);
  const { text, attributes } = first(domain, "vcpu");
  const count = wholeNumber(attributes.current ?? text) ?? Infinity;
  const isOverridden = emulator.length > 0 && vcpus.length >= count && first(domain, "iothreads").text === "";
  return [
    ...(isOverridden ? [] : pin("all", attributes.cpuset)),
    ...vcpus,
    ...emulator,
    ...threads("iothread", "iothreadpin", "iothread"),
  ];
}

/** The pin of a vCPU that is not plugged in binds nothing. */
function isOn(domain: Element, id: number | undefined): boolean {
  const { text, attributes } = first(domain, "vcpu");
  const each = all(domain, "vcpus", "vcpu").find((vcpu) => wholeNumber(vcpu.attributes.id) === id);
  if (each !== undefined) return each.attributes.enabled !== "no";
  return id === undefined || id < (wholeNumber(attributes.current ?? text) ?? Infinity);
}

function binding(
  guestNode: number | undefined,
  { nodeset, mode = "strict" }: Readonly<Record<string, string>>,
): Pinning["nodes"] {
  const nodes = parseCpuSet(nodeset ?? "");
  return nodes === undefined ? [] : [{ mode, nodes, ...(guestNode !== undefined && { guestNode }) }];
}
