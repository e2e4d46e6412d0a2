/** What virsh cannot tell of a host, asked of its shell in one go. */
import { cleanLine } from "../../core/clean";
import { parseCpuSet } from "../../core/cpuSet";
import { wholeNumber } from "../../core/numbers";
import type { Clock } from "../../core/ports";
import type { Certificates, SystemFacts } from "../../core/problems";
import { validity } from "../../core/times";
import type { Hosts } from "../../observe/hosts";
import { parseAuthorities, parseCertificate } from "../../virsh/certificate";
import type { Virsh } from "../../virsh/client";
import { isRoot, parseQemuConf } from "../../virsh/qemuConf";
import { head, sections } from "../../virsh/sections";
import { sh, type ShellScript } from "../../virsh/shellScript";

/** Its clock, memory, interfaces and configuration; the certificates of QEMU's TLS where they are asked for. */
export function systemOf(
  hosts: Hosts,
  virsh: Virsh,
  withCertificates: boolean,
  clock: Clock,
): Promise<SystemFacts | undefined> {
  const key = `${virsh.host}: system ${withCertificates}`;
  const ask = async (script: ShellScript) => {
    const askedAt = clock.now();
    const text = (await virsh.inquireShell(script))?.stdout;
    const isWhole = text !== undefined && sections(text).has("end");
    return isWhole ? { text, askedAt, answeredAt: clock.now() } : undefined;
  };
  return hosts.remember(key, validity.observation, async () => {
    let isNew = false;
    const askAll = () => {
      isNew = true;
      return ask(systemScript({ withCertificates }));
    };
    const all = await hosts.remember(`${key}, settings`, validity.settings, askAll, (answer) => answer !== undefined);
    if (all === undefined) return undefined;
    const now = isNew ? all : await ask(sh`${head}\n${inUse}\ns end`);
    // Of a section that is there twice the last one counts.
    return now && parseSystem(isNew ? all.text : `${all.text}\n${now.text}`, now.askedAt, now.answeredAt);
  });
}

const certificateFiles = { authority: "ca-cert.pem", server: "server-cert.pem", client: "client-cert.pem" };
const keyFiles = ["server-key.pem", "client-key.pem"];

/**
 * Whether QEMU's account may open /dev/kvm, which only root can try. The account is of qemu.conf, else the one that the distribution made for it;
 * libvirt adds the account's own groups to the one of qemu.conf, whose default may be `kvm`.
 */
const kvmAccess = sh`s kvm; if [ -e /dev/kvm ] && [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  c() { sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*[\"']\([a-z_][a-z0-9_-]*\)[\"'].*/\1/p" /etc/libvirt/qemu.conf 2>/dev/null | head -n 1; }
  u=$(c user); [ -n "$u" ] || for u in libvirt-qemu qemu root; do id -u "$u" >/dev/null 2>&1 && break; done
  g=$(c group); [ -n "$g" ] || g=$(id -gn "$u" 2>/dev/null)
  try() { setpriv --reuid "$u" --regid "$1" --init-groups sh -c '[ -r /dev/kvm ] && [ -w /dev/kvm ]' 2>/dev/null; }
  if setpriv --reuid "$u" --regid "$g" --init-groups true 2>/dev/null && ! try "$g" && ! try kvm; then echo "$u"; fi
fi`;

/** What changes from one moment to the next. Asked between moves: files are read by the shell itself, since each process costs more than all of them. */
const inUse = sh`s clock; date +%s.%N
s memory; grep -E '^(MemTotal|MemAvailable|SwapTotal|Mlocked|Hugetlb|Hugepagesize):' /proc/meminfo
s arc; [ -r /proc/spl/kstat/zfs/arcstats ] && awk '$1 == "size" || $1 == "c_min" { print $1, $3 }' /proc/spl/kstat/zfs/arcstats
v() { v=0; [ -r "$1" ] && read -r v <"$1"; }
s hugepages; for d in /sys/kernel/mm/hugepages/hugepages-*; do [ -r "$d/free_hugepages" ] || continue
  printf '%s' "\${d##*-}"; for k in free resv nr nr_overcommit surplus; do v "$d/\${k}_hugepages"; printf ' %s' "$v"; done; echo
done
s nodepages; for d in /sys/devices/system/node/node[0-9]*/hugepages/hugepages-*; do [ -r "$d/free_hugepages" ] || continue
  n=\${d#*/node/node}; v "$d/free_hugepages"; echo "\${n%%/*} \${d##*-} $v"
done`;

