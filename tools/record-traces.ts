/**
 * `node tools/run tools/record-traces.ts`: records how pre-copy goes, as `domjobinfo` shows it four times a second, from a lab, into
 * test/fixtures/traces/NAME.json. The tests of the stall detector read them.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLab, type Lab } from "../lab/libvirt";
import { parseJobInfo } from "../provider/virsh/parse";

const directory = join(__dirname, "../test/fixtures/traces");
const columns = [
  "elapsedMs",
  "memoryTotalBytes",
  "memoryProcessedBytes",
  "memoryRemainingBytes",
  "memoryBytesPerSecond",
  "dirtyBytesPerSecond",
  "passes",
  "throttlePercent",
] as const;

interface Trace {
  guest: { memoryMiB: number; dirtyMiB: number; dirtyRate: number };
  /** Of virsh migrate. */
  options: string;
  /** It is cancelled after that. */
  seconds: number;
}

/** Kept short: a pass takes two seconds, and steps of seconds stand for those of minutes. */
const traces: Record<string, Trace> = {
  converging: { guest: { memoryMiB: 256, dirtyMiB: 32, dirtyRate: 12 }, options: "--bandwidth 24", seconds: 40 },
  never: { guest: { memoryMiB: 128, dirtyMiB: 48, dirtyRate: 200 }, options: "--bandwidth 24", seconds: 30 },
  throttled: {
    guest: { memoryMiB: 128, dirtyMiB: 48, dirtyRate: 200 },
    options: "--bandwidth 24 --auto-converge --auto-converge-initial 30 --auto-converge-increment 20",
    seconds: 60,
  },
};

async function record(lab: Lab, name: string, { guest, options, seconds }: Trace): Promise<void> {
  const source = lab.host("kvm-a");
  await lab.startGuest({ name, host: "kvm-a", ...guest });
  const version = (await source.must("virsh version --daemon")).match(/(?:daemon|hypervisor): .+/g)!.join(", ");
  const flags = "--live --p2p --persistent --undefinesource";
  const end = source.sh(`virsh migrate ${flags} ${options} ${name} qemu+ssh://kvm-b/system`, { timeoutMs: 120_000 });
  const poll = `for i in $(seq ${seconds * 4}); do virsh domjobinfo --rawstats ${name} || break; echo ---; sleep 0.2; done`;
  const { stdout } = await source.sh(poll, { timeoutMs: 180_000 });
  await source.sh(`virsh domjobabort ${name}`);
  const { code } = await end;
  const samples = stdout
    .split("---\n")
    .map(parseJobInfo)
    .filter(({ operation }) => operation === "outgoing")
    .map((job) => columns.map((column) => job[column] ?? null));
  const lines = samples.map((sample) => `    ${JSON.stringify(sample)}`).join(",\n");
  const head = JSON.stringify({ recorded: version, guest, options, moved: code === 0, columns }, undefined, 2);
  writeFileSync(join(directory, `${name}.json`), `${head.slice(0, -2)},\n  "samples": [\n${lines}\n  ]\n}\n`);
  console.log(`${name}.json: ${samples.length} samples, moved: ${code === 0}`);
}

async function main(): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const lab = await createLab();
  try {
    for (const [name, trace] of Object.entries(traces)) await record(lab, name, trace);
  } finally {
    await lab.down();
  }
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
