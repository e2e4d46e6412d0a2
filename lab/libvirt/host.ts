import { createHash } from "node:crypto";
import { run, type CommandOptions, type CommandResult } from "./commands";
import { issueForHost, type CertificateOptions } from "./certificates";
import { addAccount, type AccountOptions } from "./accounts";
import { hostDir, hostEnvironment } from "./host-files";
import { ip, portOf } from "./network";
import { isOn, powerOff, powerOn } from "./power";
import { recordedProcesses, type LabRecord } from "./registry";
import { modular } from "./releases/releases";
import { runTimes, type RunTime } from "./run-times";
import { switchOff } from "./switch-off";

export interface HostContext {
  record: LabRecord;
  index: number;
  switchPid: number;
  publicKey: string;
}

export type Signal = "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGHUP" | "SIGINT" | "SIGABRT" | "SIGSEGV";
/** "drop" is silence, "reject" an answer that refuses. */
export type Block = { action?: "drop" | "reject"; from?: string; to?: string };

/** One host: its commands run in its namespaces at once, without ssh. */
export class LabHost {
  readonly name: string;
  readonly address: string;
  /** "12", "13", "modular" …; of the computer itself where it was not chosen. */
  readonly release: string;
  /** The daemon that runs the guests: libvirtd, or virtqemud on a host with modular daemons. */
  readonly daemon: string;
  /** "SHA256:…", as `ssh-keygen -l` prints it. */
  readonly hostKeyFingerprint: string;
  /** "ssh-ed25519 AAAA…", as in a .pub file. */
  readonly hostKeyLine: string;

  constructor(private readonly context: HostContext) {
    ({ name: this.name, address: this.address, release: this.release } = context.record.hosts[context.index]!);
    this.daemon = this.release === modular ? "virtqemud" : "libvirtd";
    const [type, key] = context.publicKey.split(" ");
    this.hostKeyLine = `${type} ${key}`;
    const digest = createHash("sha256").update(Buffer.from(key!, "base64")).digest("base64");
    this.hostKeyFingerprint = `SHA256:${digest.replace(/=+$/, "")}`;
  }

  /** Runs a command line of bash as root on the host. */
  async sh(command: string, options: Omit<CommandOptions, "env"> = {}): Promise<CommandResult> {
    return await run("nsenter", [...this.namespaces(), "bash", "-c", command], { ...options, env: hostEnvironment });
  }

  /** As `sh`, for commands that must succeed; gives what they printed. */
  async must(command: string, options: Omit<CommandOptions, "env"> = {}): Promise<string> {
    const { code, stdout, stderr } = await this.sh(command, options);
    if (code !== 0)
      throw new Error(`${this.name}: ${command} failed (exit code ${code}): ${(stderr || stdout).trim()}`);
    return stdout;
  }

  /** Runs `virsh -q` with these arguments; gives what it printed, without the empty lines at its end. */
  async virsh(args: string, options: Omit<CommandOptions, "env"> = {}): Promise<string> {
    return (await this.must(`virsh -q ${args}`, options)).trimEnd();
  }

  /** Pulls the cable; nothing on the way answers any more. */
  linkDown(): Promise<void> {
    return ip(this.context.switchPid, [`link set ${portOf(this.context.index)} down`]);
  }

  linkUp(): Promise<void> {
    return ip(this.context.switchPid, [`link set ${portOf(this.context.index)} up`]);
  }

  get isOn(): boolean {
    return isOn(this.context.record, this.name);
  }

  /**
   * A power cut: every process ends at once and sends nothing. What libvirt, QEMU and root have on disk stays; /run, /tmp
   * and the rest of /etc are gone.
   */
  powerOff(): Promise<void> {
    return powerOff(this.context.record, this.context.index, this.context.switchPid);
  }

  /** Boots it again: the same address, keys and UUID, another boot id, a clock since boot that begins again. Returns when sshd and libvirtd run. */
  async powerOn(): Promise<void> {
    await powerOn(this.context.record, this.context.index, this.context.switchPid);
    const { user } = this.context.record;
    if (user !== "root") await this.addUser(user, { libvirtGroup: true });
  }

  /** As processes on the host see it; for signals use `sh("kill …")`. Undefined when it does not run. */
  libvirtdPid(): Promise<number | undefined> {
    return this.pidIn(`/run/${this.daemon}.pid`);
  }

  qemuPid(guest: string): Promise<number | undefined> {
    return this.pidIn(`/run/libvirt/qemu/${guest}.pid`);
  }

  async signalLibvirtd(signal: Signal): Promise<void> {
    await this.signal(`/run/${this.daemon}.pid`, signal);
  }

  async signalQemu(guest: string, signal: Signal): Promise<void> {
    await this.signal(`/run/libvirt/qemu/${guest}.pid`, signal);
  }