function systemScript({ withCertificates }: { withCertificates: boolean }): ShellScript {
  const certificates = sh`
d() { d=$(sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*[\\"']\\([^\\"']*\\)[\\"'].*/\\1/p" /etc/libvirt/qemu.conf 2>/dev/null | head -n 1); }
d migrate_tls_x509_cert_dir
[ -n "$d" ] || { [ -d /etc/pki/libvirt-migrate ] && d=/etc/pki/libvirt-migrate; }
[ -n "$d" ] || d default_tls_x509_cert_dir
[ -n "$d" ] || d=/etc/pki/qemu
s tls; [ ! -e "$d" ] || [ -x "$d" ] && echo "$d"
for f in ${Object.values(certificateFiles)}; do s $f; if [ -e "$d/$f" ] && [ ! -r "$d/$f" ]; then echo unreadable; else cat "$d/$f" 2>/dev/null; fi; done
s keys; for f in ${keyFiles}; do [ -e "$d/$f" ] || echo $f; done`;
  return sh`${head}
${inUse}
s hugetlbfs; grep -c ' hugetlbfs ' /proc/mounts
s cpus; cat /sys/devices/system/cpu/online
s possible; cat /sys/devices/system/cpu/possible
s nodes; cat /sys/devices/system/node/online
s nodememory; cat /sys/devices/system/node/node[0-9]*/meminfo 2>/dev/null | grep MemTotal
s cgroup; [ -e /sys/fs/cgroup/cgroup.controllers ] && echo 2
s numad; for d in /usr/bin /usr/sbin /bin; do [ -x $d/numad ] && echo yes; done
s interfaces; ls /sys/class/net
s addresses; ip -o address show 2>/dev/null | awk '{ print $4 }'
s userfaultfd; cat /proc/sys/vm/unprivileged_userfaultfd 2>/dev/null; [ -e /dev/userfaultfd ] && echo device
${kvmAccess}
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
    ...(lines("addresses").length > 0 && { addresses: addressesOf(lines("addresses")) }),
    ...memoryOf(meminfo, lines("arc")),
    defaultHugepageKiB: (meminfo("Hugepagesize") ?? 2 ** 21) / 1024,
    hugepages: hugepagesOf(lines("hugepages"), lines("nodepages")),
    hugetlbfs: section("hugetlbfs") !== "0",
    topology: {
      onlineCpus: parseCpuSet(section("cpus")),
      possibleCpus: parseCpuSet(section("possible")),
      numaNodes: parseCpuSet(section("nodes")),
      nodeMemory: nodeMemoryOf(lines("nodememory")),
      cgroup2: section("cgroup") === "2",
      numad: section("numad") !== "",
    },
    userfaultfd: qemuConf?.user !== undefined && isRoot(qemuConf.user) ? true : mayUseUserfaultfd,
    ...(section("kvm") !== "" && { kvmForbiddenTo: cleanLine(section("kvm"), 64) }),
    qemuConf,
    certificates: parseCertificates(all),
  };
}

/** "10.0.0.12/24", "fe80::1/64" */
function addressesOf(lines: readonly string[]): string[] {
  return [...new Set(lines.map((line) => cleanLine(line.replace(/[/%].*$/, ""), 64)))];
}

/** "Node 0 MemTotal:       65771520 kB" */
function nodeMemoryOf(lines: readonly string[]): Record<number, number> {
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, node, kib] = /^Node (\d{1,6}) MemTotal: +(\d{1,12}) kB$/.exec(line.trim()) ?? [];
      return node === undefined ? [] : [[Number(node), Number(kib) * 1024]];
    }),
  );
}

function hugepagesOf(sizes: readonly string[], onNodes: readonly string[]): SystemFacts["hugepages"] {
  const kibOf = (size = "") => wholeNumber(/^(\d{1,20})kB$/.exec(size)?.[1]);
  return Object.fromEntries(
    sizes.flatMap((line) => {
      const [size, ...numbers] = line.split(" ", 6);
      const [free, promised = 0, present, most = 0, made = 0] = numbers.map((each) => wholeNumber(each));
      const kib = kibOf(size);
      if (kib === undefined || free === undefined) return [];
      const toBeMade = Math.max(0, most - made);
      const freeOn = onNodes.flatMap((each) => {
        const [node, its, count] = each.split(" ", 3);
        const pages = wholeNumber(count);
        return kibOf(its) !== kib || pages === undefined ? [] : [[node!, pages + toBeMade] as const];
      });
      const pages = {
        free: Math.max(0, free - promised) + toBeMade,
        total: (present ?? free) + toBeMade,
        freeOn: freeOn.length === 0 ? undefined : Object.fromEntries(freeOn),
      };
      return [[kib, pages] as const];
    }),
  );
}

/** ZFS gives back what its cache (ARC) holds above a minimum, and the kernel does not count that as available. */
function memoryOf(
  meminfo: (key: string) => number | undefined,
  arc: readonly string[],
): Pick<SystemFacts, "availableMemoryBytes" | "totalMemoryBytes" | "memoryCapacityBytes"> {
  const arcstat = (name: string) =>
    wholeNumber(arc.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1));
  const [total, available] = [meminfo("MemTotal"), meminfo("MemAvailable")];
  const givenBack = Math.max(0, (arcstat("size") ?? 0) - (arcstat("c_min") ?? Infinity));
  const taken = (meminfo("Hugetlb") ?? 0) + (meminfo("Mlocked") ?? 0);
  return {
    availableMemoryBytes: available && Math.min(available + givenBack, total ?? Infinity),
    totalMemoryBytes: total,
    memoryCapacityBytes: total && Math.max(0, total + (meminfo("SwapTotal") ?? 0) - taken),
  };
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
    authorities: parseAuthorities(`${directory}/${certificateFiles.authority}`, authority),
    server: read(certificateFiles.server),
    client: read(certificateFiles.client),
    missingKeys: (all.get("keys") ?? "").split("\n").filter((line) => line !== ""),
  };
}
