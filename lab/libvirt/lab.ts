import { randomUUID } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { refuseOthers } from "../own-directory";
import { makeCertificates } from "./certificates";
import { readSerial, startGuest, type GuestOptions } from "./guest";
import { LabHost } from "./host";
import { hostDir, knownHosts, writeHostFiles, type Keys } from "./host-files";
import { hostsOf } from "./host-names";
import { giveToCaller, makeKeys } from "./keys";
import { connectHost, connectSwitch, layCable } from "./network";
import { isSwitchedOff } from "./power";
import { missingPrerequisites } from "./prerequisites";
import { isAlive } from "./processes";
import { addressIn, claim, entryDir, isCurrent, recordedProcesses, thisProcess, type LabRecord } from "./registry";
import { ensureRoots, layersOf } from "./releases/roots";
import { enterHost, hostReady, startSwitch } from "./start";
import { cleanStale, forget, reaped, removeAtExit, removeLab } from "./teardown";

export interface LabOptions {
  /** How many, named kvm-a, kvm-b …, or their names. Default 2. */
  hosts?: number | readonly string[];
  /** So many of each of "12", "13", "14" (Debian), "modular" (13 with modular daemons), made on first use. Default: this computer's own. */
  releases?: readonly string[];
  /** Guests on KVM instead of emulated CPUs. Default false: that works everywhere. */
  kvm?: boolean;
  /** Certificates for libvirt and QEMU, and libvirtd on its TLS port, and on its TCP port for the other hosts alone. Default false. */
  tls?: boolean;
  /** Guests may have vTPMs and UEFI firmware. Default false. */
  vtpm?: boolean;
  /** Accounts may have sudo. Default false. */
  sudo?: boolean;
  /** Where the lab's directory is made. Default: the system's temporary directory. */
  dir?: string;
  /** The account in `inventory()`; one other than root is made, with the right to use libvirt. Default "root". */
  user?: string;
  /** The lab outlives this process, until someone takes it down. Default false. */
  manual?: boolean;
  /**
   * A directory where labs keep what libvirtd found out about QEMU, which costs a second of CPU per host: made by the first lab, read
   * by later ones.
   */
  cacheDir?: string;
  /** One line for each step. */
  onProgress?: (line: string) => void;
}

export interface InventoryHost {
  address: string;
  user: string;
  identityFile: string;
  knownHostsFile: string;
}

export interface LabStatus {
  id: string;
  dir: string;
  manual: boolean;
  hosts: { name: string; address: string; on: boolean; running: boolean; guests: { name: string; state: string }[] }[];
}

/** A lab that runs. */
export class Lab {
  readonly id: string;
  readonly dir: string;
  /** Opens root's account, and those of `addUser`, on every host. */
  readonly keyFile: string;
  readonly publicKey: string;
  readonly knownHostsFile: string;
  readonly hosts: readonly LabHost[];
  /** With `tls`: the certificate for clients on this computer, as `qemu+tls://…?pkipath=` expects it. */
  readonly clientPkiDir: string;

  constructor(readonly record: LabRecord) {
    ({ id: this.id, dir: this.dir } = record);
    this.clientPkiDir = join(this.dir, "pki", "controller");
    this.keyFile = join(this.dir, "id_ed25519");
    this.publicKey = readFileSync(`${this.keyFile}.pub`, "utf8").trim();
    this.knownHostsFile = join(this.dir, "known_hosts");
    this.hosts = record.hosts.map(({ name }, index) => {
      const publicKey = readFileSync(join(this.dir, `host_${name}.pub`), "utf8").trim();
      return new LabHost({ record, index, switchPid: this.switchPid(), publicKey });
    });
  }

  host(name: string): LabHost {
    const host = this.hosts.find((candidate) => candidate.name === name);
    if (!host) throw new Error(`no host ${name} in this lab: ${this.hosts.map((each) => each.name).join(", ")}`);
    return host;
  }

  /** Ready to be the stack's configuration `vm-placement:hosts`. */
  inventory(): Record<string, InventoryHost> {
    const { keyFile: identityFile, knownHostsFile } = this;
    const user = this.record.user;
    return Object.fromEntries(
      this.hosts.map(({ name, address }) => [name, { address, user, identityFile, knownHostsFile }]),
    );
  }

  async startGuest(options: GuestOptions): Promise<{ uuid: string }> {
    this.host(options.host);
    return await startGuest(this.record, this.hosts, this.switchPid(), options);
  }

  /** What the guest printed on this host: "B" at boot, "." for a pass that found its memory right, "!" for one that did not. */
  serial(guest: string, host: string): Promise<string> {
    return Promise.resolve(readSerial(this.record, guest, this.host(host).name));
  }

  async status(): Promise<LabStatus> {
    const hosts = await Promise.all(
      this.hosts.map(async (host) => {
        const { name, address } = host;
        if (!host.isOn) return { name, address, on: false, running: false, guests: [] };
        const { code, stdout } = await host.sh("virsh -q list --all", { timeoutMs: 10_000 });
        const lines = stdout.split("\n").map((line) => line.trim().split(/\s+/));
        const guests = lines
          .filter((words) => words.length >= 3)
          .map(([, guest, ...state]) => ({ name: guest!, state: state.join(" ") }));
        return { name, address, on: true, running: code === 0, guests };
      }),
    );
    return { id: this.id, dir: this.dir, manual: this.record.owner === "manual", hosts };
  }

