/** Hosts that answer virsh from a small model: as a Shell in this process, or behind an ssh server (`onCommand` of ssh-server.ts). */
import type { ServerChannel } from "ssh2";
import { PlacementError } from "../../provider/core/errors";
import type { Dial, ExecOptions, ExecResult, ProcessListeners, RemoteProcess, Shell } from "../../provider/core/ports";
import { oneLineCommand, scriptCommand } from "../../provider/virsh/runScript";

export interface FakeDomain {
  uuid: string;
  name: string;
  /** As `domstate --reason` has them. */
  state: string;
  reason: string;
  persistent: boolean;
  autostart: boolean;
  managedSave: boolean;
  maxDowntimeMs: number;
  /** False: it arrived paused and has not run since. */
  ranHere?: boolean;
  /** A migration's two ends; absent while none runs. */
  job?: "outgoing" | "incoming";
}

/** A migration under way. */
export interface FakeMove {
  command: string;
  domain: FakeDomain;
  from: FakeHost;
  to: FakeHost;
}

export interface FakeHostOptions {
  /** What `version --daemon` says. */
  libvirt?: string;
  qemu?: string;
  /** What peer URIs call it; its name always works. */
  address?: string;
}

export const fakeUuid = "5c1e2f0a-6d0b-4f8e-9a37-0c1d2e3f4a5b";

export function fakeDomain(domain: Partial<FakeDomain> = {}): FakeDomain {
  return {
    uuid: fakeUuid,
    name: "db-01",
    state: "running",
    reason: "booted",
    persistent: true,
    autostart: false,
    managedSave: false,
    maxDowntimeMs: 300,
    ...domain,
  };
}

/** All the hosts of a test, which migrate to each other. */
export class FakeHosts {
  readonly hosts = new Map<string, FakeHost>();

  /**
   * What happens between the start of a migration and its end: the end waits for it. The text is virsh's error, and the domain stays;
   * undefined = it moved. May throw what a Shell throws.
   */
  onMigrate: (move: FakeMove) => Promise<string | undefined> = () => Promise.resolve(undefined);

  /** What virsh says at the end of a migration, whatever became of it. */
  lastWord: string | undefined;
  /** The source keeps a definition, as it does when its daemon was restarted in post-copy. */
  leavesDefinition = false;

  add(name: string, domains: FakeDomain[] = [], options: FakeHostOptions = {}): FakeHost {
    const host = new FakeHost(this, name, domains, options);
    this.hosts.set(name, host);
    return host;
  }

  /** Of `qemu+ssh://user@address:port/system`. */
  byPeerUri(uri: string): FakeHost | undefined {
    const address = /^qemu\+ssh:\/\/(?:[^@]*@)?(\[[^\]]+\]|[^:/]+)/.exec(uri)?.[1]?.replace(/^\[|\]$/g, "");
    return [...this.hosts.values()].find((host) => host.name === address || host.options.address === address);
  }

  /** Connections that were opened, by host. */
  readonly dialled: string[] = [];
  private readonly shells: FakeShell[] = [];

  /** As when the network goes: who was connected has to dial again. */
  connectionsLost(): void {
    for (const shell of this.shells) shell.alive = false;
  }

  dial: Dial = ({ name }) => {
    this.dialled.push(name);
    const host = this.hosts.get(name);
    if (host !== undefined && !host.down) {
      const shell = host.connect();
      this.shells.push(shell);
      return Promise.resolve(shell);
    }
    return Promise.reject(
      new PlacementError({
        code: "hostUnreachable",
        phase: "connect",
        host: name,
        action: `cannot connect to ${name}`,
        message: "connect ECONNREFUSED",
        remedies: [{ do: "start it" }],
      }),
    );
  };
}

interface Answer {
  out?: string;
  err?: string;
  code?: number;
}

interface Output {
  stdout: (text: string) => void;
  stderr: (text: string) => void;
  exit: (code: number) => void;
}

export class FakeHost {
  /** Refuses connections. */
  down = false;
  /** Every virsh command that was asked, without the session's marks. */
  readonly commands: string[] = [];
  /** What virsh says instead of its answer, for commands that begin with the key. */
  readonly failing = new Map<string, string>();
  /** What virsh answers to commands that begin with the key, and the shell to scripts that hold it. */
  readonly saying = new Map<string, string>();
  /** Every script that the shell was given. */
  readonly scripts: string[] = [];
  /** Hears every virsh command before it is answered. */
  hears: (command: string) => void = () => {};
  /** What `id -un` and the account's public keys, and what the log of libvirtd say. */
  account = "root\n";
  log = "";
  /** What start-up files of the account print before anything else. */
  noise = { stdout: "", stderr: "" };
  private shells: FakeShell[] = [];
  /** What domjobinfo says of a migration that runs. */
  statistics = runningStatistics;
  /** False: a migration that runs sends nothing. */
  sends = true;
  private sentBytes = 0;
  /** Ends a migration that `onMigrate` holds, as domjobabort does. */
  private abort: ((error: string) => void) | undefined;

