/** What must hold after each case, asked of the hosts, the kernel and the state file; never of the product. */
import { eventually } from "../libvirt/commands";
import type { LabHost } from "../libvirt";
import type { Expected } from "./case";
import { contentOf, type Fixture, guest } from "./fixture";

const settleMs = 20_000;

/** What counts in the end. */
type End = Pick<Expected, "end" | "nextFails" | "followsRemedies">;

/** One text for each invariant that does not hold. */
export async function violations(fixture: Fixture, expected: End): Promise<string[]> {
  // Hosts clean up after a migration for a while; only what is still wrong after that counts.
  let found: string[] = [];
  await eventually(
    async () => ((found = await violationsNow(fixture, expected)).length === 0 ? true : undefined),
    settleMs,
    500,
  );
  if (fixture.sampler.doubled) found.push("it ran on two hosts at once");
  return found;
}

async function violationsNow(fixture: Fixture, expected: End): Promise<string[]> {
  const { end = "running" } = expected;
  const { source, destination } = fixture;
  const home = end === "running on the source" ? source : end === "shut off" ? await definedOn(fixture) : destination;
  return [
    ...ofCpus(fixture, end, home),
    ...(end === "stopped for good" ? [] : await ofHosts(fixture, end, home)),
    ...ofState(fixture, expected, home),
    ...(await ofGuest(fixture, expected)),
    ...(await ofProcesses(fixture)),
  ];
}

function ofCpus({ sampler }: Fixture, end: string, home: LabHost): string[] {
  const expected = end.startsWith("running") ? [home.name] : [];
  const runsOn = sampler.runsOn();
  if (runsOn.join() === expected.join()) return [];
  return [`its CPUs run on ${runsOn.join(" and ") || "no host"}, not on ${expected.join() || "none"}`];
}

async function ofHosts({ lab }: Fixture, end: string, home: LabHost): Promise<string[]> {
  const found: string[] = [];
  const timeoutMs = 10_000;
  for (const host of lab.hosts.filter(({ isOn }) => isOn)) {
    const lines = await definitions(host);
    if (host !== home && lines.length > 0) found.push(`${host.name} still has ${lines.join(", ")}`);
  }
  const expected = end.startsWith("running") ? /^running / : end === "paused" ? /^paused / : /^shut off /;
  const state = (await home.sh(`virsh -q domstate --reason ${guest}`, { timeoutMs })).stdout.trim();
  if (!expected.test(state) || /migrating|post-copy/.test(state))
    found.push(`its state on ${home.name} is ${state || "no such domain"}`);
  const persistent = await home.sh("virsh -q list --all --persistent --name", { timeoutMs });
  if (!persistent.stdout.split("\n").includes(guest)) found.push(`it is not persistent on ${home.name}`);
  const job = (await home.sh(`virsh -q domjobinfo ${guest}`, { timeoutMs })).stdout;
  if (/Unbounded|Bounded/.test(job)) found.push(`a job runs on ${home.name}`);
  return found;
}

/** Of Pulumi's state, of this stack and of the other. */
function ofState(fixture: Fixture, { end = "running", nextFails, followsRemedies }: End, home: LabHost): string[] {
  const found: string[] = [];
  const must = (holds: boolean, text: string) => holds || found.push(text);
  const deployment = fixture.stack.saved();
  const resource = deployment.resources?.find(({ urn }) => urn.endsWith("::db"));
  const outputs = resource?.outputs ?? {};
  must(outputs["domainUuid"] === fixture.uuid, "the state does not have it");
  if (end !== "stopped for good") {
    must(outputs["currentHost"] === home.name, `the state has ${String(outputs["currentHost"])}, not ${home.name}`);
    const state = end.startsWith("running") ? "running" : end;
    must(outputs["state"] === state, `the state has ${String(outputs["state"])}, not ${state}`);
    must(!deployment.pending_operations?.length, "an operation is pending in the state");
    const refused = nextFails && !followsRemedies;
    must(refused || !resource?.initErrors?.length, "the state has an error");
  }
  const other = fixture.otherOutputs();
  if (other) must(other["currentHost"] === home.name, `the other stack has ${String(other["currentHost"])}`);
  return found;
}

async function ofGuest({ lab }: Fixture, { followsRemedies }: End): Promise<string[]> {
  const found: string[] = [];
  const serials = await Promise.all(lab.hosts.map(({ name }) => lab.serial(guest, name)));
  if (serials.some((serial) => serial.includes("!"))) found.push("its memory was damaged");
  // A serial file begins again when the VM comes back to a host.
  const boots = serials.join("").split("B").length - 1;
  if (boots > (followsRemedies === true ? 2 : 1)) found.push(`it was booted ${boots} times`);
  return found;
}

async function ofProcesses(fixture: Fixture): Promise<string[]> {
  const found: string[] = [];
  // Pulumi's own host of YAML programs (1.25) stays when `pulumi` gets SIGKILL.
  const left = fixture
    .processes()
    .map(commandLineOf)
    .filter((line) => !line.includes("pulumi-language-yaml"));
  if (left.length > 0) found.push(`processes of pulumi are left: ${left.join("; ")}`);
  for (const host of fixture.lab.hosts.filter(({ isOn }) => isOn)) {
    if ((await fixture.migrateCommands(host)).length > 0) found.push(`a virsh migrate is left on ${host.name}`);
  }
  return found;
}

const commandLineOf = (pid: number) => contentOf(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();

async function definitions(host: LabHost): Promise<string[]> {
  const { code, stdout, stderr } = await host.sh("virsh -q list --all", { timeoutMs: 10_000 });
  if (code !== 0) return [`a libvirt that does not answer (${stderr.trim()})`];
  return stdout
    .split("\n")
    .filter((line) => line.includes(guest))
    .map((line) => line.trim().replace(/\s+/g, " "));
}

/** The host that has it, whatever its state. */
async function definedOn({ lab, destination }: Fixture): Promise<LabHost> {
  for (const host of lab.hosts) if (host.isOn && (await definitions(host)).length > 0) return host;
  return destination;
}

/** The guest makes progress: two more passes over its memory. */
export async function passesGoOn(fixture: Fixture, host: LabHost): Promise<boolean> {
  const serial = () => fixture.lab.serial(guest, host.name);
  const before = (await serial()).length;
  return (await eventually(async () => (await serial()).length >= before + 2 || undefined, 30_000)) ?? false;
}
