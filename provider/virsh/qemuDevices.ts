/**
 * Parts of a VM that QEMU does not migrate, though libvirt has no rule of its own for them. QEMU marks such a device `unmigratable`, or adds a
 * blocker while the VM runs: hw/nvme/ctrl.c, hw/usb/dev-{audio,network,serial}.c, hw/virtio/virtio-crypto.c, hw/input/virtio-input-host.c,
 * hw/display/{virtio-gpu,virtio-gpu-base,vhost-user-gpu}.c, hw/audio/virtio-snd.c, hw/i386/amd_iommu.c, target/i386/{sev.c,kvm/kvm.c}.
 */
import type { QemuDevice } from "../core/problems";
import { all, type Element, first, has } from "./xml";

export function qemuDevices(domain: Element): QemuDevice[] {
  const devices = first(domain, "devices");
  return [...encryptedMemory(domain), ...cpuFlags(domain), ...displays(devices), ...others(devices)];
}

/** QEMU of today (11.1) saves no memory that only the CPU can read. */
function encryptedMemory(domain: Element): QemuDevice[] {
  if (!has(domain, "launchSecurity")) return [];
  const { type = "" } = first(domain, "launchSecurity").attributes;
  // The guest of an s390 host decides at boot whether it is protected.
  const depends = type === "s390-pv" ? "it cannot be migrated once the guest is protected" : undefined;
  const what = `encrypted memory (<launchSecurity type='${type}'>)`;
  return [{ what, ...(depends !== undefined && { depends }) }];
}

function cpuFlags(domain: Element): QemuDevice[] {
  const hyperv = first(domain, "features", "hyperv").attributes.mode;
  const cpu = first(domain, "cpu").attributes;
  return [
    ...(hyperv === "passthrough" ? [{ what: "all Hyper-V features of its host (<hyperv mode='passthrough'>)" }] : []),
    ...(cpu.migratable === "off"
      ? [
          {
            what: "CPU features that cannot be migrated (<cpu migratable='off'>)",
            depends: "QEMU refuses the move where invtsc is among them",
          },
        ]
      : []),
  ];
}

function displays(devices: Element): QemuDevice[] {
  return all(devices, "video").flatMap((video) => {
    const model = first(video, "model");
    const accelerated = first(model, "acceleration").attributes.accel3d === "yes";
    if (model.attributes.type !== "virtio") return [];
    if (first(video, "driver").attributes.name === "vhostuser") return [{ what: "a display by vhost-user" }];
    if (accelerated) return [{ what: "a display with 3D acceleration (accel3d)" }];
    return model.attributes.blob === "on" ? [{ what: "a display with blob resources" }] : [];
  });
}

const newer = "only some versions of QEMU can migrate it";

function others(devices: Element): QemuDevice[] {
  const inputs = all(devices, "input").map(({ attributes }) => attributes.type);
  const sounds = all(devices, "sound").map(({ attributes }) => attributes.model);
  const serials = all(devices, "serial").map((serial) => first(serial, "target").attributes.type);
  const cards = all(devices, "interface").map((each) => first(each, "model").attributes.type);
  const buses = all(devices, "disk").map((disk) => first(disk, "target").attributes.bus);
  const memory = all(devices, "memory").map(({ attributes }) => attributes.model);
  const tpms = all(devices, "tpm").map((tpm) => first(tpm, "backend").attributes.type);
  const found: readonly (readonly [boolean, QemuDevice])[] = [
    [has(devices, "crypto"), { what: "a virtio crypto device" }],
    [inputs.includes("passthrough"), { what: "an input device of its host (<input type='passthrough'>)" }],
    [sounds.includes("usb"), { what: "a USB sound card" }],
    [sounds.includes("virtio"), { what: "a virtio sound card", depends: newer }],
    [serials.includes("usb-serial"), { what: "a USB serial port" }],
    [cards.includes("usb-net"), { what: "a USB network card" }],
    [buses.includes("nvme"), { what: "an emulated NVMe controller" }],
    [first(devices, "iommu").attributes.model === "amd", { what: "an AMD IOMMU", depends: newer }],
    [
      memory.includes("sgx-epc"),
      { what: "SGX enclave memory", depends: "it is not moved, and the guest has to start its enclaves again" },
    ],
    [
      tpms.includes("passthrough"),
      { what: "the TPM of its host", depends: "on the destination it would be another TPM, without its keys" },
    ],
  ];
  return found.flatMap(([is, device]) => (is ? [device] : []));
}

/** By its bus or its model, as libvirt writes them: "virtio", "virtio-non-transitional", "virtio-scsi". */
export function hasVirtio(devices: Element): boolean {
  const isVirtio = (word = "") => /^virtio(-|$)/.test(word);
  return (
    all(devices, "disk").some((disk) => isVirtio(first(disk, "target").attributes.bus)) ||
    all(devices, "interface").some((each) => isVirtio(first(each, "model").attributes.type)) ||
    all(devices, "video").some((video) => isVirtio(first(video, "model").attributes.type)) ||
    all(devices, "input").some(({ attributes }) => isVirtio(attributes.bus)) ||
    all(devices, "controller").some(({ attributes }) => isVirtio(attributes.type) || isVirtio(attributes.model)) ||
    ["memballoon", "rng", "vsock"].some((name) =>
      all(devices, name).some(({ attributes }) => isVirtio(attributes.model)),
    )
  );
}
