import type { SimulatedDomain } from "./domain";
import type { SimulatedHost } from "./host";

/** A migration in progress. */
export interface SimulatedMigration {
  command: string;
  domain: SimulatedDomain;
  source: SimulatedHost;
  destination: SimulatedHost;
}

/** The hosts that migrate to each other, and what becomes of their migrations. */
export class Network {
  readonly hosts = new Map<string, SimulatedHost>();

  /**
   * What happens between the start of a migration and its end: the end waits for it. The text is virsh's error, and the domain stays;
   * undefined = it moved. May throw what a Shell throws.
   */
  onMigrate: (migration: SimulatedMigration) => Promise<string | undefined> = () => Promise.resolve(undefined);

  /** Milliseconds, by which the counters of its hosts grow. */
  now: () => number = () => Date.now();

  /** What virsh says at the end of a migration, whatever became of it. */
  finalStderr: string | undefined;
  /** The source keeps a definition, as it does when its daemon was restarted in post-copy. */
  leavesDefinition = false;

  /** Of `qemu+ssh://user@address:port/system`, or another transport's. */
  byPeerUri(uri: string): SimulatedHost | undefined {
    const address = /^qemu\+(?:ssh|tls|tcp):\/\/(?:[^@]*@)?(\[[^\]]+\]|[^:/]+)/.exec(uri)?.[1]?.replace(/^\[|\]$/g, "");
    return [...this.hosts.values()].find((host) => host.name === address || host.options.address === address);
  }

  /** By which libvirt tells that two names are one host. */
  uuidOf(host: SimulatedHost): string {
    return `00000000-0000-0000-0000-${String([...this.hosts.keys()].indexOf(host.name)).padStart(12, "0")}`;
  }
}
