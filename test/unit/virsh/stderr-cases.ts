/** What virsh printed, by the file of provider/core/problems that has its cause: the text, its code, and the commands of its remedies with what they lose. */
import type { ErrorCode } from "../../../provider/core/errorCodes";
import type { FailureContext } from "../../../provider/core/problems";

/** virsh on the source is run by admin, and ssh there logs in as migrate. */
export const context: FailureContext = {
  domain: "db-01",
  source: "kvm-a",
  destination: "kvm-b",
  sourceUser: "admin",
  peerUri: "qemu+ssh://migrate@10.0.0.12/system",
};

export const stderrCases: Record<string, [stderr: string, code: ErrorCode, commands: string[]][]> = {
  bootFiles: [
    [
      "error: operation failed: unable to find any master var store for loader: /usr/share/OVMF/OVMF_CODE_4M.fd",
      "migrationRefused",
      [],
    ],
    [
      "error: operation failed: Unable to find 'efi' firmware that is compatible with the current configuration",
      "migrationRefused",
      [],
    ],
    ["error: Failed to open file '/usr/share/OVMF/OVMF_VARS_4M.fd': No such file or directory", "migrationRefused", []],
  ],
  filters: [
    [
      "error: internal error: referenced filter 'no-spoofing' is missing",
      "migrationRefused",
      ["kvm-a$ virsh nwfilter-dumpxml no-spoofing", "kvm-b$ virsh nwfilter-define FILE"],
    ],
    [
      "error: Network filter not found: no nwfilter with matching name 'a b'",
      "migrationRefused",
      ["kvm-a$ virsh nwfilter-dumpxml 'a b'", "kvm-b$ virsh nwfilter-define FILE"],
    ],
  ],
  secrets: [
    [
      "error: Secret not found: no secret with matching uuid '55806c7d-8e93-456f-829b-607d8c198367'",
      "migrationRefused",
      [
        "kvm-a$ virsh secret-dumpxml 55806c7d-8e93-456f-829b-607d8c198367",
        "kvm-b$ virsh secret-define FILE",
        "kvm-b$ virsh secret-set-value --interactive 55806c7d-8e93-456f-829b-607d8c198367",
      ],
    ],
    [
      "error: Secret not found: no secret with matching usage 'client.libvirt secret'",
      "migrationRefused",
      [
        "kvm-a$ virsh secret-list",
        "kvm-a$ virsh secret-dumpxml UUID",
        "kvm-b$ virsh secret-define FILE",
        "kvm-b$ virsh secret-set-value --interactive UUID",
      ],
    ],
    [
      "error: Secret not found: secret '55806c7d-8e93-456f-829b-607d8c198367' does not have a value",
      "migrationRefused",
      [
        "kvm-a$ virsh secret-dumpxml 55806c7d-8e93-456f-829b-607d8c198367",
        "kvm-b$ virsh secret-define FILE",
        "kvm-b$ virsh secret-set-value --interactive 55806c7d-8e93-456f-829b-607d8c198367",
      ],
    ],
  ],
  cpu: [
    [
      "error: unsupported configuration: CPU model 'Skylake-Server' not supported by hypervisor",
      "migrationRefused",
      [],
    ],
    [
      "error: Requested operation is not valid: host CPU vendor does not match required CPU vendor Intel",
      "migrationRefused",
      [],
    ],
    [
      "error: internal error: process exited while connecting to monitor: qemu-kvm: can't apply global Skylake-Client-x86_64-cpu.hle=off: Property 'hle' not found",
      "migrationRefused",
      [],
    ],
    ["error: unsupported configuration: host doesn't support hyperv 'evmcs' feature", "migrationRefused", []],
    [
      "error: the CPU is incompatible with host CPU: Host CPU does not provide required features: avx512f",
      "migrationRefused",
      [],
    ],
    ["error: unsupported configuration: unknown CPU feature: cmpccxadd", "migrationRefused", []],
    [
      "error: operation failed: guest CPU doesn't match specification: missing features: pcommit",
      "migrationRefused",
      [],
    ],
  ],
  dataPorts: [
    [
      "error: internal error: unable to execute QEMU command 'migrate-incoming': Failed to bind socket: Address already in use",
      "migrationRefused",
      ["kvm-b$ ss -tlnp"],
    ],
    ["error: internal error: Failed to reserve port 49200", "migrationRefused", []],
    [
      "error: internal error: unable to execute QEMU command 'nbd-server-start': Failed to bind socket: Address already in use",
      "migrationRefused",
      ["kvm-b$ ss -tlnp"],
    ],
    [
      "error: internal error: hostname on destination resolved to localhost, but migration requires an FQDN",
      "peerUnreachable",
      ["kvm-b$ hostnamectl set-hostname NAME"],
    ],
    [
      "error: internal error: Unable to find an unused port in range 'migration' (49152-49215)",
      "migrationRefused",
      ["kvm-b$ ss -tlnp"],
    ],
  ],
  deviceRefusals: [
    [
      "error: unsupported configuration: host doesn't support VFIO PCI passthrough",
      "migrationRefused",
      [
        "kvm-b$ virsh nodedev-list --cap pci",
        "kvm-b$ modprobe vfio-pci",
        "kvm-a$ virsh detach-device db-01 FILE --live",
      ],
    ],
    [
      "error: unsupported configuration: host doesn't support passthrough of host PCI devices",
      "migrationRefused",
      [
        "kvm-b$ virsh nodedev-list --cap pci",
        "kvm-b$ modprobe vfio-pci",
        "kvm-a$ virsh detach-device db-01 FILE --live",
      ],
    ],
    [
      "error: internal error: process exited while connecting to monitor: qemu-kvm: -device vfio-pci: vfio 0000:3b:00.0: failed to open /dev/vfio/64: No such file or directory",
      "migrationRefused",
      [
        "kvm-b$ virsh nodedev-list --cap pci",
        "kvm-b$ modprobe vfio-pci",
        "kvm-a$ virsh detach-device db-01 FILE --live",
      ],
    ],
    ["error: unsupported configuration: host doesn't support invariant TSC", "migrationRefused", []],
    [
      "error: Requested operation is not valid: cannot migrate domain: State blocked by non-migratable device '0000:00:1f.2/ich9_ahci'",
      "migrationRefused",
      ["kvm-a$ virsh edit db-01"],
    ],
    [
      "error: Operation not supported: cannot migrate a domain with <hostdev mode='subsystem' type='pci'>",
      "migrationRefused",
      ["kvm-a$ virsh detach-device db-01 FILE --live"],
    ],
    [
      "error: Requested operation is not valid: cannot migrate domain: 0000:01:00.0: VFIO migration is not supported in kernel",
      "migrationRefused",
      ["kvm-a$ virsh detach-device db-01 FILE --live"],
    ],
    [
      "error: Requested operation is not valid: domain has 'invtsc' CPU feature but TSC frequency is not specified",
      "migrationRefused",
      [],
    ],
    ["error: Requested operation is not valid: migration with shmem device is not supported", "migrationRefused", []],
    [
      "error: Requested operation is not valid: shmem device 'one' cannot be migrated, only shmem with role='master' can be migrated",
      "migrationRefused",
      [],
    ],
    ["error: Operation not supported: migration with virtiofs device is not supported", "migrationRefused", []],
    ["error: Operation not supported: migration with this virtiofs device is not supported", "migrationRefused", []],
    [
      "error: Requested operation is not valid: migration with transient disk is not supported",
      "migrationRefused",
      [
        "loses what the guest has written to the disk since it started",
        "loses what the guest has written to the disk since it started",
      ],
    ],
    [
      "error: internal error: unable to execute QEMU command 'migrate': Migration is disabled when VirtFS export path '/srv' is mounted in the guest using mount_tag 'srv'",
      "migrationRefused",
      [],
    ],
    [
      "error: Requested operation is not valid: cannot migrate domain: Migration disabled: vhost-user backend lacks VHOST_USER_PROTOCOL_F_LOG_SHMFD feature.",
      "migrationRefused",
      ["kvm-a$ virsh edit db-01"],
    ],
  ],
  identity: [
    [
      "error: Requested operation is not valid: domain 'db-01' is already active",
      "domainConflict",
      ["kvm-b$ virsh dominfo db-01"],
    ],
    [
      "error: operation failed: domain 'db-01' is already defined with uuid 285f89bb-e6d0-47b6-a7b7-7b8184b74154",
      "domainConflict",
      ["kvm-b$ virsh dominfo db-01"],
    ],
    ["error: operation failed: VM is already active", "domainConflict", ["kvm-b$ virsh dominfo db-01"]],
    [
      "error: operation failed: domain 'g3' already exists with uuid 285f89bb-e6d0-47b6-a7b7-7b8184b74154",
      "domainConflict",
      ["kvm-b$ virsh dominfo db-01"],
    ],
    [
      "error: internal error: Attempt to migrate guest to the same host 275c5127-2c03-4014-8506-d6f40fb6cd0b",
      "domainConflict",
      [],
    ],
  ],
  images: [
    [
      "error: internal error: cannot precreate storage for disk type 'block'",
      "unsafeStorage",
      ["kvm-b$ qemu-img create -f FORMAT PATH SIZE"],
    ],
    [
      "error: Operation not supported: pre-creation of storage targets for incremental storage migration is not supported",
      "unsafeStorage",
      ["kvm-b$ qemu-img create -f FORMAT PATH SIZE"],
    ],
    [
      "error: unable to set user and group to '107:107' on '/srv/a.qcow2': Operation not permitted",
      "unsafeStorage",
      ["kvm-b$ ls -lZ /srv/a.qcow2", "kvm-b$ namei -l /srv/a.qcow2", "kvm-b$ setsebool -P virt_use_nfs 1"],
    ],
    [
      "error: unable to set security context 'system_u:object_r:svirt_image_t:s0:c1,c2' on '/srv/a.qcow2': Operation not supported",
      "unsafeStorage",
      ["kvm-b$ ls -lZ /srv/a.qcow2", "kvm-b$ namei -l /srv/a.qcow2", "kvm-b$ setsebool -P virt_use_nfs 1"],
    ],
    [
      "error: Requested operation is not valid: Setting different SELinux label on /srv/a.qcow2 which is already in use",
      "unsafeStorage",
      ["kvm-a$ fuser -v PATH", "kvm-b$ fuser -v PATH"],
    ],
    [
      "error: resource busy: Lockspace resource '4f1e0ad6' is locked",
      "unsafeStorage",
      ["kvm-a$ fuser -v PATH", "kvm-b$ fuser -v PATH"],
    ],
    [
      "error: Failed to acquire lock: Lease conflict",
      "unsafeStorage",
      ["kvm-a$ fuser -v PATH", "kvm-b$ fuser -v PATH"],
    ],
    [
      "error: Cannot access storage file '/srv/a.qcow2': Stale file handle",
      "unsafeStorage",
      ["kvm-b$ ls -l /srv/a.qcow2"],
    ],
    [
      "error: Failed to open file '/dev/vg0/db': No such file or directory",
      "unsafeStorage",
      ["kvm-b$ ls -l /dev/vg0/db"],
    ],
    [
      "error: Storage pool not found: no storage pool with matching name 'images'",
      "unsafeStorage",
      ["kvm-b$ virsh pool-start images", "kvm-b$ virsh pool-autostart images", "kvm-b$ virsh vol-list images"],
    ],
    [
      "error: Requested operation is not valid: storage pool 'images' is not active",
      "unsafeStorage",
      ["kvm-b$ virsh pool-start images", "kvm-b$ virsh pool-autostart images", "kvm-b$ virsh vol-list images"],
    ],
    [
      "error: Storage volume not found: no storage vol with matching name 'db.qcow2'",
      "unsafeStorage",
      ["kvm-b$ virsh pool-start POOL", "kvm-b$ virsh pool-autostart POOL", "kvm-b$ virsh vol-list POOL"],
    ],
    [
      "error: Storage pool not found: no storage pool with matching target path '/var/lib/libvirt/images'",
      "unsafeStorage",
      ["kvm-b$ qemu-img create -f FORMAT PATH SIZE"],
    ],
    [
      "error: operation failed: migration of disk vda failed: Source and target image have different sizes",
      "unsafeStorage",
      ["kvm-b$ qemu-img create -f FORMAT PATH SIZE", "loses what is in PATH on kvm-b"],
    ],
    [
      "error: internal error: process exited while connecting to monitor: Image is not in qcow2 format",
      "unsafeStorage",
      ["kvm-b$ qemu-img create -f FORMAT PATH SIZE", "loses what is in PATH on kvm-b"],
    ],
    [
      "error: Cannot access storage file '/srv/db.qcow2' (as uid:64055, gid:64055): No such file or directory",
      "unsafeStorage",
      ["kvm-b$ ls -l /srv/db.qcow2"],
    ],
    [
      "error: Cannot access storage file '/srv/a.qcow2' (as uid:107, gid:107): Permission denied",
      "unsafeStorage",
      ["kvm-b$ ls -lZ /srv/a.qcow2", "kvm-b$ namei -l /srv/a.qcow2", "kvm-b$ setsebool -P virt_use_nfs 1"],
    ],
    [
      "error: Cannot access backing file '/srv/base.qcow2' of storage file '/srv/a.qcow2' (as uid:107, gid:107): No such file or directory",
      "unsafeStorage",
      ["kvm-b$ ls -l /srv/base.qcow2"],
    ],
    [
      "error: internal error: process exited while connecting to monitor: qemu-system-x86_64: -blockdev {}: Could not open '/srv/a.qcow2': Permission denied",
      "unsafeStorage",
      ["kvm-b$ ls -lZ /srv/a.qcow2", "kvm-b$ namei -l /srv/a.qcow2", "kvm-b$ setsebool -P virt_use_nfs 1"],
    ],
    [
      'error: internal error: process exited while connecting to monitor: qemu-system-x86_64: -device virtio-blk-pci: Failed to get "write" lock\nIs another process using the image [/srv/a.qcow2]?',
      "unsafeStorage",
      ["kvm-a$ fuser -v /srv/a.qcow2", "kvm-b$ fuser -v /srv/a.qcow2"],
    ],
  ],
  libvirtDown: [
    [
      "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory",
      "libvirtDown",
      [
        "kvm-a$ systemctl enable --now virtqemud.socket",
        "$ pulumi up",
        "kvm-a$ systemctl enable --now libvirtd.socket",
        "$ pulumi up",
      ],
    ],
    [
      "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/virtqemud-sock': Connection refused",
      "libvirtDown",
      [
        "kvm-a$ systemctl enable --now virtqemud.socket",
        "$ pulumi up",
        "kvm-a$ systemctl enable --now libvirtd.socket",
        "$ pulumi up",
      ],
    ],
    [
      "error: Cannot recv data: virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock': Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory: Connection reset by peer",
      "libvirtDown",
      [
        "kvm-b$ systemctl enable --now virtqemud.socket",
        "$ pulumi up",
        "kvm-b$ systemctl enable --now libvirtd.socket",
        "$ pulumi up",
      ],
    ],
    [
      "error: End of file while reading data: Ncat: No such file or directory.: Input/output error",
      "libvirtDown",
      [
        "kvm-b$ systemctl enable --now virtqemud.socket",
        "$ pulumi up",
        "kvm-b$ systemctl enable --now libvirtd.socket",
        "$ pulumi up",
      ],
    ],
    [
      "error: Cannot recv data: nc: unix connect failed: No such file or directory: Connection reset by peer",
      "libvirtDown",
      [
        "kvm-b$ systemctl enable --now virtqemud.socket",
        "$ pulumi up",
        "kvm-b$ systemctl enable --now libvirtd.socket",
        "$ pulumi up",
      ],
    ],
    [
      "error: Failed to connect socket to '/var/run/libvirt/virtnetworkd-sock': No such file or directory",
      "libvirtDown",
      ["kvm-b$ systemctl enable --now virtnetworkd.socket", "$ pulumi up"],
    ],
  ],
  machineType: [
    [
      "error: internal error: process exited while connecting to monitor: Could not access KVM kernel module: Permission denied",
      "migrationRefused",
      ["kvm-b$ ls -lZ /dev/kvm", "kvm-b$ udevadm trigger --name-match=kvm"],
    ],
    [
      "error: internal error: process exited while connecting to monitor: Could not access KVM kernel module: No such file or directory",
      "migrationRefused",
      ["kvm-b$ modprobe kvm_intel", "kvm-b$ modprobe kvm_amd"],
    ],
    [
      "error: unsupported configuration: CPU mode 'host-passthrough' for x86_64 kvm domain on x86_64 host is not supported by hypervisor",
      "migrationRefused",
      ["kvm-b$ modprobe kvm_intel", "kvm-b$ modprobe kvm_amd"],
    ],
    [
      "error: internal error: process exited while connecting to monitor: qemu-kvm: -machine pc-q35-rhel9.6.0: unsupported machine type",
      "migrationRefused",
      ["kvm-b$ virsh domcapabilities"],
    ],
    [
      "error: unsupported configuration: Emulator '/usr/bin/qemu-system-x86_64' does not support machine type 'pc-q35-10.0'",
      "migrationRefused",
      ["kvm-b$ virsh domcapabilities"],
    ],
    [
      "error: unsupported configuration: Domain requires KVM, but it is not available. Check that virtualization is enabled in the host BIOS, and host configuration is setup to load the kvm modules.",
      "migrationRefused",
      ["kvm-b$ modprobe kvm_intel", "kvm-b$ modprobe kvm_amd"],
    ],
    [
      "error: Cannot check QEMU binary /usr/libexec/qemu-kvm: No such file or directory",
      "migrationRefused",
      ["kvm-b$ apt install qemu-system", "kvm-b$ dnf install qemu-kvm"],
    ],
    [
      "error: unsupported configuration: Emulator '/usr/bin/qemu-system-x86_64' does not support virt type 'kvm'",
      "migrationRefused",
      ["kvm-b$ modprobe kvm_intel", "kvm-b$ modprobe kvm_amd"],
    ],
  ],
  memory: [
    [
      "error: internal error: Unable to find any usable hugetlbfs mount for 1048576 KiB",
      "migrationRefused",
      [
        "kvm-b$ virsh allocpages --pagesize 1048576KiB --pagecount N",
        "kvm-b$ mount -t hugetlbfs -o pagesize=1048576K hugetlbfs /dev/hugepages",
      ],
    ],
    [
      "error: internal error: hugetlbfs filesystem is not mounted or disabled by administrator config",
      "migrationRefused",
      [
        "kvm-b$ virsh allocpages --pagesize 2048KiB --pagecount N",
        "kvm-b$ mount -t hugetlbfs -o pagesize=2048K hugetlbfs /dev/hugepages",
      ],
    ],
    ["error: cannot limit locked memory of process 2225 to 268435456: Operation not permitted", "migrationRefused", []],
    [
      "error: internal error: unable to execute QEMU command: cannot set up guest memory 'pc.ram': Cannot allocate memory",
      "migrationFailed",
      ["kvm-b$ virsh freecell --all", "kvm-b$ virsh freepages --all"],
    ],
    [
      "error: internal error: process exited while connecting to monitor: unable to map backing store for guest RAM: Cannot allocate memory",
      "migrationFailed",
      [
        "kvm-b$ virsh freecell --all",
        "kvm-b$ virsh freepages --all",
        "kvm-b$ virsh allocpages --pagesize 2048KiB --pagecount N",
      ],
    ],
  ],
  migrationJob: [
    ["error: Requested operation is not valid: domain is not running", "domainStateUnfit", []],
    [
      "error: Requested operation is not valid: another migration job is already running for domain 'g3'",
      "migrationRunning",
      ["kvm-a$ virsh domjobinfo db-01", "$ pulumi up"],
    ],
    [
      "error: Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainMigratePerform3Params)",
      "migrationRunning",
      ["kvm-a$ virsh domjobinfo db-01", "$ pulumi up"],
    ],
    ["error: Requested operation is not valid: no job is active on the domain", "domainStateUnfit", []],
    [
      "error: Requested operation is not valid: post-copy can only be started while outgoing migration is in progress",
      "domainStateUnfit",
      [],
    ],
    ["error: operation aborted: job 'migration out' canceled by client", "migrationCancelled", ["$ pulumi up"]],
  ],
  networks: [
    ["error: Unable to add bridge br7 port vnet3: No such device", "migrationRefused", []],
    ["error: Cannot get interface MTU on 'br7': No such device", "migrationRefused", []],
    [
      "error: Requested operation is not valid: network 'lab' is not active",
      "migrationRefused",
      ["kvm-b$ virsh net-start lab", "kvm-b$ virsh net-autostart lab"],
    ],
    [
      "error: Network not found: no network with matching name 'lab'",
      "migrationRefused",
      ["kvm-b$ virsh net-start lab", "kvm-b$ virsh net-autostart lab"],
    ],
  ],
  options: [
    [
      "error: internal error: unable to execute QEMU command 'migrate-set-capabilities': Zero copy only available for non-compressed non-TLS multifd migration",
      "conflictingOptions",
      [],
    ],
    [
      "error: internal error: unable to execute QEMU command 'migrate-set-parameters': Invalid parameter 'multifd-zstd-level'",
      "optionUnsupported",
      [],
    ],
    [
      "error: internal error: unable to execute QEMU command 'migrate-set-capabilities': Parameter 'capability' does not accept value 'zero-copy-send'",
      "optionUnsupported",
      [],
    ],
    ["error: argument unsupported: TLS migration is not supported with this QEMU binary", "optionUnsupported", []],
    ["error: command 'migrate' doesn't support option --available-switchover-bandwidth", "optionUnsupported", []],
    ["error: invalid argument: Unsupported compression method 'zlib'", "optionUnsupported", []],
    [
      "error: argument unsupported: Migration option 'compress' is not supported by QEMU binary",
      "optionUnsupported",
      [],
    ],
    [
      "error: internal error: unable to execute QEMU command 'migrate-set-capabilities': Multifd is not compatible with compress",
      "conflictingOptions",
      [],
    ],
    [
      "error: invalid argument: Compression method 'mt' isn't supported with parallel migration",
      "conflictingOptions",
      [],
    ],
    [
      "error: invalid argument: Compression method 'xbzrle' isn't supported with parallel migration",
      "conflictingOptions",
      [],
    ],
    [
      "error: invalid argument: Compression method 'zlib' is only supported with parallel migration",
      "conflictingOptions",
      [],
    ],
    ["error: invalid argument: zero-copy is only available for parallel migration", "conflictingOptions", []],
    ["error: argument unsupported: post-copy is not supported with tunnelled migration", "conflictingOptions", []],
    ["error: invalid argument: Turn parallel migration on to tune it", "conflictingOptions", []],
  ],
  peerHostKey: [
    [
      "error: Cannot recv data: Host key verification failed.: Connection reset by peer",
      "peerUntrusted",
      ["kvm-b$ cat /etc/ssh/ssh_host_ed25519_key.pub", "kvm-a$ ssh-keyscan 10.0.0.12 >>/root/.ssh/known_hosts"],
    ],
    [
      "error: Cannot recv data: Unable to negotiate with 10.0.0.12 port 22: no matching host key type found. Their offer: ssh-rsa: Connection reset by peer",
      "peerUntrusted",
      ["kvm-b$ ssh-keygen -A"],
    ],
    [
      "error: Cannot recv data: Unable to negotiate with 10.0.0.12 port 22: no matching key exchange method found. Their offer: diffie-hellman-group1-sha1: Connection reset by peer",
      "peerUnreachable",
      [],
    ],
    [
      "error: Cannot recv data: @ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.: Connection reset by peer",
      "peerUntrusted",
      [
        "kvm-b$ cat /etc/ssh/ssh_host_ed25519_key.pub",
        "kvm-a$ ssh-keygen -R 10.0.0.12",
        "kvm-a$ ssh-keyscan 10.0.0.12 >>/root/.ssh/known_hosts",
      ],
    ],
  ],
  peerLogin: [
    [
      'error: Cannot recv data: "System is booting up. Unprivileged users are not permitted to log in yet. Please come back later.": Connection reset by peer',
      "peerUntrusted",
      ["kvm-b$ getent passwd migrate", "kvm-b$ systemctl is-system-running"],
    ],
    [
      "error: Cannot recv data: This account is currently not available.: Connection reset by peer",
      "peerUntrusted",
      ["kvm-b$ getent passwd migrate", "kvm-b$ systemctl is-system-running"],
    ],
    [
      'error: Cannot recv data: "System is booting up. Unprivileged users are not permitted to log in yet. Please come back later.": Connection reset by peer',
      "peerUntrusted",
      ["kvm-b$ getent passwd migrate", "kvm-b$ systemctl is-system-running"],
    ],
    [
      "error: Cannot recv data: Received disconnect from 10.0.0.12 port 22:2: Too many authentication failures: Connection reset by peer",
      "peerUntrusted",
      ["kvm-a$ cat /root/.ssh/id_ed25519.pub", "kvm-a$ ssh -o BatchMode=yes migrate@10.0.0.12 true"],
    ],
    [
      "error: Cannot recv data: migrate@10.0.0.12: Permission denied (publickey,password).: Connection reset by peer",
      "peerUntrusted",
      ["kvm-a$ cat /root/.ssh/id_ed25519.pub", "kvm-a$ ssh -o BatchMode=yes migrate@10.0.0.12 true"],
    ],
    [
      "error: Cannot recv data: Bad owner or permissions on /root/.ssh/config: Connection reset by peer",
      "peerUntrusted",
      ["kvm-a$ chown root: /root/.ssh/config", "kvm-a$ chmod 600 /root/.ssh/config"],
    ],
    [
      "error: Cannot recv data: Permissions 0644 for '/root/.ssh/id_ed25519' are too open.\nmigrate@10.0.0.12: Permission denied (publickey).: Connection reset by peer",
      "peerUntrusted",
      ["kvm-a$ chown root: /root/.ssh/id_ed25519", "kvm-a$ chmod 600 /root/.ssh/id_ed25519"],
    ],
    [
      "error: Cannot recv data: /root/.ssh/config: line 3: Bad configuration option: prxyjump\n/root/.ssh/config: terminating, 1 bad configuration options: Connection reset by peer",
      "peerUnreachable",
      [],
    ],
    [
      "error: Cannot recv data: Password change required but no TTY available.: Connection reset by peer",
      "peerUntrusted",
      ["kvm-b$ chage -l migrate", "kvm-b$ passwd migrate"],
    ],
  ],
  peerName: [
    [
      "error: Cannot recv data: ssh: Could not resolve hostname kvm-b: Name or service not known: Connection reset by peer",
      "peerUnreachable",
      [],
    ],
  ],
  peerOutput: [["error: packet 1349676916 bytes received from server too large, want 33554432", "peerOutput", []]],
  peerUnreachable: [
    [
      "error: internal error: unable to execute QEMU command 'blockdev-add': Failed to connect to '10.0.0.12:49153': Connection refused",
      "peerUnreachable",
      [
        "kvm-b$ firewall-cmd --permanent --add-port=49152-49215/tcp",
        "kvm-b$ firewall-cmd --reload",
        "kvm-b$ ufw allow proto tcp to any port 49152:49215",
      ],
    ],
    [
      "error: unable to connect to server at 'kvm-b:49152': Connection refused",
      "peerUnreachable",
      [
        "kvm-b$ firewall-cmd --permanent --add-port=49152-49215/tcp",
        "kvm-b$ firewall-cmd --reload",
        "kvm-b$ ufw allow proto tcp to any port 49152:49215",
      ],
    ],
    [
      "error: unable to connect to server at 'kvm-b:49153': No route to host",
      "peerUnreachable",
      [
        "kvm-b$ firewall-cmd --permanent --add-port=49152-49215/tcp",
        "kvm-b$ firewall-cmd --reload",
        "kvm-b$ ufw allow proto tcp to any port 49152:49215",
      ],
    ],
    [
      "error: operation failed: Failed to connect to 'kvm-b:49152': Connection timed out",
      "peerUnreachable",
      [
        "kvm-b$ firewall-cmd --permanent --add-port=49152-49215/tcp",
        "kvm-b$ firewall-cmd --reload",
        "kvm-b$ ufw allow proto tcp to any port 49152:49215",
      ],
    ],
    [
      "error: Cannot recv data: stdio forwarding failed: Connection reset by peer",
      "peerUnreachable",
      ["kvm-a$ ssh migrate@10.0.0.12 true"],
    ],
    [
      "error: Cannot recv data: ssh: connect to host 10.78.0.99 port 22: No route to host: Connection reset by peer",
      "peerUnreachable",
      ["kvm-a$ ssh migrate@10.0.0.12 true"],
    ],
    [
      "error: Cannot recv data: kex_exchange_identification: Connection closed by remote host: Connection reset by peer",
      "peerUnreachable",
      ["kvm-b$ journalctl -u ssh -u sshd -n 50", "kvm-a$ ssh migrate@10.0.0.12 true"],
    ],
    [
      "error: Cannot recv data: Connection closed by 10.0.0.12 port 22: Connection reset by peer",
      "peerUnreachable",
      ["kvm-b$ journalctl -u ssh -u sshd -n 50", "kvm-a$ ssh migrate@10.0.0.12 true"],
    ],
  ],
  postCopy: [
    [
      "error: operation failed: migration failed. Message from the source host: operation failed: job 'migration out' failed: Unable to read from socket: Connection reset by peer. Message from the destination host: internal error: qemu unexpectedly closed the monitor: 2026-11-28T16:15:19.431442Z qemu-system-x86_64: failed to receive packet via multifd channel 0: multifd: received packet magic 5145564d expected 11223344",
      "migrationFailed",
      ["$ pulumi up"],
    ],
    [
      "error: internal error: unable to execute QEMU command 'migrate-set-capabilities': Postcopy is not supported: Host backend files need to be TMPFS or HUGETLBFS only",
      "unsafeCombination",
      [],
    ],
    [
      "error: internal error: unable to execute QEMU command 'migrate-set-capabilities': Postcopy is not supported: Target page size bigger than host page size",
      "unsafeCombination",
      [],
    ],
    [
      "error: argument unsupported: post-copy migration is not supported with non-live or paused migration",
      "domainStateUnfit",
      ["kvm-a$ virsh resume db-01"],
    ],
    [
      "error: internal error: unable to execute QEMU command 'migrate-set-capabilities': Postcopy is not yet compatible with multifd",
      "unsafeCombination",
      [],
    ],
    ["error: Requested operation is not valid: cannot abort migration in post-copy mode", "migrationRunning", []],
    ["error: operation failed: job 'migration in' failed in post-copy phase", "postCopyInterrupted", ["$ pulumi up"]],
    [
      "error: Requested operation is not valid: migration of domain 'g3' is being actively monitored by another thread",
      "postCopyInterrupted",
      ["$ pulumi up"],
    ],
    [
      "error: internal error: unable to execute QEMU command 'migrate-set-capabilities': Postcopy is not supported: Userfaultfd not available: Operation not permitted",
      "unsafeCombination",
      ["kvm-b$ sysctl -w vm.unprivileged_userfaultfd=1"],
    ],
  ],
  securityModel: [
    [
      "error: internal error: cannot load AppArmor profile 'libvirt-285f89bb-e6d0-47b6-a7b7-7b8184b74154'",
      "migrationRefused",
      ["kvm-b$ aa-status", "kvm-b$ journalctl -k -n 50 --grep apparmor"],
    ],
    ["error: unsupported configuration: Security driver model 'apparmor' is not available", "migrationRefused", []],
    ["error: unsupported configuration: Unable to find security driver for model selinux", "migrationRefused", []],
  ],
  snapshots: [
    [
      "error: Requested operation is not valid: cannot migrate domain with 1 snapshots",
      "migrationRefused",
      [
        "kvm-a$ virsh snapshot-list db-01",
        "kvm-a$ virsh snapshot-delete db-01 NAME",
        "loses the state that it kept",
        "kvm-a$ virsh snapshot-delete db-01 NAME --metadata",
        "loses what libvirt needs to go back to them",
      ],
    ],
    [
      "error: Requested operation is not valid: domain has active block job",
      "migrationRefused",
      [
        "kvm-a$ virsh blockjob db-01 DISK --info",
        "kvm-a$ virsh blockjob db-01 DISK --abort",
        "loses what it has done so far",
      ],
    ],
    [
      "error: Requested operation is not valid: cannot migrate domain with 2 checkpoints",
      "migrationRefused",
      [
        "kvm-a$ virsh checkpoint-list db-01",
        "kvm-a$ virsh checkpoint-delete db-01 NAME --metadata",
        "loses what an incremental backup needs",
      ],
    ],
    [
      "error: block copy still active: disk 'vda' already in active block job",
      "migrationRefused",
      [
        "kvm-a$ virsh blockjob db-01 vda --info",
        "kvm-a$ virsh blockjob db-01 vda --abort",
        "loses what it has done so far",
      ],
    ],
  ],
  socketPermission: [
    [
      "error: authentication failed: Failed to start SASL negotiation: -4 (SASL(-4): no mechanism available: No worthy mechs found)",
      "socketPermission",
      [],
    ],
    [
      "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied",
      "socketPermission",
      ["kvm-a$ usermod -aG libvirt admin"],
    ],
    [
      "error: failed to connect to the hypervisor\nerror: authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'",
      "socketPermission",
      ["kvm-a$ usermod -aG libvirt admin"],
    ],
    [
      "error: Cannot recv data: virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock': Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied: Connection reset by peer",
      "socketPermission",
      ["kvm-b$ usermod -aG libvirt migrate"],
    ],
    [
      "error: authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'",
      "socketPermission",
      ["kvm-b$ usermod -aG libvirt migrate"],
    ],
    [
      "error: authentication failed: access denied by policy",
      "socketPermission",
      ["kvm-b$ usermod -aG libvirt migrate"],
    ],
    [
      "error: Cannot recv data: nc: unix connect failed: Permission denied: Connection reset by peer",
      "socketPermission",
      ["kvm-b$ usermod -aG libvirt migrate"],
    ],
  ],
  space: [["error: operation failed: No space left on device", "migrationFailed", []]],
  tls: [
    [
      "error: operation failed: job 'migration out' failed: The TLS connection was non-properly terminated.",
      "peerTls",
      [],
    ],
    ["error: operation failed: job 'migration out' failed: The certificate hasn't got a known issuer", "peerTls", []],
    [
      "error: internal error: unable to execute QEMU command 'object-add': The certificate /etc/pki/qemu/server-cert.pem has expired",
      "peerTls",
      [],
    ],
    [
      "error: internal error: unable to execute QEMU command 'object-add': Unable to access credentials /etc/pki/qemu/ca-cert.pem: No such file or directory",
      "peerTls",
      [],
    ],
    [
      "error: operation failed: job 'migration out' failed: Certificate does not match the hostname kvm-b",
      "peerTls",
      [],
    ],
    [
      "error: internal error: unable to execute QEMU command 'blockdev-add': Certificate does not match the hostname ",
      "peerTls",
      [],
    ],
    ["error: The server certificate /etc/pki/qemu/server-cert.pem has expired", "peerTls", []],
    [
      "error: Our own certificate /etc/pki/qemu/server-cert.pem failed validation against /etc/pki/qemu/ca-cert.pem: The certificate hasn't got a known issuer",
      "peerTls",
      [],
    ],
    [
      "error: operation failed: job 'migration out' failed: Cannot write to TLS channel: Input/output error",
      "peerTls",
      [],
    ],
    ["error: internal error: this libvirtd instance allows migration only with VIR_MIGRATE_TLS flag", "peerTls", []],
  ],
  peerTls: [
    ...[
      "error: authentication failed: Failed to verify peer's certificate",
      "error: operation failed: Failed to connect to remote libvirt URI qemu+tls://kvm-b/system: server verification (of our certificate or IP address) failed",
      "error: Cannot read CA certificate '/etc/pki/CA/cacert.pem': No such file or directory",
      "error: Unable to read TLS confirmation: Input/output error",
      "error: operation failed: Our own certificate /etc/pki/libvirt/clientcert.pem failed validation against /etc/pki/CA/cacert.pem: The certificate hasn't got a known issuer.",
      "error: internal error: The client certificate /etc/pki/libvirt/clientcert.pem has expired",
      "error: authentication failed: TLS handshake failed A TLS fatal alert has been received.",
    ].map((text): [string, ErrorCode, string[]] => [
      text,
      "peerTls",
      ["kvm-a$ virt-pki-validate", "kvm-b$ virt-pki-validate"],
    ]),
  ],
  tpm: [
    [
      "error: internal error: Could not run '/usr/bin/swtpm_setup'. exitstatus: 1; Check error log '/var/log/swtpm/libvirt/qemu/db-01-swtpm.log' for details.",
      "migrationRefused",
      ["kvm-b$ tail -n 50 /var/log/swtpm/libvirt/qemu/db-01-swtpm.log"],
    ],
    [
      "error: Unable to find 'swtpm' binary in $PATH: No such file or directory",
      "migrationRefused",
      ["kvm-b$ apt install swtpm swtpm-tools", "kvm-b$ dnf install swtpm swtpm-tools"],
    ],
  ],
  unsafeStorage: [
    ["error: Unsafe migration: Migration without shared storage is unsafe", "unsafeStorage", []],
    [
      "error: Unsafe migration: Migration may lead to data corruption if disks use cache other than none or directsync",
      "unsafeStorage",
      [],
    ],
    ["error: Unsafe migration: for a reason of its own", "unsafeStorage", []],
    ["error: Operation not supported: offline migration cannot handle non-shared storage", "unsafeStorage", []],
  ],
  virshMissing: [
    [
      "env: 'virsh': No such file or directory",
      "virshMissing",
      ["kvm-a$ apt install libvirt-clients", "kvm-a$ dnf install libvirt-client"],
    ],
    [
      "env: ‘virsh’: No such file or directory",
      "virshMissing",
      ["kvm-a$ apt install libvirt-clients", "kvm-a$ dnf install libvirt-client"],
    ],
    [
      "bash: line 1: virsh: command not found",
      "virshMissing",
      ["kvm-a$ apt install libvirt-clients", "kvm-a$ dnf install libvirt-client"],
    ],
    [
      "sh: 1: virsh: not found",
      "virshMissing",
      ["kvm-a$ apt install libvirt-clients", "kvm-a$ dnf install libvirt-client"],
    ],
    [
      "error: Cannot recv data: sh: 1: nc: not found: Connection reset by peer",
      "virshMissing",
      ["kvm-b$ apt install libvirt-daemon-system", "kvm-b$ dnf install libvirt-daemon-kvm"],
    ],
    [
      "error: End of file while reading data: nc: invalid option -- 'U'\nnc -h for help: Input/output error",
      "virshMissing",
      [
        "kvm-b$ apt install netcat-openbsd",
        "kvm-b$ dnf install nmap-ncat",
        "kvm-b$ apt install libvirt-daemon-system",
        "kvm-b$ dnf install libvirt-daemon-kvm",
      ],
    ],
  ],
  pinning: [
    ["error: operation failed: numad is not available on this host", "migrationRefused", []],
    [
      "error: cannot set CPU affinity on process 4711: Invalid argument",
      "migrationRefused",
      ["kvm-b$ virsh nodeinfo", "kvm-a$ virsh vcpupin db-01", "kvm-a$ virsh numatune db-01"],
    ],
    [
      "error: unsupported configuration: NUMA node 1 is unavailable",
      "migrationRefused",
      ["kvm-b$ virsh nodeinfo", "kvm-a$ virsh vcpupin db-01", "kvm-a$ virsh numatune db-01"],
    ],
    [
      "error: Cannot set CPU affinity on process 4711: Invalid argument",
      "migrationRefused",
      ["kvm-b$ virsh nodeinfo", "kvm-a$ virsh vcpupin db-01", "kvm-a$ virsh numatune db-01"],
    ],
    [
      "error: Unable to write to '/sys/fs/cgroup/machine.slice/machine-qemu.scope/cpuset.mems': Invalid argument",
      "migrationRefused",
      ["kvm-b$ virsh nodeinfo", "kvm-a$ virsh vcpupin db-01", "kvm-a$ virsh numatune db-01"],
    ],
    [
      "error: Invalid value '8-15' for 'cpuset.cpus': Invalid argument",
      "migrationRefused",
      ["kvm-b$ virsh nodeinfo", "kvm-a$ virsh vcpupin db-01", "kvm-a$ virsh numatune db-01"],
    ],
  ],
  incomingState: [
    [
      "error: internal error: QEMU unexpectedly closed the monitor (vm='db-01'): qemu-system-x86_64: load of migration failed: Invalid argument",
      "migrationRefused",
      [
        "kvm-a$ virsh version --daemon",
        "kvm-b$ virsh version --daemon",
        "kvm-b$ tail -n 50 /var/log/libvirt/qemu/db-01.log",
      ],
    ],
    [
      'error: internal error: qemu unexpectedly closed the monitor: qemu-kvm: Unknown ramblock "pc.ram", cannot accept migration',
      "migrationRefused",
      [
        "kvm-a$ virsh version --daemon",
        "kvm-b$ virsh version --daemon",
        "kvm-b$ tail -n 50 /var/log/libvirt/qemu/db-01.log",
      ],
    ],
    [
      "error: internal error: qemu unexpectedly closed the monitor: qemu-kvm: Unknown savevm section or instance '0000:00:04.0/virtio-rng' 0",
      "migrationRefused",
      [
        "kvm-a$ virsh version --daemon",
        "kvm-b$ virsh version --daemon",
        "kvm-b$ tail -n 50 /var/log/libvirt/qemu/db-01.log",
      ],
    ],
    [
      "error: internal error: qemu unexpectedly closed the monitor: qemu-kvm: Features 0x130afffa7 unsupported. Allowed features: 0x179bfffe7",
      "migrationRefused",
      [
        "kvm-a$ virsh version --daemon",
        "kvm-b$ virsh version --daemon",
        "kvm-b$ tail -n 50 /var/log/libvirt/qemu/db-01.log",
      ],
    ],
    [
      "error: internal error: qemu unexpectedly closed the monitor: qemu-kvm: error: failed to set MSR 0x345 to 0x2000",
      "migrationRefused",
      [
        "kvm-a$ virsh version --daemon",
        "kvm-b$ virsh version --daemon",
        "kvm-b$ tail -n 50 /var/log/libvirt/qemu/db-01.log",
      ],
    ],
    [
      "error: internal error: qemu unexpectedly closed the monitor: qemu-kvm: Length mismatch: pc.ram: 0x80000000 in != 0x40000000",
      "migrationRefused",
      [
        "kvm-a$ virsh version --daemon",
        "kvm-b$ virsh version --daemon",
        "kvm-b$ tail -n 50 /var/log/libvirt/qemu/db-01.log",
      ],
    ],
    [
      "error: operation failed: job 'migration in' failed: error while loading state for instance 0x0 of device 'cpu_common'",
      "migrationRefused",
      [
        "kvm-a$ virsh version --daemon",
        "kvm-b$ virsh version --daemon",
        "kvm-b$ tail -n 50 /var/log/libvirt/qemu/db-01.log",
      ],
    ],
    [
      "error: internal error: qemu unexpectedly closed the monitor: qemu-kvm: Missing section footer for 0000:00:03.0/virtio-net",
      "migrationRefused",
      [
        "kvm-a$ virsh version --daemon",
        "kvm-b$ virsh version --daemon",
        "kvm-b$ tail -n 50 /var/log/libvirt/qemu/db-01.log",
      ],
    ],
    [
      "error: unsupported configuration: Target network card MTU 9000 does not match source 1500",
      "migrationRefused",
      ["kvm-a$ virsh dumpxml --migratable db-01", "kvm-a$ virsh version --daemon", "kvm-b$ virsh version --daemon"],
    ],
    [
      "error: unsupported configuration: Target CPU model Skylake-Client does not match source Haswell",
      "migrationRefused",
      ["kvm-a$ virsh dumpxml --migratable db-01", "kvm-a$ virsh version --daemon", "kvm-b$ virsh version --daemon"],
    ],
  ],
};

/** Texts that tell no cause. */
export const withoutCause: readonly string[] = [
  "error: End of file while reading data: : Input/output error",
  "error: internal error: client socket is closed",
  "error: internal error: qemu unexpectedly closed the monitor",
  "error: operation failed: job 'migration out' failed: Unable to write to socket: Broken pipe",
  "error: operation failed: job 'migration out' unexpectedly failed",
  "error: operation failed: job 'migration in' failed: load of migration failed: Input/output error",
  "error: internal error: connection closed due to keepalive timeout",
  "error: internal error: received hangup event on socket",
  "error: Unable to read from monitor: Connection reset by peer",
  "error: Requested operation is not valid: domain is not running on destination host",
  "error: Requested operation is not valid: network is already active",
  "error: internal error: CPU feature avx2 already defined",
  "error: Requested operation is not valid: pool is already active as 'images'",
  "error: something that nobody has seen yet",
];
