/** libvirt's error texts → what they mean and what to do. Texts seen with libvirt 9.0.0 and 11.3.0. */
import { clean } from "../core/clean";
import { quietLogin } from "../core/problems/peer";
import { shownCommand } from "../core/shownCommand";
import type { ErrorCode } from "../core/errorCodes";
import type { Remedy } from "../core/problem";
import { anyOf, oneBehindTheOther, onOneLine, type TextMatch } from "../core/textMatch";

export interface Failure {
  code: ErrorCode;
  /** libvirt's words, trimmed to what matters. */
  message: string;
  remedies: Remedy[];
}

/** Names for the hints; what is not known reads as a placeholder. */
export interface FailureContext {
  domain: string;
  source: string;
  destination: string;
  /** The account that runs virsh on the source. */
  sourceUser?: string;
  /** Only in a migration, in which libvirt on the source asks libvirt on the destination. */
  peerUri?: string;
  /** The destination's host key, as it stands in a .pub file. */
  peerHostKey?: string;
  /** The public key of root on the source; empty where it has none. */
  rootKey?: string;
}

interface Rule {
  pattern: TextMatch;
  code: ErrorCode;
  next(context: FailureContext, said: string): string;
}

const logHint = ({ source, destination, domain }: FailureContext) =>
  `read the log of libvirtd (or virtqemud) on ${source} and /var/log/libvirt/qemu/${domain}.log on ${source} and ${destination}`;

const mayNotUseLibvirt = (host: string, user: string | undefined, field: "user" | "peerUser") =>
  `${user ?? "the account"} on ${host} may not use libvirt's system socket: ${shownCommand`usermod -aG libvirt ${user ?? "ACCOUNT"}`} as root on ${host} (takes effect at the next login), or set ${field} of ${host} to root`;

const startLibvirt = (host: string) =>
  `start it on ${host}: \`systemctl enable --now virtqemud.socket\` (RHEL 9 and later) or \`systemctl enable --now libvirtd.socket\`; then run \`pulumi up\` again`;

