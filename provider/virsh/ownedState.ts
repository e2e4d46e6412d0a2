/** Reads from a domain's definition what it owns beside its disks, with the places that libvirt's system daemon gives it by default. */
import type { OwnedState } from "../core/owned";
import { all, type Element, first, has } from "./xml";

const nvramDirectory = "/var/lib/libvirt/qemu/nvram";
const swtpmDirectory = "/var/lib/libvirt/swtpm";

export function ownedState(domain: Element): OwnedState[] {
  return [...vtpm(domain), ...firmwareVariables(domain), ...crashRecords(domain)];
}

function vtpm(domain: Element): OwnedState[] {
  return all(domain, "devices", "tpm")
    .map((tpm) => first(tpm, "backend"))
    .filter(({ attributes }) => attributes.type === "emulator")
    .map((backend) => {
      const source = first(backend, "source").attributes;
      const uuid = first(domain, "uuid").text;
      const path =
        source.type === undefined
          ? absolute(`${swtpmDirectory}/${uuid}`)
          : source.type === "dir" || source.type === "file"
            ? absolute(source.path ?? "")
            : undefined;
      const keptByLibvirt = backend.attributes.persistent_state === "yes";
      return { what: "vTPM state", path, ...(keptByLibvirt && { keptByLibvirt }) };
    });
}

function firmwareVariables(domain: Element): OwnedState[] {
  const os = first(domain, "os");
  const what = "UEFI variables";
  if (has(os, "varstore")) {
    const { path, template } = first(os, "varstore").attributes;
    return [{ what, path: absolute(path ?? ""), ...(template !== undefined && { template }) }];
  }
  const loader = first(os, "loader").attributes;
  const nvram = first(os, "nvram");
  const stateless = loader.stateless === "yes";
  if (!has(os, "nvram") && (stateless || (loader.type !== "pflash" && os.attributes.firmware !== "efi"))) return [];
  const source = first(nvram, "source");
  const { template } = nvram.attributes;
  // What is on the network is for all hosts.
  if (nvram.attributes.type === "network") return [];
  const named = nvram.text || (source.attributes.file ?? "");
  const name = first(domain, "name").text;
  const path =
    nvram.attributes.type === undefined || nvram.attributes.type === "file"
      ? absolute(named === "" ? `${nvramDirectory}/${name}_VARS.fd` : named)
      : undefined;
  return [{ what, path, ...(template !== undefined && { template }) }];
}

function crashRecords(domain: Element): OwnedState[] {
  return all(domain, "devices", "pstore").map((pstore) => ({
    what: "crash records",
    path: absolute(first(pstore, "path").text || `${nvramDirectory}/${first(domain, "name").text}_PSTORE.raw`),
  }));
}

/** A path that a script can be given; a control character in it means that it is not understood. */
function absolute(path: string): string | undefined {
  // eslint-disable-next-line no-control-regex
  return path.startsWith("/") && !path.endsWith("/") && !/[\u0000-\u001f\u007f]/.test(path) ? path : undefined;
}
