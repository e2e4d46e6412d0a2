import { type Answer, runningStatistics } from "./answers";
import type { SimulatedDomain } from "./domain";
import { SimulatedImages } from "./images";
import type { Language } from "./languages";

export interface SimulatedHostOptions {
  /** What `version --daemon` says. */
  libvirt?: string;
  qemu?: string;
  /** What peer URIs call it; its name always works. */
  address?: string;
  /** Of its daemon's errors. */
  language?: Language;
}

/** A migration that a host has begun. */
interface Outgoing {
  /** Ends it before its time. */
  cancel: (error: string) => void;
  /** It may switch to post-copy. */
  postCopy: boolean;
}

/** What one host has and says. */
export class SimulatedHost {
  /** Refuses connections. */
  down = false;
  /** Every virsh command that was asked, without the session's marks. */
  readonly commands: string[] = [];
  /** What virsh says instead of its answer, for commands that begin with the key. */
  readonly failing = new Map<string, string>();
  /** What virsh answers to commands that begin with the key, and the shell to scripts that hold it. */
  readonly answers = new Map<string, string>();
  /** The notes in /tmp of who cancelled a migration. */
  readonly notes = new Map<string, string>();
  /** All of it, and what its tasks wait for: a fraction of the time. Undefined = a kernel without pressure. */
  cpus = 4;
  memoryMiB = 4096;
  pressure: { cpu: number; memory: number; io: number } | undefined = { cpu: 0, memory: 0, io: 0 };
  /** Every script that the shell was given. */
  readonly scripts: string[] = [];
  /** Its disk images. */
  readonly images = new SimulatedImages();
  /** Called with every script of the shell before it is answered; what it returns is the answer. */
  onScript: (script: string) => Answer | undefined = () => undefined;
  /** Called with every virsh command before it is answered. */
  onCommand: (command: string) => void = () => {};
  /** What `id -un` and the account's public keys, and what the log of libvirtd say. */
  account = "root\n";
  log = "";
  /** What start-up files of the account print before anything else. */
  noise = { stdout: "", stderr: "" };
  /** What domjobinfo says of a migration that runs. */
  statistics = runningStatistics;
  /** False: a migration that runs sends nothing. */
  sends = true;
  /** How much more than `statistics` says has been sent. */
  sentBytes = 0;
  /** The migrations from here, by the UUID of their domain. */
  readonly outgoing = new Map<string, Outgoing>();
  /** What ends connections to it that are open. */
  readonly connections = new Set<() => void>();

  constructor(
    readonly name: string,
    public domains: SimulatedDomain[],
    readonly options: SimulatedHostOptions,
  ) {}

  find(domain: string): SimulatedDomain | undefined {
    return this.domains.find(({ uuid, name }) => uuid === domain || name === domain);
  }

  remove(domain: SimulatedDomain): void {
    this.domains = this.domains.filter((other) => other !== domain);
  }

  /** Breaks every connection; what runs on the host runs on. */
  drop(): void {
    for (const lose of this.connections) lose();
  }

  failure(line: string): string | undefined {
    return [...this.failing].find(([begin]) => line.startsWith(begin))?.[1];
  }
}
