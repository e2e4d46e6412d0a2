/** Ways in which real virsh refuses to move a VM, each set up on real hosts; and set-ups in which nothing is wrong. */
import type { GuestOptions, Lab, LabHost } from "../libvirt";
import type { Host } from "../../provider/core/model";
import type { MigrationOptions } from "../../provider/core/options";

export interface Stage {
  lab: Lab;
  /** The VM is here … */
  a: LabHost;
  /** … and shall go there. */
  b: LabHost;
  guest: string;
}

export interface Case {
  title: string;
  options?: Partial<MigrationOptions>;
  guest?: Partial<GuestOptions>;
  /** A device of the VM, in libvirt's XML. */
  device?: string;
  /** Changes the definition before the VM starts. */
  define?: (xml: string) => string;
  /** The entry of the destination in the inventory. */
  destination?: Partial<Host>;
  /** Before the VM starts. */
  prepare?: (stage: Stage) => Promise<unknown>;
  /** When it runs. */
  whenRunning?: (stage: Stage) => Promise<unknown>;
  undo?: (stage: Stage) => Promise<unknown>;
}

export interface Refusal extends Case {
  /** The rule that has to name it beforehand. */
  rule: string;
  /** What virsh prints when the move is tried all the same; undefined: it moves, and something is lost. */
  virsh: RegExp | undefined;
}

const images = "/var/lib/libvirt/images";
const bridge = "<interface type='bridge'><source bridge='br-lab'/><model type='virtio'/></interface>";
const network = "<interface type='network'><source network='lan'/><model type='virtio'/></interface>";
const addBridge = "ip link show br-lab >/dev/null 2>&1 || ip link add br-lab type bridge";
const addNetwork = `${addBridge}; printf '<network><name>lan</name><forward mode="bridge"/><bridge name="br-lab"/></network>' >/tmp/lan.xml && virsh net-define /tmp/lan.xml`;
const removeNetwork = "virsh net-destroy lan; virsh net-undefine lan; ip link delete br-lab; true";

/** A daemon that reads its configuration again. */
async function restart(host: LabHost): Promise<void> {
  await host.must(
    "kill $(cat /run/libvirtd.pid); while kill -0 $(cat /run/libvirtd.pid) 2>/dev/null; do sleep 0.1; done",
  );
  await host.startLibvirtd();
}

/** Lines at the end of a configuration file, until `restore`; the last of a key counts. */
async function configure(host: LabHost, file: string, line: string): Promise<void> {
  const key = line.split(" ")[0]!;
  await host.must(`cp -n ${file} ${file}.kept; sed -i '/^${key} /d' ${file}; echo '${line}' >>${file}`);
  await restart(host);
}

async function restore(host: LabHost, file: string): Promise<void> {
  await host.must(`mv ${file}.kept ${file}`);
  await restart(host);
}

const qemuConf = "/etc/libvirt/qemu.conf";
const libvirtdConf = "/etc/libvirt/libvirtd.conf";
const strange = (name: string, uuid = "") =>
  `printf '<domain type="qemu"><name>${name}</name>${uuid}<memory unit="MiB">16</memory><os><type arch="x86_64">hvm</type></os></domain>' >/tmp/strange.xml && virsh define /tmp/strange.xml`;

