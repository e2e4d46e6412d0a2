/** The reference of docs/errors.md. A code without an entry does not compile. */
import { type ErrorCode, errorCodes } from "../../provider/core/errorCodes";

interface ErrorEntry {
  /** When the code stands in an error. */
  meaning: string;
  /** An error as a user reads it, without its "What to do". */
  example: string;
  /** What to do, where the error itself does not know more. */
  remedy: string;
}

const move = "cannot move db-01 from kvm-a to kvm-b";
const place = "cannot place db-01 on kvm-b";
const connect = "cannot connect to kvm-b (connect, on kvm-b)";

const errorReference: Record<ErrorCode, ErrorEntry> = {
  invalidInput: {
    meaning:
      "An input of the program, a setting of the stack, or an entry of ssh_config has a value that cannot be used. No host was asked.",
    example: 'migration.timeout: got 30 (a number); expected a duration, for example "5m"',
    remedy:
      "Correct the input that the error names: the program, `pulumi config set --path`, or ~/.ssh/config. [options.md](options.md) and [inventory.md](inventory.md) list what is allowed.",
  },
  conflictingOptions: {
    meaning: "Options of `migration` exclude each other, or one needs another that is not set.",
    example:
      "migration.zeroCopy: `zeroCopy` needs `parallel: true`: QEMU sends without copying only in a multi-FD migration",
    remedy: "Leave one of the options out, or set the one that is needed.",
  },
  unsafeCombination: {
    meaning:
      "The options, versions or state together are known to lose the VM, or to hang or crash QEMU or libvirt. The provider refuses before anything is touched; a warning where only recovery would fail.",
    example: `${move} (preflight, on kvm-b): migration.parallel together with migration.postCopy loses the guest below QEMU 10.1; kvm-b has 7.2.0`,
    remedy: "Leave out the option that the error names, or upgrade QEMU or libvirt to the release that it names.",
  },
  unknownHost: {
    meaning: "`host` is neither in the inventory nor a literal `Host` of ~/.ssh/config.",
    example:
      'host: "kvm-x" is neither in the inventory (vm-placement:hosts) nor a Host of ~/.ssh/config; write kvm-a if you meant that',
    remedy: "Correct the name, or add the host: `pulumi config set --path vm-placement:hosts.NAME.address ADDRESS`.",
  },
  hostUnreachable: {
    meaning:
      "This computer cannot open an ssh connection to a host that must be asked: its name does not resolve, nothing listens, or no answer comes in time. It says nothing of the VM.",
    example: `${connect}: 10.0.0.12:22: connect ECONNREFUSED 10.0.0.12:22`,
    remedy:
      "Start the host or its sshd, open the port, or correct `address`, `port` and `proxyJump`; then run `pulumi up` again. If a host is gone for good, remove it from the inventory after making sure that it cannot come back with the VM running.",
  },
  hostKeyUnknown: {
    meaning: "The host offers a key that neither `hostKey` nor known_hosts has, or one that cannot be checked.",
    example: `${connect}: the host key of 10.0.0.12 is not known; it offers ssh-ed25519 SHA256:…`,
    remedy:
      "Compare the fingerprint on the host's console (`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`). If it is the same, set `hostKey`, or add the line that the error has to known_hosts.",
  },
  hostKeyChanged: {
    meaning:
      "The host offers another key than `hostKey` or known_hosts has. This may be a man-in-the-middle attack, or the host was reinstalled.",
    example: `${connect}: the host key of 10.0.0.12 is another one: it offers ssh-ed25519 SHA256:…, but ~/.ssh/known_hosts:3 holds ssh-ed25519 SHA256:…`,
    remedy:
      "Compare the fingerprint on the host's console first. If the host was reinstalled, remove the old key (`ssh-keygen -R NAME`) and add the new one, or set `hostKey` again.",
  },
  hostKeyRevoked: {
    meaning:
      "The host's key is revoked (`@revoked` or `RevokedHostKeys`), too short or malformed, or the file of revoked keys cannot be read.",
    example: `${connect}: its host key is revoked: it offers ssh-ed25519 SHA256:…, which ~/.ssh/known_hosts:7 marks @revoked`,
    remedy: "Do not connect. Give the host a new key and restart its sshd, or fix the file of revoked keys.",
  },
  authRefused: {
    meaning: "The host rejected every key that was offered, or wants more than a key.",
    example: `${connect}: root@10.0.0.12:22 rejected every key offered: ~/.ssh/id_ed25519`,
    remedy:
      "Add the public key to `~/.ssh/authorized_keys` of that account, or set `user` and `identityFile`. With many keys in the agent: `agent: false` and `identityFile`.",
  },
  privateKeyUnusable: {
    meaning: "A private key that is named cannot be read, is malformed, or is encrypted without a passphrase.",
    example: `${connect}: the key ~/.ssh/id_ed25519 cannot be used: it is encrypted and no passphrase is set`,
    remedy:
      "Load the key into the ssh agent, set `passphrase` as a secret, or name a key that this account can read (`identityFile`).",
  },
  connectionLost: {
    meaning:
      "The ssh connection or the virsh session ended before its answer was there. A migration goes on without it.",
    example: "no result from kvm-a (connect, on kvm-a): the ssh connection to 10.0.0.11:22 was lost: read ECONNRESET",
    remedy: "Run `pulumi up` again: it asks the hosts before it acts.",
  },
  commandTimeout: {
    meaning: "A host did not answer a command in time: libvirtd, its storage or a job of the VM may hang.",
    example:
      "no answer to `virsh dominfo db-01` (observe, on kvm-a): kvm-a did not answer within 30 s; a job may hold the domain, or libvirt hangs",
    remedy: "Run the command that the error names on the host. When it answers, run `pulumi up` again.",
  },
  sessionRefused: {
    meaning:
      "The host's sshd accepts no further session on the connection (`MaxSessions`), or lets the account in and does not run what it is asked to: `ForceCommand`, `command=` of the key, a login shell such as nologin, an expired password.",
    example:
      "no result from kvm-a (connect, on kvm-a): the host takes no more sessions on this connection (open failed; 10 are open)",
    remedy:
      "Raise `MaxSessions` in its sshd_config, or lower `maxOutgoing` and `maxIncoming` of the host. Where another command runs: let the account run commands, or set `user` or `identityFile` to one that may.",
  },
  sudoRefused: {
    meaning:
      "A host has `sudo: true` in the inventory, but sudo is not there, or would ask the account for a password.",
    example:
      "cannot run commands as root on kvm-a (connect, on kvm-a): sudo: true, but sudo does not let deployer run /bin/sh without a password: sudo: a password is required",
    remedy:
      "As root on the host: `echo 'deployer ALL=(root) NOPASSWD: /bin/sh' > /etc/sudoers.d/vm-placement`, then `visudo -c`. Or connect as root, or as an account of the group libvirt, without `sudo`.",
  },
  answerTooLong: {
    meaning: "A host printed more than any answer of virsh has, so the session was ended.",
    example: "no answer to `virsh list --all` (observe, on kvm-a): kvm-a sent more than 8192 KiB on standard output",
    remedy: "Run the command on the host, and check the start-up files of the account for what else prints.",
  },
  virshMissing: {
    meaning:
      "A host has no `virsh`, or the destination lacks what libvirt's ssh connection needs (`virt-ssh-helper`, `nc`).",
    example: "cannot ask libvirt on kvm-a (`virsh list`) (observe, on kvm-a): virsh: command not found",
    remedy:
      "Install it: `apt install libvirt-clients libvirt-daemon-system`, or `dnf install libvirt-client libvirt-daemon-kvm`.",
  },
  libvirtDown: {
    meaning: "libvirt on a host does not answer: its daemon is stopped, its socket is missing, or it fails.",
    example: "cannot ask libvirt on kvm-a (`virsh list`) (observe, on kvm-a): failed to connect to the hypervisor",
    remedy:
      "`systemctl enable --now virtqemud.socket` (RHEL 9 and later) or `systemctl enable --now libvirtd.socket`; then run `pulumi up` again.",
  },
  socketPermission: {
    meaning: "The account on the host may not use libvirt's system socket.",
    example:
      "cannot ask libvirt on kvm-a (`virsh list`) (observe, on kvm-a): authentication unavailable: no polkit agent",
    remedy: "As root on the host `usermod -aG libvirt USER` (takes effect at the next login), or set `user` to root.",
  },
  optionUnsupported: {
    meaning: "virsh, libvirt or QEMU of a host does not have an option that is set.",
    example: `${move} (preflight, on kvm-a): virsh on kvm-a (libvirt 9.0.0) does not know --available-switchover-bandwidth`,
    remedy: "Leave the option out, or upgrade the host to the release that the error names.",
  },
  unreadableAnswer: {
    meaning: "A host answered with what cannot be read as a whole. The provider does not take it for empty.",
    example:
      'cannot tell which VMs are on kvm-a (observe, on kvm-a): `virsh list --all` printed a line that names no domain: "Welcome"',
    remedy: "Run the command that the error names on the host, and fix what else prints there or what is malformed.",
  },
  domainMissing: {
    meaning: "No host that was asked has the VM, or the last one that had it reports that it was moved away.",
    example: `${place} (decide): db-01 is on none of the hosts kvm-a and kvm-b`,
    remedy:
      "Search for it with `virsh list --all` on each host, and add the host that has it to the inventory. If the VM was removed for good, take the resource out of the program.",
  },
  domainOnTwoHosts: {
    meaning: "More than one host has the VM, and it is not clear which one owns it. The provider touches neither.",
    example: `${place} (decide): db-01 is active on kvm-a (running (booted)) and kvm-b (running (booted)) at the same time`,
    remedy:
      "The error has the commands that keep each copy, and what is lost with the other. Decide which one counts before you run one of them; then run `pulumi up` again.",
  },
  domainStateUnfit: {
    meaning:
      'The VM\'s state does not go with what is asked: shut off with `mode: "live"`, running with `mode: "offline"`, paused with `postCopy`, crashed, or ended during the move.',
    example: `${place} (decide, on kvm-a): db-01 is shut off (shutdown) on kvm-a, but migration.mode is "live"`,
    remedy: 'Set `mode: "auto"`, leave the option out, or bring the VM into the state that the error names.',
  },
  domainConflict: {
    meaning:
      "Another VM has the name or the UUID, the name belongs to another VM than before, or two hosts have the same host UUID.",
    example: `${place} (decide, on kvm-b): kvm-b has another VM named db-01 (UUID 5f3c…; the VM to move has UUID 285f…)`,
    remedy: "Rename the other VM, give the UUID as `domain`, or give a cloned host a `host_uuid` of its own.",
  },
  domainBusy: {
    meaning: "Another job runs on the VM: a snapshot, a backup, a dump or a save. libvirt runs one at a time.",
    example: `${place} (decide, on kvm-a): another job runs on db-01 on kvm-a (a snapshot, a backup, a dump or a save), and libvirt runs one at a time`,
    remedy:
      "Wait until `virsh domjobinfo` shows no job, and run `pulumi up` again. `virsh domjobabort` ends the job; what it has written so far is lost.",
  },
  migrationRunning: {
    meaning:
      "A migration of the VM is in progress that `up` cannot watch to its end, or one that has not ended although it was cancelled.",
    example: `${place} (decide, on kvm-a): kvm-a is moving db-01 to another host (running (booted)), but no host in the inventory receives it`,
    remedy:
      "Wait for its end, or run the command that the error names; then run `pulumi up` again. Destroy nothing before.",
  },
  unsafeStorage: {
    meaning:
      "A disk, or a file that the VM needs, is not safe to use on the destination: not there, not shared, or old.",
    example: `${move} (preflight, on kvm-b): vda of db-01: /var/lib/libvirt/images/db-01.img is on a local file system of kvm-a (ext4)`,
    remedy:
      'Put the disks on storage that both hosts see under the same path, or set `copyStorage: "all"`. Set `unsafe: true` only if you accept the risk to the data.',
  },
  hostMaintenance: {
    meaning: "Every host that `host` names is in maintenance, and the VM is on none of them.",
    example: `${place} (decide, on kvm-b): kvm-b is in maintenance (vm-placement:hosts)`,
    remedy: "Choose another host, or set `maintenance: false`.",
  },
  driftFound: {
    meaning: 'The VM is elsewhere than `up` left it, and the placement has `onDrift: "fail"`.',
    example: `${place} (decide, on kvm-c): db-01 is on kvm-c, and \`up\` left it on kvm-a: it was moved by hand, or by an \`up\` that was interrupted; with onDrift: "fail" it is moved nowhere`,
    remedy:
      'Set `host` to the host that it is on, or `onDrift: "moveBack"` for one `pulumi up`, which then moves it to `host`.',
  },
  peerUntrusted: {
    meaning:
      "libvirt on the source cannot log in on the destination by ssh: root there has no key that opens it, or does not know its host key.",
    example: `${move} (migrate, on kvm-a): kvm-a cannot reach libvirt on kvm-b (qemu+ssh://10.0.0.12/system): Host key verification failed.`,
    remedy:
      "Add the line that the error has to known_hosts of root on the source, or to authorized_keys on the destination.",
  },
  peerUnreachable: {
    meaning:
      "The source cannot connect to the destination: port 22, the data ports 49152–49215, or a name that does not resolve.",
    example: `${move} (preflight, on kvm-b): the data port 49152 of kvm-b (10.0.0.12) does not answer from kvm-a`,
    remedy:
      "Open the ports between the hosts, or set `peerAddress` and `migrationAddress` to what the source can reach.",
  },
  wrongPeer: {
    meaning:
      "The source resolves a name of the destination to another host, or to itself. Nothing was started: the VM, or its data, would go to that host.",
    example: `${move} (preflight, on kvm-a): the libvirt that kvm-a reaches at qemu+tcp://b.lan/system is not that of kvm-b: its host UUID is 6e0c…, that of kvm-b is 9b1d…; kvm-a resolves b.lan to 10.0.0.13, an address of kvm-c`,
    remedy:
      "Fix the name in DNS or in `/etc/hosts` on the source, or set `peerAddress` or `migrationAddress` of the destination to its address.",
  },
  peerOutput: {
    meaning:
      "A start-up file on the destination prints on standard output when libvirt logs in, which breaks its protocol.",
    example: `${move} (migrate, on kvm-b): on kvm-b the start-up files of root print "Welcome to kvm-b" on standard output when kvm-a logs in`,
    remedy: "Make it print on a terminal only: `[ -t 1 ] && echo …`.",
  },
  peerTls: {
    meaning:
      "A certificate for encrypted migration is missing, expired, unreadable, or has another name; or the destination takes TLS only.",
    example: `${move} (preflight, on kvm-b): kvm-b accepts only migrations with TLS (migrate_tls_force in its qemu.conf)`,
    remedy:
      'Check the certificates in `/etc/pki/qemu` (or `/etc/pki/libvirt-migrate`) on both hosts, or set `tls: { destination: "NAME" }` to the name in the certificate.',
  },
  clocksApart: {
    meaning: "The clocks of the two hosts differ by more than a minute; the VM's clock would jump. A warning.",
    example: "warning: the clock of kvm-b is 3 min 20 s ahead of that of kvm-a",
    remedy: "Let both hosts follow one time server: `systemctl enable --now chronyd`.",
  },
  migrationRefused: {
    meaning:
      "libvirt or QEMU would refuse the move, or did: CPU, machine type, memory, bridges, networks, devices, snapshots, boot files.",
    example: `${move} (preflight, on kvm-b): db-01 is connected to the bridge br7, which kvm-b does not have`,
    remedy: "Make the destination fit as the error says, or choose another host.",
  },
  migrationFailed: {
    meaning:
      "The migration ended with an error of libvirt that has no code of its own. The error says where the VM is.",
    example: `${move} (migrate, on kvm-a): Input/output error; db-01 is running on kvm-a`,
    remedy:
      "Read the log of libvirtd (or virtqemud) on the source and `/var/log/libvirt/qemu/NAME.log` on both hosts; `pulumi up` starts the migration again.",
  },
  migrationTimedOut: {
    meaning:
      "`timeout` passed, or nothing was sent for 10 minutes, and the migration was cancelled. The VM stays on the source.",
    example: `${move} (watch, on kvm-a): the timeout of 5 min is over: cancelling the migration; it was cancelled; db-01 is running on kvm-a`,
    remedy:
      "`autoConverge: true`, `postCopy`, a higher `bandwidth` or a longer `timeout`; if nothing was sent, check the link.",
  },
  migrationCancelled: {
    meaning: "Somebody else cancelled the migration (`virsh domjobabort`). The VM stays on the source.",
    example: `${move} (migrate, on kvm-a): operation aborted: migration out job: canceled by client`,
    remedy: "Run `pulumi up` again to start it again.",
  },
  postCopyInterrupted: {
    meaning: "A post-copy migration broke after the switch: each of the two hosts may have a part of the VM's memory.",
    example: `${move} (watch, on kvm-a): post-copy was interrupted, and a part of its memory is on either host`,
    remedy:
      "Do not destroy or resume the VM on either host. Bring the link back and run `pulumi up` again, which resumes the migration. If a host is gone for good, the error has the command that starts the VM from its disk.",
  },
  verificationFailed: {
    meaning:
      "The migration ended, but the hosts do not show the VM where it should be, or showed something else each time they were asked.",
    example: `${move} (verify, on kvm-a): the migration ended, but the hosts do not show the VM where it should be`,
    remedy:
      "Check with `virsh domstate --reason` on both hosts, and find out who else moves it; `pulumi up` continues from what it finds.",
  },
};

/** One section for each code, so that each has an anchor. */
export function errorSections(): string {
  return errorCodes
    .map((code) => {
      const { meaning, example, remedy } = errorReference[code];
      return `## ${code}\n\n${meaning}\n\n\`\`\`text\n${example} [${code}]\n\`\`\`\n\n${remedy}`;
    })
    .join("\n\n");
}
