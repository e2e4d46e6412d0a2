import type { SimulatedDomain } from "../domain";
import type { DomainVerb } from "./verb";
import { isShutOff } from "./state";

const diskXml = ({ target, path, format }: NonNullable<SimulatedDomain["disks"]>[number]) =>
  `<disk type='file' device='disk'><driver name='qemu' type='${format}'/><source file='${path}'/><target dev='${target}' bus='virtio'/></disk>`;

/** What libvirt keeps of a domain, whether it runs or not. */
export const definitionVerbs: Record<string, DomainVerb> = {
  domname: ({ name }) => ({ out: name }),
  dumpxml: ({ name, uuid, memoryMiB, devices, disks = [] }, { words }) => {
    const shown = words.includes("--inactive") ? devices?.persistent : devices?.live;
    const all = `${shown ?? ""}${disks.map(diskXml).join("")}`;
    const inside = all === "" ? "" : `<devices>${all}</devices>`;
    return {
      out: `<domain><name>${name}</name><uuid>${uuid}</uuid><memory unit="MiB">${memoryMiB}</memory>${inside}</domain>`,
    };
  },
  autostart: (domain, { words }) => {
    if (!domain.persistent)
      return { err: "Requested operation is not valid: cannot set autostart for transient domain" };
    domain.autostart = !words.includes("--disable");
    return {};
  },
  undefine: (domain, { host }) => {
    if (!domain.persistent) return { err: "Requested operation is not valid: cannot undefine transient domain" };
    if (isShutOff(domain)) host.remove(domain);
    // One that runs goes on without a definition.
    else Object.assign(domain, { persistent: false, autostart: false });
    return {};
  },
};
