/** Paths in a VM's definition, besides disks and boot files, that QEMU or virtiofsd opens on whichever host the VM runs. */
import type { HostFile } from "../core/problems";
import { all, type Element, first } from "./xml";

export function hostFiles(domain: Element): HostFile[] {
  const devices = first(domain, "devices");
  return [...directories(devices), ...characterDevices(devices), ...sockets(devices), ...memoryFiles(devices)].filter(
    ({ path }) => path.startsWith("/"),
  );
}

function directories(devices: Element): HostFile[] {
  return all(devices, "filesystem").map((filesystem) => ({
    what: "directory",
    path: first(filesystem, "source").attributes.dir ?? "",
    kind: "needed",
  }));
}

const characterDeviceElements = ["serial", "parallel", "console", "channel", "smartcard", "redirdev"];

function characterDevices(devices: Element): HostFile[] {
  const ports = characterDeviceElements
    .flatMap((name) => all(devices, name))
    .filter(({ attributes }) => attributes.type === "dev")
    .map((port) => ({ what: "character device", path: first(port, "source").attributes.path ?? "" }));
  const inputs = all(devices, "input").map((input) => {
    const { evdev, dev } = first(input, "source").attributes;
    return { what: "input device", path: evdev ?? dev ?? "" };
  });
  const randomness = all(devices, "rng")
    .map((rng) => first(rng, "backend"))
    .filter(({ attributes }) => attributes.model === "random")
    .map(({ text }) => ({ what: "random number device", path: text }));
  return [...ports, ...inputs, ...randomness].map((file) => ({ ...file, kind: "needed" }));
}

/** Sockets that QEMU connects to when it starts; another program may make one only then. */
function sockets(devices: Element): HostFile[] {
  const sources = [
    ...characterDeviceElements
      .flatMap((name) => all(devices, name))
      .filter((each) => each.attributes.type === "unix" && connects(each, "connect")),
    ...all(devices, "interface").filter((each) => each.attributes.type === "vhostuser" && connects(each, "client")),
    ...all(devices, "disk").filter(({ attributes }) => attributes.type === "vhostuser"),
    ...all(devices, "tpm")
      .map((tpm) => first(tpm, "backend"))
      .filter(({ attributes }) => attributes.type === "external"),
  ].map((each) => first(each, "source").attributes.path ?? "");
  const virtiofsd = all(devices, "filesystem").map((filesystem) => first(filesystem, "source").attributes.socket ?? "");
  return [...sources, ...virtiofsd].map((path) => ({ what: "socket", path, kind: "socket" }));
}

/** With `reconnect`, QEMU starts without the other end. */
function connects(device: Element, mode: string): boolean {
  const source = first(device, "source");
  return source.attributes.mode === mode && first(source, "reconnect").attributes.enabled !== "yes";
}

/** Their content is the guest's, and libvirt sends it with a running VM only. */
function memoryFiles(devices: Element): HostFile[] {
  return all(devices, "memory")
    .filter(({ attributes }) => ["nvdimm", "virtio-pmem"].includes(attributes.model ?? ""))
    .map((memory) => ({
      what: `${memory.attributes.model} file`,
      path: first(memory, "source", "path").text,
      kind: "content",
    }));
}
