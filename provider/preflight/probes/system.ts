/** What virsh cannot tell of a host, asked of its shell in one go. */
import { cleanLine } from "../../core/clean";
import { wholeNumber } from "../../core/numbers";
import type { Clock } from "../../core/ports";
import type { Certificates, QemuConf, SystemFacts } from "../../core/problems";
import { validity } from "../../core/times";
import type { Hosts } from "../../observe/hosts";
import { parseCertificate } from "../../virsh/certificate";
import type { Virsh } from "../../virsh/client";
import { head, sections } from "../../virsh/sections";
import { sh, type ShellScript } from "../../virsh/shellScript";

/** Its clock, memory, interfaces and configuration; the certificates of QEMU's TLS where they are asked for. */
export function systemOf(
  hosts: Hosts,
  virsh: Virsh,
  withCertificates: boolean,
  clock: Clock,
): Promise<SystemFacts | undefined> {
  return hosts.remember(`${virsh.host}: system ${withCertificates}`, validity.observation, async () => {
    const askedAt = clock.now();
    const answer = await virsh.inquireShell(systemScript({ withCertificates }));
    return answer && parseSystem(answer.stdout, askedAt, clock.now());
  });
}

const certificateFiles = { authority: "ca-cert.pem", server: "server-cert.pem", client: "client-cert.pem" };
const keyFiles = ["server-key.pem", "client-key.pem"];

function systemScript({ withCertificates }: { withCertificates: boolean }): ShellScript {
  const certificates = sh`
d=$(sed -n 's/^[[:space:]]*migrate_tls_x509_cert_dir[[:space:]]*=[[:space:]]*"\\(.*\\)".*/\\1/p' /etc/libvirt/qemu.conf 2>/dev/null)
[ -n "$d" ] || d=$(sed -n 's/^[[:space:]]*default_tls_x509_cert_dir[[:space:]]*=[[:space:]]*"\\(.*\\)".*/\\1/p' /etc/libvirt/qemu.conf 2>/dev/null)
[ -n "$d" ] || { [ -d /etc/pki/libvirt-migrate ] && d=/etc/pki/libvirt-migrate; }
[ -n "$d" ] || d=/etc/pki/qemu
s tls; [ ! -e "$d" ] || [ -x "$d" ] && echo "$d"
for f in ${Object.values(certificateFiles)}; do s $f; if [ -e "$d/$f" ] && [ ! -r "$d/$f" ]; then echo unreadable; else cat "$d/$f" 2>/dev/null; fi; done
s keys; for f in ${keyFiles}; do [ -e "$d/$f" ] || echo $f; done`;
  return sh`${head}
s clock; date +%s.%N
s memory; grep -E '^(MemAvailable|Hugepagesize):' /proc/meminfo
s hugepages; for d in /sys/kernel/mm/hugepages/hugepages-*; do [ -r "$d/free_hugepages" ] && echo "\${d##*-} $(cat "$d/free_hugepages")"; done
s hugetlbfs; grep -c ' hugetlbfs ' /proc/mounts
s interfaces; ls /sys/class/net
s userfaultfd; cat /proc/sys/vm/unprivileged_userfaultfd 2>/dev/null; [ -e /dev/userfaultfd ] && echo device
s qemu.conf; [ -r /etc/libvirt/qemu.conf ] && { echo '# readable'; grep -Ev '^[[:space:]]*(#|$)' /etc/libvirt/qemu.conf; }${withCertificates ? certificates : sh``}
s end`;
}

