/** libvirt's error texts → what they mean and what to do. Texts seen with libvirt 9.0.0 and 11.3.0. */
import type { ErrorCode } from "../core/errors";

export interface Failure {
  code: ErrorCode;
  /** libvirt's words, trimmed to what matters. */
  why: string;
  next: string;
}

/** Names for the hints; what is not known reads as a placeholder. */
export interface FailureContext {
  domain: string;
  source: string;
  destination: string;
  sourceUser?: string;
  peerUri?: string;
}

interface Rule {
  pattern: RegExp;
  code: ErrorCode;
  next(context: FailureContext): string;
}

const logHint = ({ source, destination, domain }: FailureContext) =>
  `read the log of libvirtd (or virtqemud) on ${source} and /var/log/libvirt/qemu/${domain}.log on ${source} and ${destination}`;

const startLibvirt = (host: string) =>
  `start it on ${host}: \`systemctl enable --now virtqemud.socket\` (RHEL 9 and later) or \`systemctl enable --now libvirtd.socket\``;

/** Tried in order: a text often wraps several causes, the more telling ones come first. */
const rules: Rule[] = [
  {
    pattern: /virsh: (command )?not found|virsh['’"]?: No such file/,
    code: "virshMissing",
    next: ({ source }) =>
      `install virsh on ${source}: \`apt install libvirt-clients\` or \`dnf install libvirt-client\``,
  },
  {
    pattern: /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/,
    code: "peerUntrusted",
    next: ({ source, sourceUser, destination, peerUri }) =>
      `${sourceUser ?? "the account"} on ${source} does not know the host key of ${destination}. On ${source} run once as ${sourceUser ?? "that account"}: ` +
      `\`ssh-keyscan ${peerHost(peerUri, destination)} >> ~/.ssh/known_hosts\`, and compare the fingerprint with \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\` on ${destination}`,
  },
  {
    pattern: /Permission denied \([a-z,-]*(publickey|password|keyboard|gssapi)|Too many authentication failures/,
    code: "peerUntrusted",
    next: ({ source, sourceUser, destination, peerUri }) =>
      `${sourceUser ?? "the account"} on ${source} may not log in to ${destination} by ssh. Give it a key without passphrase (\`ssh-keygen -t ed25519\` on ${source}) ` +
      `and add its ~/.ssh/id_ed25519.pub as a line of ~/.ssh/authorized_keys of ${peerUser(peerUri) ?? sourceUser ?? "the account"} on ${destination}; ` +
      `try it with \`ssh -o BatchMode=yes ${peerLogin(peerUri, destination)} virsh list\` on ${source}`,
  },
  {
    pattern: /Could not resolve hostname|Name or service not known|Temporary failure in name resolution/,
    code: "peerUnreachable",
    next: ({ source, destination }) =>
      `${source} cannot resolve the name of ${destination}: set peerAddress (or migrationAddress) of ${destination} in vm-placement:hosts, or add it to /etc/hosts on ${source}`,
  },
  {
    pattern:
      /unable to connect to server at|Failed to connect to '|Unable to connect to .*: (Connection refused|No route|timed out)/,
    code: "peerUnreachable",
    next: ({ source, destination }) =>
      `open the data ports 49152-49215 on ${destination} for ${source}: \`firewall-cmd --permanent --add-service=libvirt && firewall-cmd --reload\`, or \`ufw allow proto tcp from ${source} to any port 49152:49215\``,
  },
  {
    pattern:
      /ssh: connect to host|Cannot recv data: (Connection (refused|reset|timed out)|ssh:)|No route to host|Network is unreachable/,
    code: "peerUnreachable",
    next: ({ source, destination, peerUri }) =>
      `${source} cannot reach ${destination}: try \`ssh ${peerLogin(peerUri, destination)} true\` on ${source}; the firewall must let ssh (22) and the data ports 49152-49215 pass`,
  },
  {
    pattern: /Unsafe migration: Migration without shared storage is unsafe/,
    code: "unsafeStorage",
    next: () =>
      'put the disks on storage that both hosts see, or set migration.copyStorage: "all", with images of the same size and format created on the destination',
  },
  {
    pattern: /Unsafe migration: Migration may lead to data corruption if disks use cache/,
    code: "unsafeStorage",
    next: () => "set cache='none' on the disks of the domain, or, if you answer for the data, migration.unsafe: true",
  },
  {
    pattern: /Unsafe migration/,
    code: "unsafeStorage",
    next: () => "make the storage safe as libvirt says, or, if you answer for the data, set migration.unsafe: true",
  },
  {
    pattern: /offline migration cannot handle non-shared storage/,
    code: "unsafeStorage",
    next: () =>
      "an offline migration moves the definition only: copy the disk images by hand, or move the machine while it runs",
  },
  {
    pattern:
      /Storage pool not found: no storage pool with matching target path|Source and target image have different sizes|Image is not in \w+ format/,
    code: "unsafeStorage",
    next: ({ destination }) =>
      `create the image on ${destination} at the same path, with the same virtual size and format: \`qemu-img create -f FORMAT PATH SIZE\``,
  },
  {
    pattern: /Cannot access storage file|Could not open '|No such file or directory.*(\.qcow2|\.img|\.raw|images)/,
    code: "unsafeStorage",
    next: ({ destination }) =>
      `make the disk visible on ${destination} under the same path, or set migration.copyStorage: "all"`,
  },
  {
    pattern: /cannot migrate domain with \d+ snapshots?|cannot migrate domain with \d+ checkpoints?/,
    code: "migrationRefused",
    next: ({ source, domain }) =>
      `remove the snapshots on ${source}: \`virsh snapshot-list ${domain}\`, \`virsh snapshot-delete ${domain} NAME\` (--metadata keeps the data)`,
  },
  {
    pattern: /is being actively monitored by another thread/,
    code: "postCopyInterrupted",
    next: ({ source }) =>
      `${source} still waits for the broken link (up to half a minute): wait, and run \`pulumi up\` again, which resumes it`,
  },
  {
    pattern: /cannot abort migration in post-copy mode/,
    code: "migrationRunning",
    next: () => "after the switch to post-copy a migration can only be waited for",
  },
  {
    pattern: /no job is active on the domain|post-copy can only be started while outgoing migration is in progress/,
    code: "domainStateUnfit",
    next: () => "the migration has ended, or is not one that can switch; run `pulumi up` again, it looks anew",
  },
  {
    pattern: /domain is not running/,
    code: "domainStateUnfit",
    next: ({ source }) =>
      `it was stopped on ${source} meanwhile; run \`pulumi up\` again, which moves it as it is then`,
  },
  {
    pattern: /another migration job is already running|migration is already in progress/,
    code: "migrationRunning",
    next: ({ source, domain }) =>
      `wait for it: \`virsh domjobinfo ${domain}\` on ${source}; then run \`pulumi up\` again`,
  },
  {
    pattern: /cannot acquire state change lock/,
    code: "migrationRunning",
    next: ({ source, domain }) =>
      `another operation holds ${domain}: see \`virsh domjobinfo ${domain}\` on ${source}, wait for it to end and run \`pulumi up\` again`,
  },
  {
    pattern:
      /domain '.*' already exists with uuid|domain '.*' is already defined with uuid|is already active|already defined/,
    code: "domainConflict",
    next: ({ destination, domain }) =>
      `look at it with \`virsh dominfo ${domain}\` on ${destination}; rename or undefine whichever is not wanted`,
  },
  {
    pattern: /Attempt to migrate guest to the same host/,
    code: "domainConflict",
    next: ({ source, destination }) =>
      `${source} and ${destination} are one machine, or have one host UUID: set host_uuid in libvirtd.conf (or virtqemud.conf) of a cloned host`,
  },
  {
    pattern: /canceled by client|operation aborted|migration canceled/i,
    code: "migrationCancelled",
    next: () => "somebody cancelled the migration; run `pulumi up` to start it again",
  },
  {
    pattern: /failed in post-copy phase|post-copy failed|postcopy.*(failed|broken)/i,
    code: "postCopyInterrupted",
    next: ({ source, destination }) =>
      `do not destroy or resume it on either host; bring the link between ${source} and ${destination} back and run \`pulumi up\` again`,
  },
  {
    pattern:
      /Unable to access credentials|Certificate does not match the hostname|certificate .*(expired|not activated|hasn't got a known issuer)|TLS channel|TLS (handshake|confirmation)/i,
    code: "peerTls",
    next: ({ destination }) =>
      `check the certificates under /etc/pki/qemu (or /etc/pki/libvirt-migrate) on both hosts; the name or address of ${destination} must stand in its certificate, or set migration.tls: { destination: "NAME" }`,
  },
  {
    pattern: /allows migration only with VIR_MIGRATE_TLS/,
    code: "peerTls",
    next: ({ destination }) => `set migration.tls: true, as ${destination} asks for (migrate_tls_force in qemu.conf)`,
  },
  {
    pattern: /does not support machine type|unsupported machine type|unsupported configuration: .*machine/i,
    code: "migrationRefused",
    next: ({ destination }) =>
      `${destination} has an older QEMU: upgrade it, or start the domain with a machine type that both know (\`virsh domcapabilities\` on ${destination})`,
  },
  {
    pattern:
      /guest CPU doesn't match|unknown CPU feature|CPU.*(incompatible|not compatible)|host doesn't support|missing features/i,
    code: "migrationRefused",
    next: () =>
      "give the domain a CPU model that both hosts have (`virsh hypervisor-cpu-baseline`); it takes effect at its next start",
  },
  {
    pattern: /post-copy migration is not supported with non-live or paused migration/,
    code: "domainStateUnfit",
    next: () => "a paused machine cannot be moved by post-copy: leave out migration.postCopy, or resume it first",
  },
  {
    pattern: /Postcopy is not yet compatible with multifd|yet compatible with/i,
    code: "unsafeCombination",
    next: () => "leave out migration.parallel or migration.postCopy: together they need QEMU 10.1 on both hosts",
  },
  {
    pattern:
      /only (available for|supported with) parallel migration|isn't supported with parallel migration|not compatible with compress|not supported with tunnelled migration|Turn parallel migration on/,
    code: "conflictingOptions",
    next: () => "libvirt on these hosts does not take the two options together: leave one out",
  },
  {
    pattern: /cannot limit locked memory/,
    code: "migrationRefused",
    next: ({ source }) => `leave out migration.zeroCopy, or let libvirt on ${source} lock memory (CAP_SYS_RESOURCE)`,
  },
  {
    pattern:
      /doesn't support option|unsupported flags|Unsupported (compression|migration)|is not supported by QEMU binary|unknown command/i,
    code: "optionUnsupported",
    next: ({ source }) => `leave the option out, or upgrade libvirt on ${source}`,
  },
  {
    pattern: /(virt-ssh-helper|\bnc|netcat): (command )?not found/,
    code: "virshMissing",
    next: ({ destination }) =>
      `install libvirt on ${destination}: \`apt install libvirt-daemon-system\` or \`dnf install libvirt-daemon-kvm\``,
  },
  {
    pattern: /virt-ssh-helper: [\s\S]*(Permission denied|authentication|polkit)/i,
    code: "socketPermission",
    next: ({ destination, peerUri }) =>
      `${peerUser(peerUri) ?? "the account"} on ${destination} may not use libvirt's system socket: \`usermod -aG libvirt ${peerUser(peerUri) ?? "ACCOUNT"}\` on ${destination} (takes effect at the next login), or use root`,
  },
  {
    pattern: /virt-ssh-helper: [\s\S]*(No such file|Connection refused)/,
    code: "libvirtDown",
    next: ({ destination }) => startLibvirt(destination),
  },
  {
    pattern:
      /failed to connect to the hypervisor[\s\S]*(authentication|polkit|Permission denied)|authentication (unavailable|failed|cancelled)|libvirt-sock'?: Permission denied|sock(et)?.*Permission denied/i,
    code: "socketPermission",
    next: ({ source, sourceUser }) =>
      `${sourceUser ?? "the account"} on ${source} may not use libvirt's system socket: \`usermod -aG libvirt ${sourceUser ?? "ACCOUNT"}\` on ${source} (takes effect at the next login), or use root`,
  },
  {
    pattern:
      /Failed to connect socket to .*(libvirt|virtqemud).*(No such file|Connection refused)|failed to connect to the hypervisor/i,
    code: "libvirtDown",
    next: ({ source }) => startLibvirt(source),
  },
  {
    pattern: /No space left on device/,
    code: "migrationFailed",
    next: ({ destination }) => `free space on ${destination} and run \`pulumi up\` again`,
  },
  {
    pattern: /cannot set up guest memory|Cannot allocate memory|unable to map backing store for guest RAM/i,
    code: "migrationFailed",
    next: ({ destination }) =>
      `free memory on ${destination} (\`virsh freecell --all\`, \`virsh freepages --all\`) and run \`pulumi up\` again`,
  },
  {
    pattern:
      /Cannot get interface MTU|network '.*' is not active|Network not found|no network with matching name|Cannot find.*bridge/i,
    code: "migrationRefused",
    next: ({ destination }) =>
      `create or start the same network or bridge on ${destination}: \`virsh net-start NAME\`, or the bridge of that name`,
  },
  {
    pattern:
      /End of file while reading data|client socket is closed|unexpectedly closed the monitor|Input\/output error|keepalive/i,
    code: "migrationFailed",
    next: logHint,
  },
];

/** Reads what libvirt said. Never fails: an unknown text keeps its words and points to the logs. */
export function readFailure(stderr: string, context: FailureContext): Failure {
  const why = essence(stderr);
  const rule = rules.find(({ pattern }) => pattern.test(stderr));
  return rule
    ? { code: rule.code, why, next: rule.next(context) }
    : { code: "migrationFailed", why, next: logHint(context) };
}

/** True for texts that say only that something broke; the cause stands in a log on the source. */
export function hidesCause(stderr: string): boolean {
  return /End of file while reading data|client socket is closed|unexpectedly closed the monitor/.test(stderr);
}

/** The lines that matter, without virsh's "error:" and ssh's own noise, at most three. */
export function essence(stderr: string): string {
  const lines = stderr
    .split(/\r?\n|\r/)
    .map((line) =>
      line
        .replace(/^Migration: \[ *[\d.]+ %\]/, "")
        .replace(/^error: /, "")
        .trim(),
    )
    .filter(
      (line) => line !== "" && !/^Warning: Permanently added|^@+$|^setlocale|^(Dis|Re)connected (from|to) /.test(line),
    );
  const text = [...new Set(lines)].slice(0, 3).join("; ");
  return text === "" ? "virsh failed without a word" : text.length > 500 ? `${text.slice(0, 497)}…` : text;
}

function peerHost(peerUri: string | undefined, destination: string): string {
  return /^[a-z+]+:\/\/(?:[^@/]+@)?(\[[^\]]+\]|[^:/]+)/.exec(peerUri ?? "")?.[1]?.replace(/[[\]]/g, "") ?? destination;
}

function peerUser(peerUri: string | undefined): string | undefined {
  return /^[a-z+]+:\/\/([^@/]+)@/.exec(peerUri ?? "")?.[1];
}

function peerLogin(peerUri: string | undefined, destination: string): string {
  const user = peerUser(peerUri);
  return `${user === undefined ? "" : `${user}@`}${peerHost(peerUri, destination)}`;
}