  constructor(
    private readonly world: FakeHosts,
    readonly name: string,
    public domains: FakeDomain[],
    readonly options: FakeHostOptions,
  ) {}

  connect(): FakeShell {
    const shell = new FakeShell(this);
    this.shells.push(shell);
    return shell;
  }

  /** Breaks every connection; what runs on the hosts runs on. */
  drop(): void {
    for (const shell of this.shells) shell.lose();
    this.shells = [];
  }

  find(domain: string): FakeDomain | undefined {
    return this.domains.find(({ uuid, name }) => uuid === domain || name === domain);
  }

  /** For `startSshServer({ onCommand })`. */
  readonly onCommand = (command: string, stream: ServerChannel): void => {
    const input = this.run(command, {
      stdout: (text) => void stream.write(text),
      stderr: (text) => void stream.stderr.write(text),
      exit: (code) => {
        stream.exit(code);
        stream.end();
      },
    });
    stream.on("data", (chunk: Buffer) => input(chunk.toString()));
    stream.on("end", () => input(undefined));
  };

  /** Starts a remote command as its login shell reads it; what comes back takes its standard input, undefined = closed. */
  run(command: string, output: Output): (input: string | undefined) => void {
    if (command === oneLineCommand) return this.session(output);
    if (command === scriptCommand) return this.script(output);
    // By hand.
    this.answer(command, output);
    return () => {};
  }

  private answer(command: string, output: Output): void {
    void this.command(command).then(
      ({ out = "", err = "", code = err === "" ? 0 : 1 }) => {
        output.stdout(out);
        output.stderr(err === "" ? "" : `error: ${err}\n`);
        output.exit(code);
      },
      () => output.exit(255),
    );
  }

  /** `sh` that reads a script of the product's on standard input. */
  private script(output: Output): (input: string | undefined) => void {
    let script = "";
    return (input) => {
      if (input !== undefined) return void (script += input);
      const [, mark, body] = /^\{ printf '\\n%s\\n' (\S+);.*\n([^]*)\n\} <\/dev\/null\n$/.exec(script) ?? [];
      if (mark === undefined || body === undefined) return output.exit(2);
      output.stdout(`${this.noise.stdout}\n${mark}\n`);
      output.stderr(`${this.noise.stderr}\n${mark}\n`);
      // Behind the environment.
      this.answer(body.replace(/^unset VIRSH_DEBUG [^\n]*\n/, ""), output);
    };
  }

  /** virsh that reads commands on standard input: echoes each behind its prompt, and knows no exit codes. */
  private session({ stdout, stderr, exit }: Output): (input: string | undefined) => void {
    let buffer = "";
    let over = false;
    let started = false;
    return (input) => {
      if (over) return;
      buffer += input ?? "quit\n";
      const lines = buffer.split("\n");
      buffer = lines.pop()!;
      for (const line of lines) {
        if (!started) {
          started = true;
          const mark = /^printf '\\n%s\\n' (\S+);/.exec(line)?.[1] ?? "no mark";
          stdout(`${this.noise.stdout}\n${mark}\n`);
          stderr(`${this.noise.stderr}\n${mark}\n`);
          continue;
        }
        if (line === "quit") {
          over = true;
          return exit(0);
        }
        stdout(`virsh # ${line}\n`);
        const echo = /^echo (--err )?(.*)$/.exec(line);
        if (echo) {
          const text = echo[2]!.replaceAll('"', "");
          if (echo[1]) stderr(`error: ${text}\n`);
          else stdout(text);
          continue;
        }
        const { out, err } = this.ask(line);
        if (out !== undefined && out !== "") stdout(`${out}\n`);
        if (err !== undefined) stderr(`error: ${err}\n`);
      }
    };
  }

  private async command(command: string): Promise<Answer> {
    if (/virsh -q define/.test(command)) {
      const defined = this.find(/\b[0-9a-f]{8}(?:-[0-9a-f]+){4}\b/.exec(command)![0]);
      if (defined) defined.persistent = true;
      return {};
    }
    if (command.includes("id -un")) return { out: this.account };
    if (command.includes("/var/log/libvirt")) return { out: this.log };
    if (!command.startsWith("virsh ")) {
      this.scripts.push(command);
      return { out: [...this.saying].find(([part]) => command.includes(part))?.[1] ?? "" };
    }
    const line = command.replace(/^virsh (?:-c \S+ )?/, "");
    if (!line.startsWith("migrate ")) return this.ask(line);
    this.hears(line);
    this.commands.push(line);
    const failing = this.failure(line);
    if (failing !== undefined) return { err: failing };
    const answer = await this.migrate(line);
    return this.world.lastWord === undefined ? answer : { err: this.world.lastWord };
  }