export const refusals: readonly Refusal[] = [
  // the way from host to host
  {
    title: "the source does not know the destination's host key",
    rule: "peer",
    virsh: /Host key verification failed/,
    prepare: ({ a }) => a.must("mv /root/.ssh/known_hosts /root/.ssh/known_hosts.kept"),
    undo: ({ a }) => a.must("mv /root/.ssh/known_hosts.kept /root/.ssh/known_hosts"),
  },
  {
    title: "the destination does not let the source's key in",
    rule: "peer",
    virsh: /Permission denied/,
    prepare: ({ b }) => b.must("cd /root/.ssh && cp authorized_keys kept && head -n 1 kept >authorized_keys"),
    undo: ({ b }) => b.must("cd /root/.ssh && mv kept authorized_keys"),
  },
  {
    title: "the destination's ssh port is closed to the source",
    rule: "peer",
    virsh: /Connection refused|Connection reset/,
    prepare: ({ a, b }) => b.blockPort(22, { from: a.address }),
    undo: ({ b }) => b.unblock(),
  },
  {
    title: "the source cannot resolve the destination's name",
    rule: "peer",
    virsh: /Could not resolve hostname|Name or service not known/,
    destination: { peerAddress: "kvm-nowhere" },
  },
  {
    title: "the account on the destination may not use libvirt",
    rule: "peer",
    virsh: /Permission denied|authentication/,
    destination: { peerUser: "outsider" },
    prepare: async ({ b }) => {
      await b.addUser("outsider");
      await b.must(
        "tail -n 1 /root/.ssh/authorized_keys >>$(getent passwd outsider | cut -d: -f6)/.ssh/authorized_keys",
      );
    },
  },
  {
    title: "a firewall rejects the data ports",
    rule: "data-ports",
    virsh: /unable to connect to server|No route to host/,
    prepare: ({ b }) =>
      b.must("nft -f -", {
        input:
          "add table inet lab\nadd chain inet lab input { type filter hook input priority 0; }\nadd rule inet lab input tcp dport 49152-49215 reject with icmpx type admin-prohibited\n",
      }),
    undo: ({ b }) => b.unblock(),
  },
  {
    title: "the destination names an address that the source cannot resolve",
    rule: "data-address",
    virsh: /not known|resolve|unable to connect/,
    prepare: ({ b }) => configure(b, qemuConf, 'migration_host = "kvm-b.nowhere.example"'),
    undo: ({ b }) => restore(b, qemuConf),
  },
  {
    title: "libvirt does not run on the destination",
    rule: "reachable",
    virsh: /Failed to connect socket|Connection refused/,
    prepare: ({ b }) =>
      b.must("kill $(cat /run/libvirtd.pid); while kill -0 $(cat /run/libvirtd.pid) 2>/dev/null; do sleep 0.1; done"),
    undo: ({ b }) => b.startLibvirtd(),
  },
  {
    title: "both hosts have one UUID",
    rule: "distinct-hosts",
    virsh: /Attempt to migrate guest to the same host/,
    prepare: async ({ a, b }) =>
      configure(b, libvirtdConf, (await a.must(`grep '^host_uuid ' ${libvirtdConf}`)).trim()),
    undo: ({ b }) => restore(b, libvirtdConf),
  },
  // TLS
  {
    title: "the destination insists on TLS",
    rule: "tls-forced",
    virsh: /allows migration only with VIR_MIGRATE_TLS/,
    prepare: ({ b }) => configure(b, qemuConf, "migrate_tls_force = 1"),
    undo: ({ b }) => restore(b, qemuConf),
  },
  {
    title: "the destination's certificate has expired",
    rule: "certificates",
    virsh: /expired/,
    options: { tls: true },
    prepare: ({ b }) => b.installCertificate({ expired: true }),
    undo: ({ b }) => b.installCertificate(),
  },
  {
    title: "the destination's certificate bears another name",
    rule: "certificates",
    virsh: /does not match the hostname/,
    options: { tls: true },
    prepare: ({ b }) => b.installCertificate({ name: "kvm-z", addresses: [] }),
    undo: ({ b }) => b.installCertificate(),
  },
  {
    title: "the destination's certificate is signed by another authority",
    rule: "certificates",
    virsh: /known issuer|TLS/i,
    options: { tls: true },
    prepare: ({ b }) => b.installCertificate({ otherAuthority: true }),
    undo: ({ b }) => b.installCertificate(),
  },
  {
    title: "the destination has no certificate",
    rule: "certificates",
    virsh: /Unable to access credentials/,
    options: { tls: true },
    prepare: ({ b }) => b.must("mv /etc/pki/qemu/server-cert.pem /etc/pki/qemu/kept"),
    undo: ({ b }) => b.must("mv /etc/pki/qemu/kept /etc/pki/qemu/server-cert.pem"),
  },
  {
    title: "the source has no client certificate",
    rule: "certificates",
    virsh: /Cannot write to TLS channel|TLS|Input\/output error/,
    options: { tls: true },
    prepare: ({ a }) => a.must("mv /etc/pki/qemu/client-cert.pem /etc/pki/qemu/kept"),
    undo: ({ a }) => a.must("mv /etc/pki/qemu/kept /etc/pki/qemu/client-cert.pem"),
  },
  // options and versions (libvirt 9.0 lacks them; a newer one is not refused)
  {
    title: "libvirt does not know the option",
    rule: "virsh-options",
    virsh: /unsupported|doesn't support option|unexpected data/,
    options: { switchoverBandwidthMiBps: 800 },
  },
  {
    title: "libvirt does not know the compression",
    rule: "compression-known",
    virsh: /Unsupported compression method/,
    options: { parallel: true, compressionMethods: ["zlib"] },
  },
  // names
  {
    title: "another VM has the name",
    rule: "decide",
    virsh: /already exists with uuid/,
    prepare: ({ b, guest }) => b.must(strange(guest)),
    undo: ({ b, guest }) => b.must(`virsh undefine ${guest}`),
  },
  {
    title: "another VM has the UUID",
    rule: "name-and-uuid-free",
    virsh: /already defined with uuid|already exists/,
    prepare: async ({ a, b, guest }) =>
      b.must(strange("of-that-uuid", `<uuid>${await a.virsh(`domuuid ${guest}`)}</uuid>`)),
    undo: ({ b }) => b.must("virsh undefine of-that-uuid"),
  },
  // the VM
  {
    title: "the destination has no such emulator",
    rule: "emulator",
    virsh: /Cannot check QEMU binary|No such file|emulator/i,
    define: (xml) => xml.replace(/<emulator>.*<\/emulator>/, "<emulator>/etc/lab/own-qemu</emulator>"),
    prepare: ({ a }) => a.must("ln -sf $(command -v qemu-system-x86_64) /etc/lab/own-qemu"),
  },
  {
    title: "the destination does not have the firmware",
    rule: "boot-files",
    virsh: /own-bios|No such file|could not load/i,
    define: (xml) => xml.replace("<boot dev=", "<loader type='rom'>/etc/lab/own-bios</loader><boot dev="),
    prepare: ({ a }) => a.must("cp /usr/share/seabios/bios-256k.bin /etc/lab/own-bios"),
  },
  {
    title: "the VM shares memory with others on the source",
    rule: "shared-memory",
    virsh: /ivshmem|shmem/,
    device: "<shmem name='shared'><model type='ivshmem-plain'/><size unit='M'>1</size></shmem>",
  },
  {
    title: "the VM has a snapshot",
    rule: "snapshots",
    virsh: /cannot migrate domain with 1 snapshots/,
    guest: { disk: "nbd" },
    whenRunning: ({ a, guest }) =>
      a.must(
        `echo "<domainsnapshot><name>one</name><state>running</state><creationTime>1700000000</creationTime><memory snapshot='no'/><disks><disk name='vda' snapshot='internal'/></disks>$(virsh dumpxml ${guest})</domainsnapshot>" >/tmp/snapshot.xml && virsh snapshot-create ${guest} /tmp/snapshot.xml --redefine`,
      ),
    undo: ({ a, guest }) => a.must(`virsh snapshot-delete ${guest} one --metadata`),
  },
  {
    title: "a block job runs",
    rule: "block-jobs",
    virsh: /active block job/,
    guest: { disk: "nbd" },
    whenRunning: ({ a, guest }) =>
      a.must(`virsh blockcopy ${guest} vda ${images}/block-copy.img --format raw --bandwidth 1 --transient-job`),
    undo: ({ a, guest }) => a.must(`virsh blockjob ${guest} vda --abort; rm -f ${images}/block-copy.img`),
  },
  {
    title: "a paused VM that arrived paused and has not run since",
    rule: "paused-again",
    virsh: /End of file while reading data|closed the monitor|client socket is closed/,
    guest: { disk: "nbd" },
    whenRunning: async ({ a, b, guest }) => {
      const move = "migrate --live --p2p --persistent --undefinesource";
      await a.virsh(`${move} ${guest} qemu+ssh://${b.address}/system`);
      await b.virsh(`suspend ${guest}`);
      await b.virsh(`${move} ${guest} qemu+ssh://${a.address}/system`);
    },
  },
  // disks
  {
    title: "the disk is on the source alone",
    rule: "disks",
    virsh: /Migration without shared storage is unsafe/,
    guest: { disk: "file" },
  },
  {
    title: "the image to copy into is not there",
    rule: "disks",
    virsh: /no storage pool with matching target path|Storage pool not found/,
    guest: { disk: "file" },
    options: { copyStorage: "all" },
    prepare: ({ b, guest }) => b.must(`rm ${images}/${guest}.img`),
  },
  {
    title: "the image to copy into is smaller",
    rule: "disks",
    virsh: /different sizes/,
    guest: { disk: "file" },
    options: { copyStorage: "all" },
    prepare: ({ b, guest }) => b.must(`truncate -s 8M ${images}/${guest}.img`),
  },
  {
    title: "the image to copy into has another format",
    rule: "disks",
    virsh: /not in qcow2 format/,
    guest: { disk: "file" },
    options: { copyStorage: "all" },
    define: (xml) => xml.replace("type='raw' cache='none'", "type='qcow2' cache='none'"),
    prepare: ({ a, guest }) => a.must(`qemu-img create -q -f qcow2 ${images}/${guest}.img 16M`),
  },
  {
    title: "the disk chosen for copying is not one of the VM's",
    rule: "disks",
    virsh: /Unsafe migration|vdz/,
    guest: { disk: "file" },
    options: { copyStorage: "all", copyStorageDisks: ["vdz"] },
  },
  {
    title: "the destination does not have the ISO image",
    rule: "disks",
    virsh: /own\.iso|No such file/,
    device:
      "<disk type='file' device='cdrom'><source file='/etc/lab/own.iso'/><target dev='sda' bus='sata'/><readonly/></disk>",
    prepare: ({ a }) => a.must("truncate -s 1M /etc/lab/own.iso"),
  },
  // what libvirt leaves behind of a VM that is shut off
  {
    title: "a disk of the source alone, and an older file of its name on the destination",
    rule: "disks",
    virsh: undefined,
    guest: { state: "shutOff", disk: "file" },
  },
  {
    title: "the destination has other UEFI variables in their place",
    rule: "owned-state",
    virsh: undefined,
    guest: { state: "shutOff", uefi: true },
    prepare: async ({ a, b, guest }) => {
      const path = `/var/lib/libvirt/qemu/nvram/${guest}_VARS.fd`;
      for (const host of [a, b]) await host.must(`mkdir -p $(dirname ${path}); echo ${host.name} >${path}`);
    },
    undo: async ({ a, b, guest }) => {
      for (const host of [a, b]) await host.must(`rm -f /var/lib/libvirt/qemu/nvram/${guest}_VARS.fd`);
    },
  },
  // networks
  {
    title: "the destination does not have the bridge",
    rule: "networks",
    virsh: /Cannot get interface MTU|br-lab/,
    device: bridge,
    prepare: ({ a }) => a.must(addBridge),
  },
  {
    title: "the destination does not have the network",
    rule: "networks",
    virsh: /[Nn]etwork not found|no network with matching name/,
    device: network,
    prepare: ({ a }) => a.must(`${addNetwork}; virsh net-start lan`),
    undo: ({ a }) => a.sh(removeNetwork),
  },
  {
    title: "the network is not active on the destination",
    rule: "networks",
    virsh: /network 'lan' is not active/,
    device: network,
    prepare: async ({ a, b }) => {
      await a.must(`${addNetwork}; virsh net-start lan`);
      await b.must(addNetwork);
    },
    undo: async ({ a, b }) => {
      await a.sh(removeNetwork);
      await b.sh(removeNetwork);
    },
  },
  // states
  {
    title: "the VM is paused and shall go by post-copy",
    rule: "decide",
    virsh: /post-copy migration is not supported with non-live or paused/,
    guest: { state: "paused" },
    options: { postCopy: true, postCopyAfterMs: 1000 },
  },
];

