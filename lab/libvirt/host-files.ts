import { randomUUID } from "node:crypto";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LabRecord } from "./registry";
import { modular } from "./releases/releases";

/** All that a process on a host sees of an environment: nothing of the computer's, such as an agent's socket, gets in. */
export const hostEnvironment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  USER: "root",
  LANG: "C",
};

export interface Keys {
  /** The lab's user on the computer uses it to reach the hosts, and the hosts one of their own to reach each other. */
  user: { private: string; public: string };
  peers: { private: string; public: string };
  /** By host name. */
  hosts: Map<string, { private: string; public: string }>;
}

export const hostDir = (record: LabRecord, name: string) => join(record.dir, "hosts", name);

/** Lines of known_hosts for all hosts, by name and by address. */
export function knownHosts(record: LabRecord, keys: Keys): string {
  return record.hosts.map(({ name, address }) => `${name},${address} ${keys.hosts.get(name)!.public}\n`).join("");
}

/** Writes what makes a host this host: below etc/ what goes over the computer's /etc, below root/ the account's files. */
export function writeHostFiles(record: LabRecord, index: number, keys: Keys): void {
  const { name, address, release } = record.hosts[index]!;
  const write = (path: string, text: string, mode = 0o644) => {
    const file = join(hostDir(record, name), path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode); // whatever the umask
  };
  write("etc/hostname", `${name}\n`);
  write("etc/hosts", `127.0.0.1 localhost\n${record.hosts.map((host) => `${host.address} ${host.name}\n`).join("")}`);
  // Accounts and names from files alone: a directory service of the computer is not to be asked.
  write("etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\n");
  write("etc/ssh/ssh_config", "Host *\n  GSSAPIAuthentication no\n");
  write("etc/ssh/sshd_config", sshdConfig);
  write("etc/ssh/ssh_host_ed25519_key", keys.hosts.get(name)!.private, 0o600);
  write("etc/ssh/ssh_host_ed25519_key.pub", `${keys.hosts.get(name)!.public}\n`);
  const uuid = randomUUID();
  const daemons = release === modular ? modularDaemons : ["libvirtd"];
  for (const daemon of daemons) write(`etc/libvirt/${daemon}.conf`, daemonConfig(record, daemon, uuid));
  write("etc/libvirt/qemu.conf", qemuConfig(address));
  write("etc/lab/start-sshd", startSshd, 0o755);
  write("etc/lab/start-libvirtd", release === modular ? startModular : startLibvirtd(record), 0o755);
  write("root/.ssh/authorized_keys", `${keys.user.public}\n${keys.peers.public}\n`, 0o600);
  write("root/.ssh/id_ed25519", keys.peers.private, 0o600);
  write("root/.ssh/known_hosts", knownHosts(record, keys), 0o600);
}

const sshdConfig = `HostKey /etc/ssh/ssh_host_ed25519_key
PidFile /run/sshd.pid
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
StrictModes no
MaxStartups 200
MaxSessions 100
`;

/** In the order in which they start: virtqemud asks those before it, and virtproxyd all of them. */
const modularDaemons = [
  ...["virtlogd", "virtlockd", "virtsecretd", "virtnodedevd", "virtnetworkd", "virtstoraged", "virtnwfilterd"],
  ...["virtinterfaced", "virtqemud", "virtproxyd"],
];

/** Socket permissions as distributions have them: root and the group libvirt. */
const daemonConfig = ({ tls }: LabRecord, daemon: string, uuid: string) => `host_uuid = "${uuid}"
unix_sock_group = "libvirt"
unix_sock_rw_perms = "0770"
auth_unix_ro = "none"
auth_unix_rw = "none"
log_outputs = "2:file:/var/log/libvirt/${daemon}.log"
log_filters = "1:qemu.qemu_migration 3:*"
max_clients = 5000
listen_tls = ${tls ? 1 : 0}
listen_tcp = ${tls ? 1 : 0}
auth_tcp = "none"
auth_tls = "none"
`;

/** No security driver, no ownership changes, no mount namespaces: a host is closed in already, and they cost time. */
const qemuConfig = (address: string) => `security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
migration_host = "${address}"
migration_address = "0.0.0.0"
`;

/** Newer versions lock out an address after failed logins, which tests produce on purpose. */
const startSshd = `#!/bin/sh
sshd=$(command -v sshd)
option=PerSourcePenalties=no
"$sshd" -t -o $option 2>/dev/null || option=UseDNS=no
exec "$sshd" -o $option -E /var/log/libvirt/sshd.log
`;

const startLibvirtd = ({ tls }: LabRecord) => `#!/bin/sh
exec libvirtd --daemon --pid-file /run/libvirtd.pid${tls ? " --listen" : ""}
`;

/** Those that run already are left alone. virtproxyd has no --listen: its configuration decides. */
const startModular = `#!/bin/sh
set -e
for daemon in ${modularDaemons.join(" ")}; do
  [ -e /run/$daemon.pid ] && kill -0 "$(cat /run/$daemon.pid)" 2>/dev/null && continue
  $daemon --daemon --pid-file /run/$daemon.pid
done
`;
