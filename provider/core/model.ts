/** How libvirt on one host reaches libvirt on another. */
export type PeerTransport = "ssh" | "tls" | "tcp";

/**
 * A KVM host of the inventory (`vm-placement:hosts`). All fields optional: an empty entry is a host that ssh knows by that name.
 */
export interface HostArgs {
  /** Host name or IP address to connect to. Default: HostName of ssh_config for `name`, else `name`. */
  address?: string;
  /** ssh port, 1–65535. Default: Port of ssh_config, else 22. */
  port?: number;
  /** ssh user. Default: User of ssh_config, else the local user. */
  user?: string;
  /**
   * True: every command runs as root, by `sudo -n /bin/sh`, for an account that is neither root nor in the group libvirt. sudo must not ask
   * for a password (`sudoRefused`). How the other hosts log in is not concerned: see `peerUser`. Default: false.
   */
  sudo?: boolean;
  /** Path of a private key file; `~` is expanded. Default: ssh_config IdentityFile, else ssh's default key files. */
  identityFile?: string;
  /** The text of a private key (secret config). Wins over `identityFile`. Default: none. */
  privateKey?: string;
  /** Passphrase of an encrypted key (secret config). Default: none; a key that needs one is refused (`privateKeyUnusable`). */
  passphrase?: string;
  /** Use the ssh agent: true (SSH_AUTH_SOCK), false, or a socket path. Default: true where SSH_AUTH_SOCK is set. */
  agent?: boolean | string;
  /** The only host key accepted: a "SHA256:…" fingerprint or a public key ("ssh-ed25519 AAAA…"). Another one is refused (`hostKeyChanged`). Default: known_hosts decides. */
  hostKey?: string;
  /** A known_hosts file. Default: UserKnownHostsFile of ssh_config, else ~/.ssh/known_hosts, and /etc/ssh/ssh_known_hosts. */
  knownHostsFile?: string;
  /** Jump hosts as in ssh's ProxyJump: "[user@]host[:port]", several separated by commas; names of the inventory come first. "none" = direct. Default: ProxyJump of ssh_config, else direct. */
  proxyJump?: string;
  /** How the other hosts reach libvirt on this one, "ssh" (`qemu+ssh`), "tls" (`qemu+tls`) or "tcp" (`qemu+tcp`: in clear text, refused unless `migration.accept` has "plain-tcp"). Default: ssh. */
  peerTransport?: PeerTransport;
  /** Address in the peer URI (`qemu+ssh://ADDRESS/system`), by which the other hosts reach this one. Default: `address`, else `name`. */
  peerAddress?: string;
  /** User in the peer URI; with tls and tcp the name for SASL. Default: none, so the source's own ssh configuration decides. */
  peerUser?: string;
  /** Port in the peer URI, 1–65535. Default: none, so with ssh the source's own ssh configuration decides; 16514 with tls, 16509 with tcp. */
  peerPort?: number;
  /** With ssh: the private key by which the other hosts log in here, a path on them that root can read (`keyfile=`). Default: the source's own ssh configuration decides. */
  peerKeyfile?: string;
  /** With ssh: what links the login to libvirt's socket here (`proxy=`): "native" (virt-ssh-helper), "netcat" (nc), or "auto", the first that is there. Default: auto. */
  peerProxy?: "auto" | "native" | "netcat";
  /** With tls: the directory on the other hosts that has cacert.pem, clientcert.pem and clientkey.pem (`pkipath=`). Default: libvirt's own, /etc/pki/CA and /etc/pki/libvirt. */
  peerPkipath?: string;
  /** With tls: the versions and ciphers that are offered, as a priority string of GnuTLS (`tls_priority=`). Default: libvirt's own, `tls_priority` of the source's libvirt.conf. */
  peerTlsPriority?: string;
  /** Address for the migration data (`--migrateuri tcp://ADDRESS`). Default: the destination's own choice (`migration_host` of qemu.conf, else its host name). */
  migrationAddress?: string;
  /** Port for the migration data, 1–65535 (`--migrateuri tcp://ADDRESS:PORT`). Needs `migrationAddress`, and `maxIncoming: 1`, since two migrations cannot share a port. Default: libvirt takes a free one of the destination's range, 49152–49215. */
  migrationPort?: number;
  /** Speed of the link on which this host receives the data of migrations: `parallel: { connections: "auto" }` takes its number from it ("25Gbps", "2500Mbps"). Default: not known, so two connections. */
  linkSpeed?: string;
  /** Number of migrations away from this host at the same time, 1–64; the others wait. Default: 2. */
  maxOutgoing?: number;
  /** Number of migrations onto this host at the same time, 1–64; the others wait. Default: 2. */
  maxIncoming?: number;
  /** True: no VM is moved here (`hostMaintenance`); one that is here may stay. Default: false. */
  maintenance?: boolean;
  /** Free text by key, for policies. Default: none. */
  labels?: Record<string, string>;
}

/** The same with its name. */
export interface Host extends HostArgs {
  /** The key in the inventory; also the ssh_config alias that supplies what is not set. */
  name: string;
}

/** Which ssh connects to the hosts. `auto`: ssh2, and this computer's ssh command for a host whose ssh_config asks for what ssh2 does not do. */
export type SshChoice = "auto" | "ssh2" | "openssh";

/** Hosts by name; `undefined` = no inventory: every host name is an ssh destination. */
export type Inventory = Record<string, Host> | undefined;
