/** Programs that libvirt's clients run. */
import { onOneLine } from "../textMatch";
import { install } from "./install";
import type { StderrCause } from "./stderr";

export const virshMissing: StderrCause = {
  stderr: /virsh: (command )?not found|virsh['’"]?: No such file/,
  code: "virshMissing",
  remedies: ({ source }) => install(source, "virsh", { apt: "libvirt-clients", dnf: "libvirt-client" }),
};

/** libvirt's ssh transport runs virt-ssh-helper on the destination, or nc where there is none. */
export const sshHelperMissing: StderrCause = {
  stderr: /(virt-ssh-helper|\bnc|netcat): (command )?not found/,
  code: "virshMissing",
  remedies: ({ destination }) =>
    install(destination, "libvirt", { apt: "libvirt-daemon-system", dnf: "libvirt-daemon-kvm" }),
};

/** Neither BusyBox's nc nor the traditional one knows Unix sockets. */
export const ncWithoutUnixSockets: StderrCause = {
  stderr: onOneLine(/\b(nc|netcat): /, /(invalid|unrecognized|unknown|illegal) option/, /U/),
  code: "virshMissing",
  remedies: ({ destination }) => [
    ...install(destination, "an nc that knows Unix sockets (-U)", { apt: "netcat-openbsd", dnf: "nmap-ncat" }),
    ...install(destination, "libvirt with virt-ssh-helper, which needs no nc", {
      apt: "libvirt-daemon-system",
      dnf: "libvirt-daemon-kvm",
    }),
  ],
};