  /** Ends and removes everything. May be called again. */
  async down(): Promise<void> {
    const processes = [...recordedProcesses(this.record.number).values()];
    removeLab(this.record);
    forget(this.record);
    await reaped(processes);
  }

  private readonly switchPid = (): number => recordedProcesses(this.record.number).get("switch")!.pid;
}

/** Makes a lab. It goes with this process at the latest, unless it is `manual`. */
export async function createLab(options: LabOptions = {}): Promise<Lab> {
  const { kvm = false, tls = false, user = "root", manual = false, onProgress = () => {} } = options;
  const missing = missingPrerequisites(options);
  if (missing.length > 0) throw new Error(missing.join("\n"));
  const hosts = hostsOf(options);
  await ensureRoots(options.releases ?? [], onProgress);
  for (const id of cleanStale()) onProgress(`removed ${id}, which a crash had left`);
  const record = claim(
    (number) => ({
      id: `lab-${number}`,
      number,
      token: randomUUID(),
      owner: thisProcess(),
      dir: options.dir === undefined ? entryDir(number) : join(options.dir, `lab-${number}`),
      kvm,
      tls,
      user,
      hosts: hosts.map((host, index) => ({
        ...host,
        address: addressIn(number, index + 1),
        layers: layersOf(host.release),
      })),
    }),
    layCable,
  );
  removeAtExit(record);
  try {
    const lab = await build(record, onProgress, options.cacheDir);
    if (manual) {
      writeFileSync(join(entryDir(record.number), "lab.json"), JSON.stringify({ ...record, owner: "manual" }, null, 2));
      forget(record);
    }
    return lab;
  } catch (error) {
    removeLab(record);
    forget(record);
    throw error;
  }
}

/** A lab that runs already. */
export function openLab(record: LabRecord): Lab {
  const processes = recordedProcesses(record.number);
  const started = record.hosts.every(({ name }) => processes.has(name) || isSwitchedOff(record, name));
  if (!started || !processes.has("switch") || ![...processes.values()].every(isAlive)) {
    throw new Error(`lab ${record.id} is not running any more: remove it with \`npm run lab -- down\``);
  }
  return new Lab(record);
}

async function build(record: LabRecord, onProgress: (line: string) => void, cacheDir?: string): Promise<Lab> {
  makeDirectories(record);
  const names = record.hosts.map(({ name }) => name);
  if (cacheDir !== undefined && existsSync(cacheDir)) {
    refuseOthers(cacheDir);
    // Of this computer's QEMU.
    const own = record.hosts.filter(({ layers }) => layers.length === 0);
    for (const { name } of own) cpSync(cacheDir, cacheOf(record, name), { recursive: true });
  }
  const [switchPid, keys] = await Promise.all([
    startSwitch(record),
    makeKeys(record.dir, names),
    record.tls && makeCertificates(record),
  ]);
  writeFileSync(join(record.dir, "known_hosts"), knownHosts(record, keys));
  giveToCaller(join(record.dir, "id_ed25519"));
  const network = connectSwitch(record, switchPid).then(() => switchPid);
  await Promise.all(names.map((_, index) => startHost(record, index, network, keys, onProgress)));
  const lab = new Lab(record);
  if (record.user !== "root") {
    await Promise.all(lab.hosts.map((host) => host.addUser(record.user, { libvirtGroup: true })));
  }
  if (cacheDir !== undefined && !existsSync(cacheDir)) {
    await lab.hosts[0]!.must("virsh -q capabilities; virsh -q domcapabilities --virttype qemu");
    cpSync(cacheOf(record, names[0]!), cacheDir, { recursive: true });
  }
  return lab;
}

/** Root executes what lies in there, and the keys open root's account: nobody else gets in, whatever the umask. */
function makeDirectories(record: LabRecord): void {
  if (record.dir !== entryDir(record.number)) {
    mkdirSync(join(record.dir, ".."), { recursive: true });
    // One that is there already may be somebody else's.
    mkdirSync(record.dir);
    chmodSync(record.dir, 0o755); // under sudo the caller uses the keys in there
  }
  for (const name of ["hosts", "images", "pki"]) {
    mkdirSync(join(record.dir, name));
    chmodSync(join(record.dir, name), 0o700);
  }
}

const cacheOf = (record: LabRecord, name: string) => join(hostDir(record, name), "var/cache/libvirt");

async function startHost(
  record: LabRecord,
  index: number,
  network: Promise<number>,
  keys: Keys,
  onProgress: (line: string) => void,
): Promise<void> {
  const { name, address } = record.hosts[index]!;
  // A signal may have removed the lab meanwhile: files written now would stay for good.
  if (!isCurrent(record)) throw new Error("the lab was taken down while it started");
  writeHostFiles(record, index, keys);
  const pid = await enterHost(record, name);
  await connectHost(record, index, await network, pid);
  await hostReady(record, name);
  onProgress(`host ${name} is up at ${address}`);
}
