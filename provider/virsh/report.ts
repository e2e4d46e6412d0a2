/**
 * What virsh cannot tell, asked of a host's shell in one go: scripts that only read, and the readers of their answers. A script
 * prints sections, each behind a line "@@ NAME"; what a host does not have or may not be read leaves its section empty.
 */
import { clean, cleanLine } from "../core/clean";
import { wholeNumber } from "../core/numbers";
import { canBeShown } from "../core/quote";
import type { Certificates, ImageFacts, PortAnswer, QemuConf, SystemFacts } from "../core/rules";
import { parseCertificate } from "./certificate";
import { sh, type ShellScript } from "./shellScript";

/** Sections of an answer: each begins with a line "@@ NAME". */
export const head = sh`s() { printf '\\n@@ %s\\n' "$1"; }`;

export function sections(text: string): Map<string, string> {
  const [, ...parts] = `\n${text}`.split("\n@@ ");
  return new Map(
    parts.map((part) => {
      const end = part.indexOf("\n");
      return end < 0 ? [part, ""] : [part.slice(0, end), part.slice(end + 1).trim()];
    }),
  );
}

const certificateFiles = { authority: "ca-cert.pem", server: "server-cert.pem", client: "client-cert.pem" };
const keyFiles = ["server-key.pem", "client-key.pem"];

