/**
 * `node tools/run tools/record-fixtures.ts [RELEASE]`: records what virsh prints in the phases of a migration that pass by quickly, from a lab, into
 * test/fixtures/virsh/VERSION/. Recorded once for each libvirt; the parsers' tests read them.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLab, type Lab, type LabHost } from "../lab/libvirt";
import { ownRelease } from "../lab/libvirt/releases/releases";

const flags = "--live --p2p --persistent --undefinesource";
const phaseMs = 60_000;

/** Rewrites 32 MiB a second: caps of some MiB/s hold its migration in any phase. */
const busy = { memoryMiB: 64, dirtyMiB: 32, dirtyRate: 40 };

class Recorder {
  private constructor(
    private readonly lab: Lab,
    private readonly directory: string,
  ) {}

  static async create(lab: Lab): Promise<Recorder> {
    const version = /daemon: (\S+)/.exec(await lab.hosts[0]!.must("virsh version --daemon"))![1]!;
    const directory = join(__dirname, "../test/fixtures/virsh", version);
    mkdirSync(directory, { recursive: true });
    return new Recorder(lab, directory);
  }

  get source(): LabHost {
    return this.lab.hosts[0]!;
  }

  get destination(): LabHost {
    return this.lab.hosts[1]!;
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.directory, `${name}.txt`), text);
    console.log(`${name}.txt`);
  }

  /** What both hosts say of the state, and of the job. */
  async both(phase: string, guest: string): Promise<void> {
    for (const [side, host] of [
      ["source", this.source],
      ["destination", this.destination],
    ] as const) {
      const state = await host.sh(`virsh domstate --reason ${guest}`);
      this.write(`domstate-${phase}-${side}`, state.stdout || state.stderr);
      const job = await host.sh(`virsh domjobinfo --rawstats ${guest}`);
      this.write(`domjobinfo-${phase}-${side}`, job.stdout.trim() === "" ? job.stderr : job.stdout);
    }
  }

  /** Starts a migration from source to destination that its caps hold; gives its end. */
  migrate(guest: string, options: string): Promise<unknown> {
    return this.source.sh(`virsh migrate ${flags} ${options} ${guest} qemu+ssh://${this.destination.name}/system`, {
      timeoutMs: 4 * phaseMs,
    });
  }

  async until(host: LabHost, command: string, pattern: RegExp): Promise<void> {
    for (const end = Date.now() + phaseMs; ;) {
      const { stdout } = await host.sh(command);
      if (pattern.test(stdout)) return;
      if (Date.now() > end) throw new Error(`${host.name}: ${command} never printed ${pattern.source}, but: ${stdout}`);
    }
  }
}

async function throttled(recorder: Recorder): Promise<void> {
  const guest = "throttled";
  const end = recorder.migrate(guest, "--bandwidth 8 --auto-converge --auto-converge-initial 30");
  await recorder.until(recorder.source, `virsh domjobinfo --rawstats ${guest}`, /auto_converge_throttle: [3-9]/);
  await recorder.both("throttled", guest);
  await session(recorder, guest);
  await recorder.source.virsh(`domjobabort ${guest}`);
  await end;
}

async function postCopy(recorder: Recorder): Promise<void> {
  const guest = "switched";
  const end = recorder.migrate(guest, "--bandwidth 8 --postcopy --postcopy-bandwidth 2");
  await recorder.until(recorder.source, `virsh domjobinfo --rawstats ${guest}`, /memory_iteration: [2-9]/);
  await recorder.source.virsh(`migrate-postcopy ${guest}`);
  await recorder.until(recorder.destination, `virsh domstate --reason ${guest}`, /running \(post-copy\)/);
  await recorder.both("post-copy", guest);
  // Rejected by the kernel, which both sides notice: a drop would take a timeout.
  await recorder.destination.must(`ss -K 'sport >= :49152 and sport <= :49215'`);
  for (const host of [recorder.source, recorder.destination])
    await recorder.until(host, `virsh domstate --reason ${guest}`, /post-copy failed/);
  await recorder.both("post-copy-failed", guest);
  await end;
}

/** One virsh that reads its commands, as the provider's sessions do, while a migration runs. */
async function session(recorder: Recorder, guest: string): Promise<void> {
  const commands = [`domstate --reason ${guest}`, `domjobinfo --rawstats ${guest}`, "domstate --reason nosuch"];
  const marked = commands.flatMap((command, index) => [
    command,
    `echo "end-of-answer" "${index + 1}"`,
    `echo --err "end-of-answer" "${index + 1}"`,
  ]);
  const input = [...marked, "quit", ""].join("\n");
  const { stdout, stderr } = await recorder.source.sh("cat | virsh -q -c qemu:///system", { input });
  recorder.write("session-migrating.stdout", stdout);
  recorder.write("session-migrating.stderr", stderr);
}

async function main(release = ownRelease()): Promise<void> {
  const lab = await createLab({ releases: [release], hosts: 2, onProgress: console.error });
  try {
    const recorder = await Recorder.create(lab);
    for (const name of ["throttled", "switched"]) await lab.startGuest({ name, host: recorder.source.name, ...busy });
    await throttled(recorder);
    await postCopy(recorder);
  } finally {
    await lab.down();
  }
}

main(process.argv[2]).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