  /** Returns when it answers. */
  async startLibvirtd(): Promise<void> {
    await this.must("/etc/lab/start-libvirtd && virsh -q list", { timeoutMs: 30_000 });
  }

  /** Returns when it listens: it goes into the background before that, and writes its pid file after it. */
  async startSshd(): Promise<void> {
    await this.must("/etc/lab/start-sshd && until [ -s /run/sshd.pid ]; do sleep 0.05; done", { timeoutMs: 30_000 });
  }

  /** New connections are refused; those that are open stay, unless they are to be `cut`. */
  async stopSshd(options: { cut?: boolean } = {}): Promise<void> {
    // It removes its pid file when it has stopped listening.
    await this.must("kill $(cat /run/sshd.pid) && while [ -e /run/sshd.pid ]; do sleep 0.05; done", {
      timeoutMs: 30_000,
    });
    // Every session has a process named so; only this host's are visible here.
    if (options.cut) await this.sh("pkill -KILL -x 'sshd|sshd-session'");
  }

  /** Refuses or swallows what arrives at a port (`from` one address), or what the host sends to a port (`to` an address, or "any"). */
  async blockPort(port: number | string, { action = "reject", from, to }: Block = {}): Promise<void> {
    const verdict = action === "drop" ? "drop" : "reject with tcp reset";
    const chain = to === undefined ? "input" : "output";
    const peer = to === undefined ? from && `ip saddr ${from}` : to !== "any" && `ip daddr ${to}`;
    await this.must("nft -f -", {
      input: `add table inet lab
add chain inet lab ${chain} { type filter hook ${chain} priority 0; }
add rule inet lab ${chain} ${peer || ""} tcp dport ${port} ${verdict}
`,
    });
  }

  /** Takes back every block. */
  async unblock(): Promise<void> {
    await this.must("nft add table inet lab && nft delete table inet lab");
  }

  /** Caps what the host sends. */
  async limitBandwidth(mbit: number): Promise<void> {
    await this.must(`tc qdisc replace dev eth0 root tbf rate ${mbit}mbit burst 256kb latency 200ms`);
  }

  /** Caps what a migration sends, and nothing else: one that has more to send than this stands where it is. */
  async slowMigrations(kbit: number): Promise<void> {
    await this.must(`
      # What waits in the kernel would count as sent.
      echo "4096 65536 131072" >/proc/sys/net/ipv4/tcp_wmem
      tc qdisc replace dev eth0 root handle 1: htb default 1
      tc class replace dev eth0 parent 1: classid 1:1 htb rate 10gbit quantum 60000
      tc class replace dev eth0 parent 1: classid 1:2 htb rate ${kbit}kbit burst 16kb
      tc filter replace dev eth0 parent 1: protocol ip prio 1 u32 match ip protocol 6 0xff match ip dport 49152 0xffc0 flowid 1:2`);
  }

  async unlimit(): Promise<void> {
    await this.sh("tc qdisc delete dev eth0 root");
  }

  /** How often each guest's virtual CPUs have run here, by guest name: grows while a guest runs on this host. */
  runTimes(): Map<string, RunTime> {
    return this.isOn ? runTimes(this.pid) : new Map<string, RunTime>();
  }

  /** The guest, which runs here, switches itself off at the end of its pass. */
  switchOffGuest(guest: string): void {
    switchOff(this.runTimes().get(guest)!.pid);
  }

  /** An account that the lab's key opens. Without the group it may not use libvirt's socket. */
  addUser(name: string, options: AccountOptions = {}): Promise<void> {
    return addAccount(this, name, options);
  }

  /** Another certificate, for QEMU at once and for libvirtd from its next start. Only in a lab with `tls`. */
  async installCertificate(options: CertificateOptions = {}): Promise<void> {
    await issueForHost(this.context.record, this.name, options);
    await this.must(`cp -r ${hostDir(this.context.record, this.name)}/etc/pki/. /etc/pki/`);
  }

  private async pidIn(file: string): Promise<number | undefined> {
    const { code, stdout } = await this.sh(`pid=$(cat ${file}) && kill -0 $pid && echo $pid`);
    return code === 0 ? Number(stdout) : undefined;
  }

  private async signal(file: string, signal: Signal): Promise<void> {
    await this.must(`kill -${signal.slice(3)} $(cat ${file})`);
  }

  /** Of the process that holds its namespaces: another one after each boot. */
  private get pid(): number {
    const found = recordedProcesses(this.context.record.number).get(this.name);
    if (found === undefined) throw new Error(`${this.name} is switched off`);
    return found.pid;
  }

  private namespaces(): string[] {
    const { pid } = this;
    // The recorded process stays outside of the namespaces for processes and time that it made for its child.
    const childs = [`--pid=/proc/${pid}/ns/pid_for_children`, `--time=/proc/${pid}/ns/time_for_children`];
    return ["-t", String(pid), "--mount", "--uts", "--ipc", "--net", ...childs, "--"];
  }
}