/** `askedAtMs` and `answeredAtMs`: the controller's clock around the question. */
export function parseSystem(text: string, askedAtMs: number, answeredAtMs: number): SystemFacts | undefined {
  const all = sections(text);
  if (!all.has("end")) return undefined;
  const section = (name: string) => all.get(name) ?? "";
  const lines = (name: string) =>
    section(name)
      .split("\n")
      .filter((line) => line !== "");
  const meminfo = (key: string) => {
    const value = lines("memory")
      .find((line) => line.startsWith(`${key}:`))
      ?.slice(key.length + 1);
    const [kib, unit] = (value ?? "").trim().split(" ", 2);
    const bytes = unit === "kB" ? (wholeNumber(kib) ?? NaN) * 1024 : NaN;
    return Number.isSafeInteger(bytes) ? bytes : undefined;
  };
  const clock = section("clock");
  const seconds = /^\d{1,12}(\.\d{1,9})?$/.test(clock) ? Number(clock) : 0;
  const qemuConf = parseQemuConf(section("qemu.conf"));
  const mayUseUserfaultfd = section("userfaultfd") === "" ? undefined : /device|^1$/m.test(section("userfaultfd"));
  return {
    clockOffsetMs: seconds > 0 ? Math.round(seconds * 1000 - (askedAtMs + answeredAtMs) / 2) : undefined,
    interfaces: lines("interfaces"),
    availableMemoryBytes: meminfo("MemAvailable"),
    defaultHugepageKiB: (meminfo("Hugepagesize") ?? 2 ** 21) / 1024,
    freeHugepages: Object.fromEntries(
      lines("hugepages").flatMap((line) => {
        const [size = "", free] = line.split(" ", 2);
        const [kib, count] = [wholeNumber(/^(\d{1,20})kB$/.exec(size)?.[1]), wholeNumber(free)];
        return kib === undefined || count === undefined ? [] : [[kib, count]];
      }),
    ),
    hugetlbfs: section("hugetlbfs") !== "0",
    userfaultfd: qemuConf?.user === "root" ? true : mayUseUserfaultfd,
    qemuConf,
    certificates: parseCertificates(all),
  };
}

export function parseQemuConf(text: string): QemuConf | undefined {
  if (!text.startsWith("# readable")) return undefined;
  const value = settingsOf(text);
  const port = (key: string) => wholeNumber(value(key), 65_535);
  return {
    migrationHost: value("migration_host"),
    migrationPortMin: port("migration_port_min") ?? 49_152,
    migrationPortMax: port("migration_port_max") ?? 49_215,
    migrateTlsForce: value("migrate_tls_force") === "1",
    user: value("user"),
    sharedFilesystems: listIn(text, "shared_filesystems"),
  };
}

/** `key = value` lines; a value is a number or a text in quotes. The first one of a key counts. */
function settingsOf(text: string): (key: string) => string | undefined {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const at = line.indexOf("=");
    const key = line.slice(0, at).trim();
    if (at < 0 || values.has(key)) continue;
    const rest = line.slice(at + 1).trim();
    const quoted = rest.startsWith('"');
    const end = rest.indexOf(quoted ? '"' : "#", 1);
    values.set(key, cleanLine(rest.slice(quoted ? 1 : 0, end < 0 ? undefined : end).trim(), 300));
  }
  return (key) => values.get(key);
}

/** `key = [ "a", "b" ]`, over any number of lines. */
function listIn(text: string, key: string): string[] {
  const lines = text.split("\n");
  const at = lines.findIndex((line) => line.split("=", 1)[0]!.trim() === key && line.includes("="));
  if (at < 0) return [];
  const rest = lines.slice(at).join("\n");
  const [open, close] = [rest.indexOf("["), rest.indexOf("]")];
  if (open < 0 || close < open) return [];
  return rest
    .slice(open + 1, close)
    .split('"')
    .filter((_, index) => index % 2 === 1)
    .map((each) => cleanLine(each, 4096));
}

function parseCertificates(all: Map<string, string>): Certificates | undefined {
  const directory = all.get("tls") ?? "";
  const texts = Object.values(certificateFiles).map((file) => all.get(file) ?? "");
  // What root keeps from this account may well be right.
  if (directory === "" || texts.includes("unreadable")) return undefined;
  const [authority = ""] = texts;
  const read = (file: string) => parseCertificate(`${directory}/${file}`, all.get(file) ?? "", authority);
  return {
    directory,
    authority: read(certificateFiles.authority),
    server: read(certificateFiles.server),
    client: read(certificateFiles.client),
    missingKeys: (all.get("keys") ?? "").split("\n").filter((line) => line !== ""),
  };
}