const lastResort: Rule = {
  pattern:
    /End of file while reading data|client socket is closed|unexpectedly closed the monitor|Input\/output error|keepalive/i,
  code: "migrationFailed",
  next: logHint,
};

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
    next: ({ source, destination, peerUri, peerHostKey }, said) => {
      const { host, filedAs, port } = peer(peerUri, destination);
      const changed = /IDENTIFICATION HAS CHANGED/.test(said);
      const known = changed ? "knows another host key" : "does not know the host key";
      const forget = changed ? `take the old one out (${shownCommand`ssh-keygen -R ${filedAs}`}), and ` : "";
      const add =
        peerHostKey === undefined
          ? `add what \`ssh-keyscan${port === undefined ? "" : ` -p ${port}`} ${host}\` prints, after comparing it with /etc/ssh/ssh_host_ed25519_key.pub on ${destination}`
          : `add this line, which was read on ${destination} itself:\n    ${filedAs} ${peerHostKey}\n `;
      return `libvirt on ${source} connects as root by ssh, and root there ${known} of ${destination} (${filedAs}). In /root/.ssh/known_hosts on ${source} ${forget}${add}`;
    },
  },
  {
    // The first letters of a greeting, read as the length of a packet.
    pattern: /packet \d{1,20} bytes received from server too (large|small)/,
    code: "peerOutput",
    next: ({ destination, peerUri }) => quietLogin(destination, peer(peerUri, destination).user ?? "root"),
  },
  {
    pattern: /Permission denied \([a-z,-]{0,200}(publickey|password|keyboard|gssapi)|Too many authentication failures/,
    code: "peerUntrusted",
    next: ({ source, destination, peerUri, rootKey }, said) => {
      const { user = refusedUser(said) ?? "root", host, port } = peer(peerUri, destination);
      const there = `~/.ssh/authorized_keys of ${user} on ${destination}`;
      const generate = "`ssh-keygen -t ed25519 -N '' -f /root/.ssh/id_ed25519`";
      const add =
        rootKey === undefined
          ? `Add root's public key (/root/.ssh/id_ed25519.pub on ${source}; ${generate} makes one) to ${there}`
          : rootKey === ""
            ? `root on ${source} has no key: make one there with ${generate}, and add its .pub to ${there}`
            : `Add this line to ${there}:\n    ${rootKey}\n `;
      const login = `${user}@${host}`;
      const attempt =
        port === undefined
          ? shownCommand`ssh -o BatchMode=yes ${login} true`
          : shownCommand`ssh -o BatchMode=yes -p ${port} ${login} true`;
      return `libvirt on ${source} connects as root by ssh, and ${destination} does not let it in as ${user}; ${attempt} as root on ${source} must work. ${add}`;
    },
  },
  {
    pattern: /Could not resolve hostname|Name or service not known|Temporary failure in name resolution/,
    code: "peerUnreachable",
    next: ({ source, destination }) =>
      `${source} cannot resolve a name of ${destination}: set peerAddress of ${destination} (and migrationAddress, where it is set) in vm-placement:hosts to what ${source} can resolve, or add the name to /etc/hosts on ${source}`,
  },
  {
    pattern: anyOf(
      /unable to connect to server at|Failed to connect to '/,
      onOneLine(/Unable to connect to /, /: (Connection refused|No route|timed out)/),
    ),
    code: "peerUnreachable",
    next: ({ source, destination }) =>
      `open the data ports 49152-49215 on ${destination} for ${source}: on ${destination} \`firewall-cmd --permanent --add-port=49152-49215/tcp && firewall-cmd --reload\`, or \`ufw allow 49152:49215/tcp\``,
  },
  {
    pattern:
      /ssh: connect to host|Cannot recv data: (Connection (refused|reset|timed out)|ssh:)|No route to host|Network is unreachable/,
    code: "peerUnreachable",
    next: ({ source, destination, peerUri }) => {
      const { user, host, port } = peer(peerUri, destination);
      return `${source} cannot reach ${destination} by ssh: try \`ssh${port === undefined ? "" : ` -p ${port}`} ${user === undefined ? "" : `${user}@`}${host} true\` as root on ${source}; a firewall between them must let ssh and the data ports 49152-49215 pass`;
    },
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
      "an offline migration moves the definition only: copy the disk images by hand, or move the VM while it runs",
  },
  {
    pattern:
      /Storage pool not found: no storage pool with matching target path|Source and target image have different sizes|Image is not in \w+ format/,
    code: "unsafeStorage",
    next: ({ destination }) =>
      `create the image on ${destination} at the same path, with the same virtual size and format: \`qemu-img create -f FORMAT PATH SIZE\``,
  },
  {
    pattern: anyOf(
      /Cannot access storage file|Could not open '/,
      onOneLine(/No such file or directory/, /\.qcow2|\.img|\.raw|images/),
    ),
    code: "unsafeStorage",
    next: ({ destination }) =>
      `make the disk visible on ${destination} under the same path, or set migration.copyStorage: "all"`,
  },
  {
    pattern: /cannot migrate domain with \d+ snapshots?|cannot migrate domain with \d+ checkpoints?/,
    code: "migrationRefused",
    next: ({ source, domain }) =>
      `remove the snapshots on ${source}: ${shownCommand`virsh snapshot-list ${domain}`}, ${shownCommand`virsh snapshot-delete ${domain} NAME`} (--metadata keeps the data)`,
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
    next: () => "the migration has ended, or is not one that can switch; run `pulumi up` again",
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
      `wait for it: ${shownCommand`virsh domjobinfo ${domain}`} on ${source}; then run \`pulumi up\` again`,
  },
  {
    pattern: /cannot acquire state change lock/,
    code: "migrationRunning",
    next: ({ source, domain }) =>
      `another operation holds ${domain}: see ${shownCommand`virsh domjobinfo ${domain}`} on ${source}, wait for it to end and run \`pulumi up\` again`,
  },
  {
    pattern: anyOf(/is already active|already defined/, onOneLine(/domain '/, /' already exists with uuid/)),
    code: "domainConflict",
    next: ({ destination, domain }) =>
      `look at it with ${shownCommand`virsh dominfo ${domain}`} on ${destination}; rename or undefine whichever is not wanted`,
  },
  {
    pattern: /Attempt to migrate guest to the same host/,
    code: "domainConflict",
    next: ({ source, destination }) =>
      `${source} and ${destination} are one host, or have one host UUID: set host_uuid in libvirtd.conf (or virtqemud.conf) of a cloned host`,
  },
  {
    pattern: /canceled by client|operation aborted|migration canceled/i,
    code: "migrationCancelled",
    next: () => "somebody cancelled the migration; run `pulumi up` to start it again",
  },
  {
    pattern: anyOf(/failed in post-copy phase|post-copy failed/i, onOneLine(/postcopy/i, /failed|broken/i)),
    code: "postCopyInterrupted",
    next: ({ source, destination }) =>
      `do not destroy or resume it on either host; bring the link between ${source} and ${destination} back and run \`pulumi up\` again`,
  },
  {
    pattern: anyOf(
      /Unable to access credentials|Certificate does not match the hostname|TLS channel|TLS (handshake|confirmation)/i,
      onOneLine(/certificate /i, /expired|not activated|hasn't got a known issuer/i),
    ),
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
    pattern: anyOf(
      /does not support machine type|unsupported machine type/i,
      onOneLine(/unsupported configuration: /i, /machine/i),
    ),
    code: "migrationRefused",
    next: ({ destination }) =>
      `${destination} has an older QEMU: upgrade it, or start the domain with a machine type that both know (\`virsh domcapabilities\` on ${destination})`,
  },
  {
    pattern: anyOf(
      /guest CPU doesn't match|unknown CPU feature|host doesn't support|missing features/i,
      onOneLine(/CPU/i, /incompatible|not compatible/i),
    ),
    code: "migrationRefused",
    next: () =>
      "give the domain a CPU model that both hosts have (`virsh hypervisor-cpu-baseline`); it takes effect at its next start",
  },
  {
    pattern: /post-copy migration is not supported with non-live or paused migration/,
    code: "domainStateUnfit",
    next: () => "a paused VM cannot be moved by post-copy: leave out migration.postCopy, or resume it first",
  },
  {
    pattern: /Postcopy is not yet compatible with multifd|yet compatible with/i,
    code: "unsafeCombination",
    next: () => "leave out migration.parallel or migration.postCopy: together they need QEMU 10.1 on both hosts",
  },
  {
    pattern: /Unsupported compression method/,
    code: "optionUnsupported",
    next: ({ source, destination }) =>
      `take that method out of migration.compression.methods, or upgrade libvirt on ${source} and ${destination} (zlib and zstd need 9.4.0)`,
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
    pattern: oneBehindTheOther(/virt-ssh-helper: /i, /Permission denied|authentication|polkit/i),
    code: "socketPermission",
    next: ({ destination, peerUri }) => mayNotUseLibvirt(destination, peer(peerUri, destination).user, "peerUser"),
  },
  {
    pattern: oneBehindTheOther(/virt-ssh-helper: /, /No such file|Connection refused/),
    code: "libvirtDown",
    next: ({ destination }) => startLibvirt(destination),
  },
  {
    pattern: anyOf(
      /authentication (unavailable|failed|cancelled)/i,
      oneBehindTheOther(/failed to connect to the hypervisor/i, /authentication|polkit|Permission denied/i),
      onOneLine(/sock/i, /Permission denied/i),
    ),
    code: "socketPermission",
    next: ({ source, sourceUser }) => mayNotUseLibvirt(source, sourceUser, "user"),
  },
  {
    pattern: anyOf(
      /failed to connect to the hypervisor/i,
      onOneLine(/Failed to connect socket to /i, /libvirt|virtqemud/i, /No such file|Connection refused/i),
    ),
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
    pattern: anyOf(
      /Cannot get interface MTU|Network not found|no network with matching name/i,
      onOneLine(/network '/i, /' is not active/i),
      onOneLine(/Cannot find/i, /bridge/i),
    ),
    code: "migrationRefused",
    next: ({ destination }) =>
      `create or start the same network or bridge on ${destination}: \`virsh net-start NAME\`, or the bridge of that name`,
  },
  lastResort,
];

/** libvirt's and ssh's errors have some lines; a shell keeps no more of any. */
const maxStderr = 64 * 1024;

/** Reads what libvirt said. Never fails: an unknown text keeps its words and points to the logs. */
export function readFailure(text: string, context: FailureContext): Failure {
  const stderr = clean(text, maxStderr);
  const message = essence(stderr);
  const rule = rules.find(({ pattern }) => pattern.test(stderr));
  return rule
    ? { code: rule.code, message, remedies: [{ do: rule.next(context, stderr) }] }
    : { code: "migrationFailed", message, remedies: [{ do: logHint(context) }] };
}

/** True for texts that say only that something broke; the cause stands in a log on one of the hosts. */
export function hidesCause(stderr: string): boolean {
  return /End of file while reading data|client socket is closed|unexpectedly closed the monitor/.test(stderr);
}

/** True for texts, such as a line of a log, that say what broke. */
export function tellsCause(text: string): boolean {
  const stderr = clean(text, maxStderr);
  return rules.some((rule) => rule !== lastResort && rule.pattern.test(stderr));
}

/** The lines that matter, without virsh's "error:", the wrapping of a lost connection and ssh's own noise, at most three. */
export function essence(text: string): string {
  const stderr = clean(text, maxStderr);
  const lines = stderr
    .split("\n")
    .map((line) =>
      unwrapped(
        line
          .replace(/^Migration: \[ *[\d.]+ %\]/, "")
          .replace(/^error: /, "")
          .trim(),
      ),
    )
    .filter(
      (line) => line !== "" && !/^Warning: Permanently added|^@+$|^setlocale|^(Dis|Re)connected (from|to) /.test(line),
    );
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED/.test(stderr)) {
    return "ssh: remote host identification has changed; Host key verification failed";
  }
  const telling = lines.filter(
    (line) => !/^(End of file while reading data|migration successfully aborted)/.test(line),
  );
  const words = [...new Set(telling.length > 0 ? telling : lines)].slice(0, 3).join("; ");
  return words === "" ? "virsh failed without a word" : clean(words, maxWords);
}