export const healthy: readonly Case[] = [
  { title: "a VM that runs, its disk on the network", guest: { disk: "nbd" } },
  { title: "a VM without disks" },
  { title: "a VM that is shut off", guest: { state: "shutOff", disk: "nbd" } },
  { title: "a VM that is paused", guest: { state: "paused" } },
  {
    title: "a paused VM that arrived paused and has run since",
    guest: { disk: "nbd" },
    whenRunning: async ({ a, b, guest }) => {
      const move = "migrate --live --p2p --persistent --undefinesource";
      await a.virsh(`${move} ${guest} qemu+ssh://${b.address}/system`);
      await b.virsh(`suspend ${guest}`);
      await b.virsh(`${move} ${guest} qemu+ssh://${a.address}/system`);
      await a.must(`virsh resume ${guest}; sleep 10; virsh suspend ${guest}`);
    },
  },
  { title: "post-copy", options: { postCopy: true, postCopyAfterMs: 1000 } },
  {
    title: "multi-FD, auto-converge and a bandwidth",
    options: { parallel: true, autoConverge: true, bandwidthMiBps: 500 },
  },
  { title: "TLS with good certificates", options: { tls: true } },
  { title: "TLS to a name", options: { tls: true, tlsDestination: "kvm-b" } },
  {
    title: "a disk that is copied into an image of its size",
    guest: { disk: "file" },
    options: { copyStorage: "all" },
  },
  {
    title: "an empty CD-ROM drive",
    device: "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>",
  },
  {
    title: "a bridge and a network that both hosts have",
    device: network,
    prepare: async ({ a, b }) => {
      for (const host of [a, b]) await host.must(`${addNetwork}; virsh net-start lan`);
    },
    undo: async ({ a, b }) => {
      for (const host of [a, b]) await host.sh(removeNetwork);
    },
  },
  {
    title: "other VMs on the destination",
    prepare: ({ b }) => b.must(strange("neighbour")),
    undo: ({ b }) => b.must("virsh undefine neighbour"),
  },
];
