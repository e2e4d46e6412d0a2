/** What is true in the end, asked of the hosts, the kernel and the state file; never of the product. */
import { eventually } from "../libvirt/commands";
import type { LabHost } from "../libvirt";
import type { Cell } from "./cell";
import { guest, type Scene } from "./scene";

const settleMs = 20_000;

/** Of a cell, what counts in the end. */
type Expected = Pick<Cell, "end" | "nextFails" | "follows">;

/** All that is wrong, in words; empty when all is as it must be. */
export async function wrongs(scene: Scene, cell: Expected): Promise<string[]> {
  // Hosts clear up behind a migration: they are given time to, and what is still wrong then counts.
  let found: string[] = [];
  await eventually(async () => ((found = await look(scene, cell)).length === 0 ? true : undefined), settleMs, 500);
  if (scene.sampler.doubled) found.push("it ran on two hosts at once");
  return found;
}

async function look(scene: Scene, { end = "running", nextFails, follows }: Expected): Promise<string[]> {
  const { lab, source, destination, sampler } = scene;
  const hosts = lab.hosts.filter(({ isOn }) => isOn);
  const found: string[] = [];
  const must = (holds: boolean, text: string) => holds || found.push(text);
  const home = end === "running on the source" ? source : end === "shut off" ? await definedOn(scene) : destination;

  const running = end.startsWith("running") ? [home.name] : [];
  const runs = sampler.runsOn();
  must(
    runs.join() === running.join(),
    `its CPUs run on ${runs.join(" and ") || "no host"}, not on ${running.join() || "none"}`,
  );

  if (end !== "stopped for good") {
    for (const host of hosts) {
      const lines = await definitions(host);
      if (host !== home) must(lines.length === 0, `${host.name} still has ${lines.join(", ")}`);
    }
    const expected = end.startsWith("running") ? /^running / : end === "paused" ? /^paused / : /^shut off /;
    const seen = (await home.sh(`virsh -q domstate --reason ${guest}`, { timeoutMs: 10_000 })).stdout.trim();
    must(expected.test(seen) && !/migrating|post-copy/.test(seen), `${home.name} says: ${seen || "no such domain"}`);
    const persistent = await home.sh("virsh -q list --all --persistent --name", { timeoutMs: 10_000 });
    must(persistent.stdout.split("\n").includes(guest), `it is not persistent on ${home.name}`);
    const job = (await home.sh(`virsh -q domjobinfo ${guest}`, { timeoutMs: 10_000 })).stdout;
    must(!/Unbounded|Bounded/.test(job), `a job runs on ${home.name}`);
  }

  const deployment = scene.stack.saved();
  const resource = deployment.resources?.find(({ urn }) => urn.endsWith("::db"));
  const outputs = resource?.outputs ?? {};
  must(outputs["domainUuid"] === scene.uuid, "the state does not hold it");
  if (end !== "stopped for good") {
    must(outputs["currentHost"] === home.name, `the state says ${String(outputs["currentHost"])}, not ${home.name}`);
    const text = end.startsWith("running") ? "running" : end;
    must(outputs["state"] === text, `the state says ${String(outputs["state"])}, not ${text}`);
    must(!deployment.pending_operations?.length, "an operation is pending in the state");
    const refused = nextFails && !follows;
    must(refused || !resource?.initErrors?.length, "the state holds an error");
  }
  const other = scene.otherOutputs();
  if (other) must(other["currentHost"] === home.name, `the other stack says ${String(other["currentHost"])}`);

  const serials = await Promise.all(lab.hosts.map(({ name }) => lab.serial(guest, name)));
  must(!serials.some((serial) => serial.includes("!")), "its memory was damaged");
  const boots = serials.join("").split("B").length - 1;
  // A serial file begins again when the VM comes back to a host.
  must(boots <= (follows === true ? 2 : 1), `it was booted ${boots} times`);

  const left = scene.processes();
  must(left.length === 0, `${left.length} processes of pulumi are left`);
  for (const host of hosts) {
    must((await scene.migrateCommands(host)).length === 0, `a virsh migrate is left on ${host.name}`);
  }
  return found;
}

async function definitions(host: LabHost): Promise<string[]> {
  const { code, stdout, stderr } = await host.sh("virsh -q list --all", { timeoutMs: 10_000 });
  if (code !== 0) return [`a libvirt that does not answer (${stderr.trim()})`];
  return stdout
    .split("\n")
    .filter((line) => line.includes(guest))
    .map((line) => line.trim().replace(/\s+/g, " "));
}

/** The host that has it, whatever its state. */
async function definedOn({ lab, destination }: Scene): Promise<LabHost> {
  for (const host of lab.hosts) if (host.isOn && (await definitions(host)).length > 0) return host;
  return destination;
}

/** The guest goes on: two more passes over its memory, where it runs. */
export async function passesGoOn(scene: Scene, host: LabHost): Promise<boolean> {
  const serial = () => scene.lab.serial(guest, host.name);
  const before = (await serial()).length;
  return (await eventually(async () => (await serial()).length >= before + 2 || undefined, 30_000)) ?? false;
}