export function systemScript({ withCertificates }: { withCertificates: boolean }): ShellScript {
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

/** A path with a line break in it, say, stands in another form where a section is named by it. */
function sectionOf(path: string): string {
  return canBeShown(path) ? path : `uri ${encodeURIComponent(path)}`;
}

function pathOf(section: string): string {
  return section.startsWith("uri ") ? decodeURIComponent(section.slice(4)) : section;
}

/** Looks at the files and block devices of a VM, on either host. */
export function imagesScript(paths: readonly string[]): ShellScript {
  return sh`${head}
set -- ${paths.flatMap((path) => [sectionOf(path), path])}
while [ $# -gt 0 ]; do
  p=$2; s "$1"; shift 2
  if [ -e "$p" ]; then echo exists=1; else
    d=\${p%/*}; while [ -n "$d" ] && [ ! -e "$d" ]; do d=\${d%/*}; done
    if [ -z "$d" ] || [ -x "$d" ]; then echo exists=0; fi; continue
  fi
  TZ=UTC stat -L -c 'inode=%i
size=%s
changed=%z' "$p"
  findmnt -n -r -o FSTYPE,SOURCE -T "$p" 2>/dev/null | tail -n 1 | { read -r t m; echo "fstype=$t"; echo "mount=$m"; }
  if [ -b "$p" ]; then
    echo "size=$(blockdev --getsize64 "$p" 2>/dev/null)"
    echo "serial=$(lsblk -d -n -r -o WWN "$p" 2>/dev/null | head -n 1)"
  elif [ -r "$p" ]; then
    qemu-img info -U --output=json "$p" 2>/dev/null | tr -d ' \\n' | sed 's/^/json=/'; echo
  fi
done
s end`;
}

export function parseImages(text: string): Record<string, ImageFacts> {
  const all = sections(text);
  if (!all.has("end")) return {};
  return Object.fromEntries(
    [...all].flatMap(([path, section]) => {
      const lines = section.split("\n");
      const among = (lines: string[], key: string) =>
        lines
          .find((line) => line.length > key.length + 1 && line.startsWith(`${key}=`))
          ?.slice(key.length + 1)
          .trim();
      const value = (key: string) => among(lines, key);
      const shown = (key: string) => {
        const text = value(key);
        return text === undefined ? undefined : cleanLine(text, 300);
      };
      const exists = value("exists");
      // A directory that may not be entered tells neither way.
      if (path === "end" || exists === undefined) return [];
      const image: ImageFacts = {
        exists: exists === "1",
        inode: shown("inode"),
        // A block device's comes behind that of its node.
        sizeBytes: wholeNumber(among(lines.toReversed(), "size")),
        fileSystem: shown("fstype"),
        mountSource: shown("mount"),
        ...qemuImgInfo(value("json")),
        serial: shown("serial"),
        changed: value("changed"),
      };
      return [[pathOf(path), image] as const];
    }),
  );
}

function qemuImgInfo(json: string | undefined): Pick<ImageFacts, "format" | "virtualSizeBytes"> {
  let info: unknown;
  try {
    info = JSON.parse(json ?? "{}");
  } catch {
    info = {};
  }
  const { format, "virtual-size": size } = (info ?? {}) as Record<string, unknown>;
  return {
    format: typeof format === "string" ? cleanLine(format, 64) : undefined,
    virtualSizeBytes: typeof size === "number" && Number.isSafeInteger(size) && size >= 0 ? size : undefined,
  };
}

export interface PeerQuestion {
  address: string;
  controlPort: number | undefined;
  dataAddress: string | undefined;
  dataPorts: readonly number[];
  /** What libvirt's ssh transport runs on the source, as far as libvirt on the destination; undefined = no login is tried. */
  login: ShellScript | undefined;
}

/** Seconds that a silent port is waited for. */
const silentS = 2;

/**
 * Everything at once, in the background of one shell; each answer is one write, so that none gets mixed up with another. Refused at
 * once, or silent for as long as `timeout` waits: that tells a closed port from a filtered one.
 */
export function peerScript({ address, controlPort, dataAddress, dataPorts, login }: PeerQuestion): ShellScript {
  const said = (name: string) => sh`printf '\\n@@ %s\\n%s\\n@@ %s.err\\n%s\\n' ${name} "$c" ${name} "$e"`;
  const port = (name: string, host: string, number: number) =>
    sh`( e=$(timeout ${silentS} bash -c ': >"/dev/tcp/$0/$1"' ${host} ${number} 2>&1); c=$?; ${said(name)} ) &\n`;
  const background = [
    ...(controlPort === undefined ? [] : [port("control", address, controlPort)]),
    ...(dataAddress === undefined ? [] : dataPorts.map((number) => port(`data-${number}`, dataAddress, number))),
    sh`command -v ping >/dev/null && ( ping -n -c 1 -W ${silentS} -- ${address} >/dev/null 2>&1; printf '\\n@@ ping\\n%s\\n' $? ) &\n`,
  ];
  if (login !== undefined) {
    background.push(
      // Standard output is kept apart from standard error: text before libvirt's own breaks the connection that libvirt makes.
      sh`[ "$(id -u)" = 0 ] && ( a=$(date +%s%N); o=$( { e=$(${login} 2>&1 >&3 3>&- </dev/null); c="$? $(( ($(date +%s%N) - a) / 1000000 ))"; ${said("login")}; } 3>&1 ); printf '\\n@@ login.out\\n%s\\n' "$o" ) &\n`,
    );
  }
  return sh`${head}
${background}
wait
s end`;
}

/** What the login's command prints on the destination, and nothing before it. */
export const peerAnswer = "qemu:///system";

/** Text of the account's start-up files on standard output. */
function noiseBefore(answer: string, output: string): { noise?: string } {
  const at = output.indexOf(answer);
  return at <= 0 ? {} : { noise: output.slice(0, at).trim() };
}

export interface PeerAnswers {
  control: PortAnswer | undefined;
  dataPorts: { port: number; answer: PortAnswer }[];
  ping: "yes" | "no" | undefined;
  login: { code: number; tookMs: number; said: string; noise?: string } | undefined;
}

/** A login that takes an hour has failed in another way before. */
const maxLoginMs = 3_600_000;

export function parsePeer(text: string): PeerAnswers | undefined {
  const all = sections(text);
  if (!all.has("end")) return undefined;
  const port = (name: string) => portAnswer(all.get(name), all.get(`${name}.err`) ?? "");
  const dataPorts = [...all.keys()].flatMap((name) => {
    const number = wholeNumber(/^data-(\d{1,5})$/.exec(name)?.[1], 65_535);
    const answer = number === undefined ? undefined : port(name);
    return number === undefined || answer === undefined ? [] : [{ port: number, answer }];
  });
  const ping = all.get("ping");
  const [code, tookMs] = (all.get("login") ?? "").split(" ", 2).map((word) => wholeNumber(word, maxLoginMs));
  return {
    control: port("control"),
    dataPorts: dataPorts.sort((a, b) => a.port - b.port),
    ping: ping === undefined ? undefined : ping === "0" ? "yes" : "no",
    login:
      code === undefined
        ? undefined
        : {
            code,
            tookMs: tookMs ?? 0,
            said: clean(all.get("login.err") ?? "", 2 ** 16),
            ...noiseBefore(peerAnswer, all.get("login.out") ?? ""),
          },
  };
}

/** undefined: there was nothing to try it with (no bash, no timeout). */
function portAnswer(code: string | undefined, said: string): PortAnswer | undefined {
  if (code === "0") return "open";
  if (code === "124") return "silent";
  if (/Connection refused/.test(said)) return "refused";
  if (/not known|failure in name resolution|invalid host|No address associated/i.test(said)) return "unresolved";
  if (/Connection timed out/.test(said)) return "silent";
  if (/No route to host|unreachable|Permission denied|prohibited/i.test(said)) return "rejected";
  return undefined;
}
