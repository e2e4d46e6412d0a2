/**
 * A KVM host of the inventory (`vm-placement:hosts`). All fields optional: an empty entry is a host that ssh knows by that name.
 */
export interface Host {
  /** The key in the inventory; also the ssh_config alias that supplies what is not set here. */
  name: string;
  /** Host name or IP address to connect to. Default: HostName of ssh_config for `name`, else `name`. */
  address?: string;
  /** ssh port, 1–65535. Default: ssh_config, else 22. */
  port?: number;
  /** ssh user. Default: ssh_config, else the local user. */
  user?: string;
  /** Path of a private key file; `~` is expanded. Default: ssh_config IdentityFile, else ssh's default key files. */
  identityFile?: string;
  /** A private key's text (secret config). Wins over `identityFile`. */
  privateKey?: string;
  /** Passphrase of an encrypted key (secret config). */
  passphrase?: string;
  /** Use the ssh agent: true (SSH_AUTH_SOCK), false, or a socket path. Default: true where SSH_AUTH_SOCK is set. */
  agent?: boolean | string;
  /** The only host key accepted: "SHA256:…" fingerprint or a public key ("ssh-ed25519 AAAA…"). Default: known_hosts decides. */
  hostKey?: string;
  /** A known_hosts file. Default: UserKnownHostsFile of ssh_config, else ~/.ssh/known_hosts, and /etc/ssh/ssh_known_hosts. */
  knownHostsFile?: string;
  /** Jump hosts as in ssh's ProxyJump: "[user@]host[:port]", several separated by commas; inventory names are found first. "none" = direct. */
  proxyJump?: string;
  /** How the other hosts reach this one for libvirt's peer connection. Default: `address`, else `name`. */
  peerAddress?: string;
  /** User in the peer URI. Default: none, so the source host's own ssh configuration decides. */
  peerUser?: string;
  /** Port in the peer URI. Default: none. */
  peerPort?: number;
  /** Address for the migration data (`--migrateuri tcp://ADDRESS`). Default: the destination's own choice (qemu.conf migration_host). */
  migrationAddress?: string;
  /** Migrations away from this host at the same time, 1–64. Default 2. */
  maxOutgoing?: number;
  /** Migrations onto this host at the same time, 1–64. Default 2. */
  maxIncoming?: number;
  /** True: no VM is moved here; one that is here may stay. Default false. */
  maintenance?: boolean;
  /** Free text by key, for policies. */
  labels?: Record<string, string>;
}

/** Hosts by name; `undefined` = no inventory: every host name is an ssh destination. */
export type Inventory = Record<string, Host> | undefined;