/** An error of libvirt's with all that it wraps has some 300 characters. */
const maxWords = 500;

/** "USER@HOST: Permission denied (publickey…", as ssh says it. */
function refusedUser(stderr: string): string | undefined {
  const at = stderr.indexOf(": Permission denied (");
  const account =
    at < 0
      ? ""
      : (stderr
          .slice(Math.max(0, at - maxAccount), at)
          .split(/\s/)
          .at(-1) ?? "");
  const user = account.slice(0, account.lastIndexOf("@"));
  return /^[\w.-]{1,64}$/.test(user) ? user : undefined;
}

/** A user name and a host name. */
const maxAccount = 320;

/** "Cannot recv data: WORDS: Connection reset by peer" → "WORDS": what ssh said when libvirt's connection ended. */
function unwrapped(line: string): string {
  const match =
    /^(?:Cannot recv data|End of file while reading data): (.+?)\.?: (?:Connection reset by peer|Input\/output error)$/.exec(
      line,
    );
  return match?.[1] ?? line;
}

/** The destination, as libvirt on the source reaches it. */
function peer(
  peerUri: string | undefined,
  destination: string,
): { user: string | undefined; host: string; port: string | undefined; filedAs: string } {
  const match = /^[a-z+]+:\/\/(?:([^@/]+)@)?(\[[^\]]+\]|[^:/]+)(?::(\d+))?/.exec(peerUri ?? "");
  const host = match?.[2]?.replace(/[[\]]/g, "") ?? destination;
  const port = match?.[3] === "22" ? undefined : match?.[3];
  return { user: match?.[1], host, port, filedAs: port === undefined ? host : `[${host}]:${port}` };
}
