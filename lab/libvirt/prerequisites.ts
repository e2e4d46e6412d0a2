import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

interface Tool {
  /** A program, or the path of a file. */
  program: string;
  apt: string;
  dnf: string;
}

const tools: readonly Tool[] = [
  { program: "libvirtd", apt: "libvirt-daemon-system", dnf: "libvirt-daemon libvirt-daemon-driver-qemu" },
  { program: "virsh", apt: "libvirt-clients", dnf: "libvirt-client" },
  { program: "qemu-system-x86_64", apt: "qemu-system-x86", dnf: "qemu-kvm" },
  { program: "qemu-nbd", apt: "qemu-utils", dnf: "qemu-img" },
  { program: "qemu-img", apt: "qemu-utils", dnf: "qemu-img" },
  { program: "sshd", apt: "openssh-server", dnf: "openssh-server" },
  { program: "ssh", apt: "openssh-client", dnf: "openssh-clients" },
  { program: "ssh-keygen", apt: "openssh-client", dnf: "openssh-clients" },
  { program: "ip", apt: "iproute2", dnf: "iproute" },
  { program: "tc", apt: "iproute2", dnf: "iproute-tc" },
  { program: "nft", apt: "nftables", dnf: "nftables" },
  { program: "unshare", apt: "util-linux", dnf: "util-linux" },
  { program: "nsenter", apt: "util-linux", dnf: "util-linux" },
  { program: "bash", apt: "bash", dnf: "bash" },
];
/** For certificates, and to see what of a migration crosses the network. */
const tlsTools: readonly Tool[] = [
  { program: "certtool", apt: "gnutls-bin", dnf: "gnutls-utils" },
  { program: "tcpdump", apt: "tcpdump", dnf: "tcpdump" },
];

const sudoTools: readonly Tool[] = [{ program: "sudo", apt: "sudo", dnf: "sudo" }];

const vtpmTools: readonly Tool[] = [
  { program: "swtpm", apt: "swtpm", dnf: "swtpm" },
  { program: "swtpm_setup", apt: "swtpm-tools", dnf: "swtpm-tools" },
  { program: "/usr/share/OVMF/OVMF_CODE_4M.fd", apt: "ovmf", dnf: "edk2-ovmf" },
];

/** To look at pages. */
const browserTools: readonly Tool[] = [{ program: "chromium", apt: "chromium", dnf: "chromium" }];

export interface Extras {
  tls?: boolean;
  vtpm?: boolean;
  browser?: boolean;
  sudo?: boolean;
}

/**
 * Everything that keeps a lab from starting here, one sentence each; empty when nothing does. The sentences for missing programs
 * say how to install exactly these.
 */
export function missingPrerequisites(options: Extras & { kvm?: boolean } = {}): string[] {
  if (process.platform !== "linux") return [`The lab needs Linux; this is ${process.platform}.`];
  const missing: string[] = [];
  if (process.getuid?.() !== 0) missing.push("The lab needs root for network namespaces: run it with sudo.");
  if (!existsSync("/proc/self/ns/time"))
    missing.push(
      "This kernel has no time namespaces (Linux 5.6 and later have): lab hosts need them to boot at times of their own.",
    );
  const absent = absentTools(options);
  if (absent.length > 0) {
    missing.push(`Not installed: ${absent.map(({ program }) => program).join(", ")}. ${hint(absent)}`);
  }
  if (!findProgram("libvirtd") && findProgram("virtqemud")) {
    missing.push("Only libvirt's modular daemons (virtqemud) are installed; the lab starts the monolithic libvirtd.");
  }
  if (options.kvm && !isUsable("/dev/kvm"))
    missing.push("/dev/kvm is missing or not usable: start the lab without kvm.");
  return missing;
}

/** The packages that bring what is not installed, in the names of apt and of dnf. */
export function missingPackages(options: Extras = {}): { apt: string[]; dnf: string[] } {
  const absent = absentTools(options);
  const names = (manager: "apt" | "dnf") => [...new Set(absent.flatMap((tool) => tool[manager].split(" ")))];
  return { apt: names("apt"), dnf: names("dnf") };
}

function absentTools({ tls = false, vtpm = false, browser = false, sudo = false }: Extras): Tool[] {
  const extras = [tls && tlsTools, vtpm && vtpmTools, browser && browserTools, sudo && sudoTools];
  const required = [...tools, ...extras.flatMap((each) => each || [])];
  return required.filter(({ program }) => (program.startsWith("/") ? !existsSync(program) : !findProgram(program)));
}

/** Administrators' directories are searched too: root's PATH lacks them on some systems. */
const searchPath = [
  ...new Set([...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/bin", "/sbin", "/bin"]),
].filter((directory) => directory.startsWith("/"));

export function findProgram(program: string): string | undefined {
  const elsewhere = program === "qemu-system-x86_64" ? ["/usr/libexec/qemu-kvm"] : [];
  return [...searchPath.map((directory) => join(directory, program)), ...elsewhere].find(existsSync);
}

function hint(required: readonly Tool[]): string {
  const names = (manager: "apt" | "dnf") => [...new Set(required.map((tool) => tool[manager]))].join(" ");
  return `Install with: apt-get install ${names("apt")} (Debian, Ubuntu), or: dnf install ${names("dnf")} (Fedora, RHEL).`;
}

export function isUsable(device: string): boolean {
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
