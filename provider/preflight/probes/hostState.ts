/** What the checks of a host by itself want to know. */
import type { Guest, HostState } from "../../core/hostChecks";
import { wholeNumber } from "../../core/numbers";
import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";
import type { DomainDefinition } from "../../virsh/domainXml";
import { head, sections } from "../../virsh/sections";
import { sh } from "../../virsh/shellScript";
import { all, parseXml } from "../../virsh/xml";
import { capabilitiesOn } from "./capabilities";
import { daemonsOn } from "./daemons";
import { definitionOf } from "./definition";
import { domainsOn } from "./domains";
import { UnreadableAnswers } from "./unreadable";
import { versionsOn } from "./versions";

const script = sh`${head}
has() { command -v "$1" >/dev/null || [ -x "/usr/bin/$1" ]; }
s kvm; [ -e /dev/kvm ] && echo yes || echo no
s ssh; has ssh && echo yes || echo no
s swtpm; for p in swtpm swtpm_setup; do has $p || echo $p; done
s virtual; grep -qw hypervisor /proc/cpuinfo && echo yes || echo no
s sshd; [ "$(id -u)" = 0 ] && { sshd -T 2>/dev/null || /usr/sbin/sshd -T 2>/dev/null; } | grep -i '^maxsessions '
s selinux; if [ -r /sys/fs/selinux/enforce ]; then cat /sys/fs/selinux/enforce; else echo off; fi
s apparmor; cat /sys/module/apparmor/parameters/enabled 2>/dev/null || echo N
s stdio; [ -r /etc/libvirt/qemu.conf ] && { grep -qE '^[[:space:]]*stdio_handler[[:space:]]*=[[:space:]]*"file"' /etc/libvirt/qemu.conf && echo file || echo logd; }
s tlskey; [ -r /etc/libvirt/qemu.conf ] && { grep -qE '^[[:space:]]*(default|migrate)_tls_x509_secret_uuid[[:space:]]*=' /etc/libvirt/qemu.conf && echo yes || echo no; }
s end`;

type ShellFacts = Pick<
  HostState,
  | "kvmDevice"
  | "sshClient"
  | "swtpmMissing"
  | "isVm"
  | "maxSessions"
  | "selinux"
  | "apparmor"
  | "stdioHandler"
  | "tlsKeyHasSecret"
>;

export async function hostStateOn(hosts: Hosts, virsh: Virsh, usesSsh: boolean): Promise<HostState> {
  const unreadable = new UnreadableAnswers();
  const [versions, capabilities, daemons, answer, guests] = await Promise.all([
    versionsOn(hosts, virsh),
    capabilitiesOn(hosts, virsh, unreadable),
    daemonsOn(hosts, virsh),
    virsh.inquireShell(script),
    guestsOn(hosts, virsh, unreadable),
  ]);
  return {
    host: virsh.host,
    ...versions,
    daemons,
    kvmOffered: capabilities?.kvm,
    deprecatedMachines: capabilities?.deprecatedMachines,
    securityModels: capabilities?.securityModels,
    guests,
    usesSsh,
    ...parseHostState(answer?.stdout ?? ""),
  };
}

export function parseHostState(text: string): ShellFacts {
  const sectionsOf = sections(text);
  const complete = sectionsOf.has("end");
  const word = (name: string) => (complete ? sectionsOf.get(name) : undefined);
  const yes = (name: string) => (word(name) === "yes" ? true : word(name) === "no" ? false : undefined);
  const [selinux, apparmor, stdio] = [word("selinux"), word("apparmor"), word("stdio")];
  return {
    kvmDevice: yes("kvm"),
    sshClient: yes("ssh"),
    swtpmMissing: word("swtpm")
      ?.split("\n")
      .filter((line) => /^swtpm(_setup)?$/.test(line)),
    isVm: yes("virtual"),
    maxSessions: wholeNumber(/^maxsessions (\d{1,9})$/im.exec(word("sshd") ?? "")?.[1]),
    selinux: selinux === "1" ? "enforcing" : selinux === "0" ? "permissive" : selinux === "off" ? "off" : undefined,
    apparmor: apparmor === "Y" ? true : apparmor === "N" ? false : undefined,
    tlsKeyHasSecret: yes("tlskey"),
    stdioHandler: stdio === "file" || stdio === "logd" ? stdio : undefined,
  };
}

async function guestsOn(hosts: Hosts, virsh: Virsh, unreadable: UnreadableAnswers): Promise<Guest[] | undefined> {
  const domains = await domainsOn(hosts, virsh);
  if (domains === undefined) return undefined;
  const definitions = await Promise.all(domains.map(({ uuid }) => definitionOf(hosts, virsh, uuid, unreadable)));
  return definitions.flatMap((each) => (each === undefined ? [] : [guestIn(each)]));
}

function guestIn({
  name,
  virtType,
  machine,
  tpmEmulator,
  cpuXml,
  interfaces,
  secrets,
  filters,
}: DomainDefinition): Guest {
  const cpu = cpuXml === undefined ? undefined : parseXml(cpuXml, "cpu");
  const features = cpu === undefined ? [] : all(cpu, "feature");
  return {
    name,
    virtType,
    machine,
    hasTpm: tpmEmulator,
    canNest: features.some(
      ({ attributes }) =>
        /^(vmx|svm)$/.test(attributes.name ?? "") && /^(require|force)$/.test(attributes.policy ?? ""),
    ),
    usesNetworks: interfaces.some(({ type }) => type === "network"),
    usesSecrets: secrets.length > 0,
    usesFilters: filters.length > 0,
  };
}
