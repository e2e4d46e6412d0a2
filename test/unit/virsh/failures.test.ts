import { renderRemedies } from "../../../provider/core/problem";
import assert from "node:assert/strict";
import fc from "fast-check";
import { type ErrorCode, errorCodes } from "../../../provider/core/errorCodes";
import { essence, type FailureContext, hidesCause, readFailure } from "../../../provider/virsh/failures";

const context: FailureContext = {
  domain: "db-01",
  source: "kvm-a",
  destination: "kvm-b",
  sourceUser: "root",
  peerUri: "qemu+ssh://migrate@10.0.0.12/system",
};

/** Texts as libvirt 9.0.0 and 11.3.0 say them, and words that the hint must have. */
const texts: [text: string, code: ErrorCode, hint: RegExp][] = [
  // on the source
  ["env: 'virsh': No such file or directory", "virshMissing", /install virsh on kvm-a/],
  ["env: ‘virsh’: No such file or directory", "virshMissing", /install virsh on kvm-a/],
  ["bash: line 1: virsh: command not found", "virshMissing", /libvirt-clients/],
  ["sh: 1: virsh: not found", "virshMissing", /libvirt-clients/],
  [
    "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory",
    "libvirtDown",
    /start it on kvm-a: `systemctl enable --now virtqemud.socket`/,
  ],
  [
    "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/virtqemud-sock': Connection refused",
    "libvirtDown",
    /kvm-a/,
  ],
  [
    "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied",
    "socketPermission",
    /root on kvm-a .*`usermod -aG libvirt root` as root on kvm-a/,
  ],
  [
    "error: failed to connect to the hypervisor\nerror: authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'",
    "socketPermission",
    /libvirt's system socket/,
  ],
  ["error: command 'migrate' doesn't support option --available-switchover-bandwidth", "optionUnsupported", /kvm-a/],
  ["error: invalid argument: Unsupported compression method 'zlib'", "optionUnsupported", /upgrade libvirt on kvm-a/],
  [
    "error: argument unsupported: Migration option 'compress' is not supported by QEMU binary",
    "optionUnsupported",
    /leave the option out/,
  ],
  // from host to host
  [
    "error: Cannot recv data: Host key verification failed.: Connection reset by peer",
    "peerUntrusted",
    /root there does not know the host key of kvm-b.*\/root\/\.ssh\/known_hosts on kvm-a.*`ssh-keyscan 10\.0\.0\.12`.*on kvm-b/,
  ],
  [
    "error: Cannot recv data: migrate@10.0.0.12: Permission denied (publickey,password).: Connection reset by peer",
    "peerUntrusted",
    /kvm-b does not let it in as migrate; `ssh -o BatchMode=yes migrate@10\.0\.0\.12 true` as root on kvm-a.*authorized_keys of migrate on kvm-b/,
  ],
  [
    "error: Cannot recv data: ssh: Could not resolve hostname kvm-b: Name or service not known: Connection reset by peer",
    "peerUnreachable",
    /kvm-a cannot resolve a name of kvm-b: set peerAddress/,
  ],
  [
    "error: Cannot recv data: ssh: connect to host 10.78.0.99 port 22: No route to host: Connection reset by peer",
    "peerUnreachable",
    /kvm-a cannot reach kvm-b by ssh: try `ssh migrate@10\.0\.0\.12 true` as root on kvm-a/,
  ],
  [
    "error: unable to connect to server at 'kvm-b:49152': Connection refused",
    "peerUnreachable",
    /49152-49215 on kvm-b/,
  ],
  ["error: unable to connect to server at 'kvm-b:49153': No route to host", "peerUnreachable", /49152-49215 on kvm-b/],
  [
    "error: Cannot recv data: virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock': Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory: Connection reset by peer",
    "libvirtDown",
    /start it on kvm-b/,
  ],
  [
    "error: Cannot recv data: virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock': Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied: Connection reset by peer",
    "socketPermission",
    /migrate on kvm-b .*`usermod -aG libvirt migrate` as root on kvm-b.*peerUser/,
  ],
  [
    "error: Cannot recv data: sh: 1: nc: not found: Connection reset by peer",
    "virshMissing",
    /install libvirt on kvm-b/,
  ],
  // tls
  [
    "error: internal error: unable to execute QEMU command 'object-add': Unable to access credentials /etc/pki/qemu/ca-cert.pem: No such file or directory",
    "peerTls",
    /kvm-b must stand in its certificate/,
  ],
  [
    "error: operation failed: job 'migration out' failed: Certificate does not match the hostname kvm-b",
    "peerTls",
    /tls: \{ destination/,
  ],
  [
    "error: internal error: unable to execute QEMU command 'blockdev-add': Certificate does not match the hostname ",
    "peerTls",
    /destination/,
  ],
  ["error: The server certificate /etc/pki/qemu/server-cert.pem has expired", "peerTls", /\/etc\/pki\/qemu/],
  [
    "error: Our own certificate /etc/pki/qemu/server-cert.pem failed validation against /etc/pki/qemu/ca-cert.pem: The certificate hasn't got a known issuer",
    "peerTls",
    /on both hosts/,
  ],
  [
    "error: operation failed: job 'migration out' failed: Cannot write to TLS channel: Input/output error",
    "peerTls",
    /certificates/,
  ],
  ["error: Unable to read TLS confirmation: Input/output error", "peerTls", /certificates/],
  [
    "error: internal error: this libvirtd instance allows migration only with VIR_MIGRATE_TLS flag",
    "peerTls",
    /set migration\.tls: true, as kvm-b asks/,
  ],
  // disks
  ["error: Unsafe migration: Migration without shared storage is unsafe", "unsafeStorage", /copyStorage: "all"/],
  [
    "error: Unsafe migration: Migration may lead to data corruption if disks use cache other than none or directsync",
    "unsafeStorage",
    /cache='none'/,
  ],
  ["error: Unsafe migration: for a reason of its own", "unsafeStorage", /migration\.unsafe: true/],
  [
    "error: Operation not supported: offline migration cannot handle non-shared storage",
    "unsafeStorage",
    /copy the disk images by hand/,
  ],
  [
    "error: Storage pool not found: no storage pool with matching target path '/var/lib/libvirt/images'",
    "unsafeStorage",
    /create the image on kvm-b/,
  ],
  [
    "error: operation failed: migration of disk vda failed: Source and target image have different sizes",
    "unsafeStorage",
    /same virtual size/,
  ],
  [
    "error: internal error: process exited while connecting to monitor: Image is not in qcow2 format",
    "unsafeStorage",
    /format/,
  ],
  [
    "error: Cannot access storage file '/srv/db.qcow2' (as uid:64055, gid:64055): No such file or directory",
    "unsafeStorage",
    /visible on kvm-b/,
  ],
  // the VM
  [
    "error: Requested operation is not valid: cannot migrate domain with 1 snapshots",
    "migrationRefused",
    /`virsh snapshot-list db-01`/,
  ],
  [
    "error: unsupported configuration: Emulator '/usr/bin/qemu-system-x86_64' does not support machine type 'pc-q35-10.0'",
    "migrationRefused",
    /kvm-b has an older QEMU/,
  ],
  [
    "error: unsupported configuration: unknown CPU feature: cmpccxadd",
    "migrationRefused",
    /CPU model that both hosts have/,
  ],
  [
    "error: operation failed: guest CPU doesn't match specification: missing features: pcommit",
    "migrationRefused",
    /CPU model/,
  ],
  ["error: Requested operation is not valid: domain is not running", "domainStateUnfit", /stopped on kvm-a/],
  [
    "error: argument unsupported: post-copy migration is not supported with non-live or paused migration",
    "domainStateUnfit",
    /leave out migration\.postCopy/,
  ],
  [
    "error: operation failed: domain 'g3' already exists with uuid 285f89bb-e6d0-47b6-a7b7-7b8184b74154",
    "domainConflict",
    /`virsh dominfo db-01` on kvm-b/,
  ],
  [
    "error: internal error: Attempt to migrate guest to the same host 275c5127-2c03-4014-8506-d6f40fb6cd0b",
    "domainConflict",
    /kvm-a and kvm-b are one host/,
  ],
  // combinations
  [
    "error: internal error: unable to execute QEMU command 'migrate-set-capabilities': Postcopy is not yet compatible with multifd",
    "unsafeCombination",
    /QEMU 10\.1/,
  ],
  [
    "error: internal error: unable to execute QEMU command 'migrate-set-capabilities': Multifd is not compatible with compress",
    "conflictingOptions",
    /leave one out/,
  ],
  [
    "error: invalid argument: Compression method 'mt' isn't supported with parallel migration",
    "conflictingOptions",
    /leave one out/,
  ],
  [
    "error: invalid argument: Compression method 'xbzrle' isn't supported with parallel migration",
    "conflictingOptions",
    /leave one out/,
  ],
  [
    "error: invalid argument: Compression method 'zlib' is only supported with parallel migration",
    "conflictingOptions",
    /leave one out/,
  ],
  [
    "error: invalid argument: zero-copy is only available for parallel migration",
    "conflictingOptions",
    /leave one out/,
  ],
  [
    "error: argument unsupported: post-copy is not supported with tunnelled migration",
    "conflictingOptions",
    /leave one out/,
  ],
  ["error: invalid argument: Turn parallel migration on to tune it", "conflictingOptions", /leave one out/],
  [
    "error: cannot limit locked memory of process 2225 to 268435456: Operation not permitted",
    "migrationRefused",
    /zeroCopy.*kvm-a/,
  ],
  // a migration under way
  [
    "error: Requested operation is not valid: another migration job is already running for domain 'g3'",
    "migrationRunning",
    /`virsh domjobinfo db-01` on kvm-a/,
  ],
  [
    "error: Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainMigratePerform3Params)",
    "migrationRunning",
    /another operation holds db-01/,
  ],
  [
    "error: Requested operation is not valid: cannot abort migration in post-copy mode",
    "migrationRunning",
    /only be waited for/,
  ],
  [
    "error: Requested operation is not valid: no job is active on the domain",
    "domainStateUnfit",
    /run `pulumi up` again/,
  ],
  [
    "error: Requested operation is not valid: post-copy can only be started while outgoing migration is in progress",
    "domainStateUnfit",
    /run `pulumi up` again/,
  ],
  [
    "error: operation aborted: job 'migration out' canceled by client",
    "migrationCancelled",
    /`pulumi up` to start it again/,
  ],
  [
    "error: operation failed: job 'migration in' failed in post-copy phase",
    "postCopyInterrupted",
    /link between kvm-a and kvm-b/,
  ],
  [
    "error: Requested operation is not valid: migration of domain 'g3' is being actively monitored by another thread",
    "postCopyInterrupted",
    /kvm-a still waits for the broken link/,
  ],
  // what hides its cause
  [
    "error: End of file while reading data: : Input/output error",
    "migrationFailed",
    /\/var\/log\/libvirt\/qemu\/db-01\.log on kvm-a and kvm-b/,
  ],
  ["error: internal error: client socket is closed", "migrationFailed", /log of libvirtd/],
  ["error: internal error: qemu unexpectedly closed the monitor", "migrationFailed", /log of libvirtd/],
  [
    "error: internal error: unable to execute QEMU command: cannot set up guest memory 'pc.ram': Cannot allocate memory",
    "migrationFailed",
    /free memory on kvm-b/,
  ],
  ["error: operation failed: No space left on device", "migrationFailed", /free space on kvm-b/],
  ["error: Cannot get interface MTU on 'br7': No such device", "migrationRefused", /bridge on kvm-b/],
  [
    "error: Requested operation is not valid: network 'lab' is not active",
    "migrationRefused",
    /`virsh net-start NAME`/,
  ],
  ["error: something that nobody has seen yet", "migrationFailed", /log of libvirtd/],
];

describe("libvirt's errors", () => {
  for (const [text, code, hint] of texts) {
    it(`${code}: ${text.replace(/\s+/g, " ")}`, () => {
      const failure = readFailure(text, context);
      assert.equal(failure.code, code);
      assert.match(renderRemedies(failure.remedies), hint);
      assert.doesNotMatch(renderRemedies(failure.remedies), /undefined|null|\[object/);
      assert.doesNotMatch(failure.message, /^error: /);
    });

    it(`${code}, with ssh's own noise around: ${text.replace(/\s+/g, " ")}`, () => {
      const noisy = `setlocale: LC_ALL: cannot change locale\nWarning: Permanently added '10.0.0.12' (ED25519) to the list of known hosts.\r\n${text}\n\n`;
      assert.deepEqual(readFailure(noisy, context), readFailure(text, context));
    });
  }

  it("of libvirt 11.3.0, which quotes both hosts, are told apart by what it quotes", () => {
    const text =
      "error: operation failed: migration failed. Message from the source host: operation failed: job 'migration out' failed: Unable to write to socket. " +
      "Message from the destination host: operation failed: migration of disk vda failed: Source and target image have different sizes";
    assert.equal(readFailure(text, context).code, "unsafeStorage");
  });

  it("hints speak of somebody where the account and the peer's address are not known", () => {
    const { domain, source, destination } = context;
    for (const [text] of texts) {
      const { remedies } = readFailure(text, { domain, source, destination });
      assert.doesNotMatch(renderRemedies(remedies), /undefined|null/, text);
    }
    const { remedies } = readFailure("Host key verification failed.", { domain, source, destination });
    assert.match(renderRemedies(remedies), /root there does not know the host key of kvm-b.*`ssh-keyscan kvm-b`/);
  });

  it("hints take the address out of any peer URI", () => {
    const scan = (peerUri: string) =>
      /ssh-keyscan (.+?)`/.exec(
        renderRemedies(readFailure("Host key verification failed.", { ...context, peerUri }).remedies),
      )?.[1];
    assert.equal(scan("qemu+ssh://10.0.0.12/system"), "10.0.0.12");
    assert.equal(scan("qemu+ssh://root@kvm-b.example.net:2222/system"), "-p 2222 kvm-b.example.net");
    assert.equal(scan("qemu+ssh://migrate@[fd00::12]:2222/system"), "-p 2222 fd00::12");
  });

  it("between hosts name the key and the line to add, where they are known", () => {
    const hostKey = { ...context, peerUri: "qemu+ssh://10.0.0.12:2222/system", peerHostKey: "ssh-ed25519 AAAA" };
    assert.match(
      renderRemedies(readFailure("Host key verification failed.", hostKey).remedies),
      /\n {4}\[10\.0\.0\.12\]:2222 ssh-ed25519 AAAA\n/,
    );
    const changed = readFailure(
      "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
      hostKey,
    );
    assert.match(renderRemedies(changed.remedies), /knows another host key .*`ssh-keygen -R '\[10\.0\.0\.12\]:2222'`/);
    assert.doesNotMatch(changed.message, /@/);
    const denied = "root@10.0.0.12: Permission denied (publickey).";
    assert.match(
      renderRemedies(readFailure(denied, { ...context, rootKey: "ssh-ed25519 BBBB root@kvm-a" }).remedies),
      /\n {4}ssh-ed25519 BBBB/,
    );
    assert.match(renderRemedies(readFailure(denied, { ...context, rootKey: "" }).remedies), /has no key: make one/);
  });

  it("are shown without the words of the connection that ended over them", () => {
    assert.equal(
      readFailure("error: Cannot recv data: root@h: Permission denied (publickey).: Connection reset by peer", context)
        .message,
      "root@h: Permission denied (publickey)",
    );
    const disk = "error: Source and target image have different sizes\nerror: migration successfully aborted";
    assert.equal(
      readFailure(`${disk}\nerror: End of file while reading data: : Input/output error`, context).message,
      "Source and target image have different sizes",
    );
  });

  it("that hide their cause are known as such", () => {
    const hiding = texts
      .filter(([text]) => hidesCause(text))
      .map(([text]) => text.replace(/^error: (internal error: )?/, ""));
    assert.deepEqual(hiding, [
      "End of file while reading data: : Input/output error",
      "client socket is closed",
      "qemu unexpectedly closed the monitor",
    ]);
  });

  describe("in short", () => {
    const shortened: [text: string, short: string][] = [
      ["", "virsh failed without a word"],
      ["\n\n", "virsh failed without a word"],
      ["error: a\nerror: b\nerror: a\n", "a; b"],
      ["error: a\nb\nc\nd", "a; b; c"],
      ["error: Disconnected from qemu:///system due to end of file\nerror: a", "a"],
      ["\rMigration: [ 81 %]\rMigration: [ 85 %]error: operation aborted: by client\n", "operation aborted: by client"],
      ["\rMigration: [88.74 %]error: operation aborted: by client\n", "operation aborted: by client"],
    ];
    for (const [text, short] of shortened) it(JSON.stringify(text), () => assert.equal(essence(text), short));

    it("they are one line of at most 500 letters, whatever was said, and reading them never fails", () => {
      fc.assert(
        fc.property(
          fc.string({ unit: fc.constantFrom("error: ", "a", "\n", "\r", "b".repeat(200), "Warning: ") }),
          (text) => {
            const { message: why, code, remedies } = readFailure(text, context);
            assert.ok(why.length > 0 && why.length <= 500 && !/[\r\n]/.test(why), why);
            assert.ok(errorCodes.includes(code) && remedies.length > 0);
          },
        ),
      );
    });
  });
});