  private failure(line: string): string | undefined {
    return [...this.failing].find(([begin]) => line.startsWith(begin))?.[1];
  }

  private async migrate(command: string): Promise<Answer> {
    const words = command.split(" ").map((word) => word.replace(/^'(.*)'$/, "$1"));
    const [name, uri] = words.slice(-2) as [string, string];
    const domain = this.find(name);
    const to = this.world.byPeerUri(uri);
    if (!domain) return { err: `failed to get domain '${name}'` };
    if (!to || to.down) return { err: `unable to connect to server at '${uri}': Connection refused` };
    const { state, reason } = domain;
    const live = words.includes("--live");
    const resumed = words.includes("--postcopy-resume");
    let copy: FakeDomain | undefined;
    if (live) {
      copy = to.find(domain.uuid);
      if (copy === undefined) {
        copy = {
          ...domain,
          state: "paused",
          reason: "migrating",
          job: "incoming",
          persistent: false,
          autostart: false,
        };
        to.domains.push(copy);
      }
      domain.job = "outgoing";
    }
    const aborted = new Promise<string>((resolve) => (this.abort = resolve));
    const error = await Promise.race([aborted, this.world.onMigrate({ command, domain, from: this, to })]);
    delete domain.job;
    if (copy) to.domains = to.domains.filter((other) => other !== copy);
    if (error !== undefined) {
      Object.assign(domain, { state, reason: live ? "migration canceled" : reason });
      return { err: error };
    }
    const { job: _, ...arrived } = domain;
    if (this.world.leavesDefinition) Object.assign(domain, { state: "shut off", reason: "migrated" });
    else this.domains = this.domains.filter((other) => other !== domain);
    to.domains.push(
      live
        ? {
            ...arrived,
            state: resumed ? "running" : state,
            reason: state === "paused" && !resumed ? "user" : "migrated",
            autostart: false,
            maxDowntimeMs: 300,
          }
        : { ...arrived, state: "shut off", reason: "unknown", autostart: false },
    );
    return {};
  }

  private ask(line: string): Answer {
    this.hears(line);
    this.commands.push(line);
    const failing = this.failure(line);
    if (failing !== undefined) return { err: failing };
    const said = [...this.saying].find(([begin]) => line.startsWith(begin))?.[1];
    if (said !== undefined) return { out: said };
    const [verb, ...words] = line.split(" ");
    if (verb === "domname") return { out: this.find(words[0]!)?.name ?? "" };
    const has = (word: string) => words.includes(word);
    if (verb === "list") {
      const chosen = this.domains.filter(
        (domain) =>
          (!has("--persistent") || domain.persistent) &&
          (!has("--autostart") || domain.autostart) &&
          (!has("--with-managed-save") || domain.managedSave),
      );
      return { out: chosen.map(({ uuid, name }) => (has("--name") ? `${uuid} ${name}` : uuid)).join("\n") };
    }
    if (verb === "version") {
      const { libvirt = "9.0.0", qemu = "7.2.22" } = this.options;
      return {
        out: `Using library: libvirt ${libvirt}\nUsing API: QEMU ${libvirt}\nRunning hypervisor: QEMU ${qemu}\nRunning against daemon: ${libvirt}`,
      };
    }
    if (verb === "help") return { out: has("undefine") ? helpUndefine : helpMigrate };
    if (verb === "capabilities") {
      const number = String([...this.world.hosts.keys()].indexOf(this.name)).padStart(12, "0");
      return { out: `<capabilities><host>\n<uuid>00000000-0000-0000-0000-${number}</uuid></host></capabilities>` };
    }
    const named = words.find((word) => !word.startsWith("-") && !/^\d+$/.test(word))?.replace(/^'(.*)'$/, "$1") ?? "";
    const domain = this.find(named);
    if (!domain) return { err: `failed to get domain '${named}'` };
    return this.askDomain(verb!, domain, words);
  }

  private askDomain(verb: string, domain: FakeDomain, words: string[]): Answer {
    switch (verb) {
      case "dumpxml":
        return {
          out: `<domain><name>${domain.name}</name><uuid>${domain.uuid}</uuid><memory unit="MiB">256</memory></domain>`,
        };
      case "domstate":
        return { out: `${domain.state} (${domain.reason})` };
      case "domjobinfo":
        if (words.includes("--completed")) return { out: completedStatistics };
        if (domain.job === "incoming")
          return {
            err: "Operation not supported: migration statistics are available only on the source host",
          };
        if (domain.job !== "outgoing") return { out: "Job type: 0" };
        if (this.sends) this.sentBytes += 4096;
        return {
          out: this.statistics.replace(/(?<=memory_processed: )\d+/, (sent) => String(Number(sent) + this.sentBytes)),
        };
      case "domstats":
        return {
          out: `Domain: '${domain.name}'\n  vcpu.0.time=0\n  vcpu.0.exits.sum=${domain.ranHere === false ? 0 : 5}`,
        };
      case "migrate-getmaxdowntime":
        return { out: String(domain.maxDowntimeMs) };
      case "migrate-setmaxdowntime":
        domain.maxDowntimeMs = Number(words.at(-1));
        return {};
      case "migrate-postcopy":
        Object.assign(domain, { state: "paused", reason: "post-copy" });
        for (const host of this.world.hosts.values()) {
          const copy = host.find(domain.uuid);
          if (copy?.job === "incoming") Object.assign(copy, { state: "running", reason: "post-copy" });
        }
        return {};
      case "domjobabort":
        this.abort?.("operation aborted: job 'migration out' canceled by client");
        return {};
      case "suspend":
        Object.assign(domain, { state: "paused", reason: "user" });
        return {};
      case "resume":
        Object.assign(domain, { state: "running", reason: "unpaused" });
        return {};
      case "autostart":
        domain.autostart = !words.includes("--disable");
        return {};
      case "destroy":
        Object.assign(domain, { state: "shut off", reason: "destroyed", job: undefined });
        return {};
      case "undefine":
        this.domains = this.domains.filter((other) => other !== domain);
        return {};
    }
    return { err: `unknown command: '${verb}'` };
  }
}

class FakeShell implements Shell {
  alive = true;
  private readonly losses = new Set<() => void>();

  constructor(private readonly fake: FakeHost) {}

  get host(): string {
    return this.fake.name;
  }

  lose(): void {
    this.alive = false;
    for (const loss of this.losses) loss();
  }

  async exec(command: string, { input }: ExecOptions = {}): Promise<ExecResult> {
    const output = { stdout: "", stderr: "" };
    const process = await this.spawn(command, {
      stdout: (text) => (output.stdout += text),
      stderr: (text) => (output.stderr += text),
    });
    if (input !== undefined) process.write(input);
    process.end();
    const exit = await process.exit;
    if (exit.code === null) throw this.lost();
    return { ...exit, ...output };
  }

  spawn(command: string, listeners: ProcessListeners): Promise<RemoteProcess> {
    if (!this.alive) return Promise.reject(this.lost());
    let input: (text: string | undefined) => void = () => {};
    const exit = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      this.losses.add(() => resolve({ code: null, signal: null }));
      input = this.fake.run(command, {
        stdout: (text) => this.alive && listeners.stdout(text),
        stderr: (text) => this.alive && listeners.stderr(text),
        exit: (code) => resolve({ code, signal: null }),
      });
    });
    const write = (text: string | undefined) => this.alive && input(text);
    return Promise.resolve({ write, end: () => write(undefined), destroy: () => {}, exit });
  }

  private lost(): PlacementError {
    return new PlacementError({
      code: "connectionLost",
      phase: "observe",
      host: this.host,
      action: `lost the connection to ${this.host}`,
      message: "the connection was lost",
      remedies: [{ do: "run it again" }],
    });
  }

  close(): Promise<void> {
    this.alive = false;
    return Promise.resolve();
  }
}

const runningStatistics = `Job type: 2
operation: 5
time_elapsed: 1200
downtime: 300
memory_total: 268435456
memory_processed: 134217728
memory_remaining: 134217728
memory_bps: 335544320
memory_dirty_rate: 10240
memory_page_size: 4096
memory_iteration: 2`;

const completedStatistics = `Job type: 3
operation: 4
time_elapsed: 1800
downtime: 43
memory_total: 268435456
memory_processed: 170917888
memory_remaining: 0
memory_iteration: 3`;

const helpUndefine = "    --keep-nvram     keep nvram file\n    --keep-tpm       keep TPM state";

const helpMigrate = [
  "live offline p2p direct tunnelled persistent undefinesource suspend copy-storage-all copy-storage-inc change-protection unsafe verbose",
  "compressed auto-converge rdma-pin-all abort-on-error postcopy postcopy-after-precopy postcopy-resume zerocopy migrateuri graphicsuri",
  "listen-address dname timeout timeout-suspend timeout-postcopy xml migrate-disks disks-port disks-uri comp-methods comp-mt-level",
  "comp-mt-threads comp-mt-dthreads comp-xbzrle-cache auto-converge-initial auto-converge-increment persistent-xml tls postcopy-bandwidth",
  "parallel parallel-connections bandwidth tls-destination copy-storage-synchronous-writes",
]
  .join(" ")
  .split(" ")
  .map((name) => `    --${name}`)
  .join("\n");
