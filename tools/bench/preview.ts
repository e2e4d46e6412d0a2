/**
 * What it costs that a preview asks the hosts: `pulumi preview` of the same change with `vm-placement:preview: probe` and with `static`,
 * in turns, of one VM and of twenty on four hosts. Every VM runs, so its dirty pages are counted too.
 */
import { createLab, type Lab } from "../../lab/libvirt";
import { Stack } from "../../lab/pulumi/stack";
import { compare, excess, rotated } from "./ratios";
import { excessResult, type Result } from "./result";

const domainsPerHost = 5;
const guest = { memoryMiB: 32, dirtyMiB: 4, dirtyRate: 1 };
const changes = { one: { domains: 1, goalMs: 1200 }, all: { domains: 4 * domainsPerHost, goalMs: 4000 } };

type Change = keyof typeof changes;
type Name = `${Change} ${"probe" | "static"}`;
type Round = Record<Name, number>;

export async function benchPreview({ pairs }: { pairs: number }): Promise<Result[]> {
  const lab = await createLab({ hosts: 4 });
  let stack: Stack | undefined;
  try {
    const homes = await startGuests(lab);
    stack = await Stack.create(lab);
    declare(stack, homes);
    await stack.pulumi.expect(["up", "--yes", "--skip-preview"]);
    console.log(
      `${homes.size} running guests of ${guest.memoryMiB} MiB on ${lab.hosts.length} hosts; ${pairs} rounds, and one before them that is not counted`,
    );
    await round(lab, stack, homes, 0);
    const rounds: Round[] = [];
    for (let index = 1; index <= pairs; index++) {
      const measured = await round(lab, stack, homes, index);
      rounds.push(measured);
      console.error(`${String(index).padStart(3)}/${pairs}  ${show(measured)}`);
    }
    return report(rounds);
  } finally {
    stack?.remove();
    await lab.down();
  }
}

/** Where each VM is, by its name. */
type Homes = ReadonlyMap<string, string>;

async function startGuests(lab: Lab): Promise<Homes> {
  const homes = new Map<string, string>();
  await Promise.all(
    lab.hosts.map(async ({ name: host }, index) => {
      for (let count = 1; count <= domainsPerHost; count++) {
        const name = `vm-${String(index * domainsPerHost + count).padStart(2, "0")}`;
        homes.set(name, host);
        await lab.startGuest({ ...guest, name, host });
      }
    }),
  );
  return new Map([...homes].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The VMs named go to the next host. */
function declare(stack: Stack, homes: Homes, moved: ReadonlyMap<string, string> = new Map()): void {
  const placements = [...homes].map(
    ([domain, home]) => [domain, { args: { domain, host: moved.get(domain) ?? home } }] as const,
  );
  stack.declare(Object.fromEntries(placements));
}

async function round(lab: Lab, stack: Stack, homes: Homes, index: number): Promise<Round> {
  const measured: Partial<Round> = {};
  const names: Name[] = ["one probe", "one static", "all probe", "all static"];
  for (const name of rotated(names, index)) {
    const [change, mode] = name.split(" ") as [Change, "probe" | "static"];
    const chosen = [...homes].slice(0, changes[change].domains);
    declare(stack, homes, new Map(chosen.map(([domain, home]) => [domain, nextHost(lab, home)])));
    stack.configure({ "vm-placement:preview": mode });
    measured[name] = await preview(stack, chosen.length, mode);
  }
  return measured as Round;
}

/** Returns the milliseconds that `pulumi preview` took, which printed what it should for every VM. */
async function preview(stack: Stack, domains: number, mode: "probe" | "static"): Promise<number> {
  const start = performance.now();
  const { stdout, stderr } = await stack.pulumi.expect(["preview"]);
  const ms = performance.now() - start;
  const output = `${stdout}${stderr}`;
  const estimates = output.match(/^ +will pre-copy \d/gm)?.length ?? 0;
  if (
    !output.includes(`~ ${domains} to update`) ||
    /warning/.test(output) ||
    estimates !== (mode === "probe" ? domains : 0)
  )
    throw new Error(`not the preview of ${domains} healthy moves (${mode}):\n${output}`);
  return ms;
}

function nextHost(lab: Lab, home: string): string {
  const names = lab.hosts.map(({ name }) => name);
  return names[(names.indexOf(home) + 1) % names.length]!;
}

function report(rounds: readonly Round[]): Result[] {
  return (Object.keys(changes) as Change[]).map((change) => {
    const { domains, goalMs } = changes[change];
    const name = `preview-${change}`;
    const sides = [rounds, (r: Round) => r[`${change} probe`], (r: Round) => r[`${change} static`]] as const;
    const what = `preview of ${domains === 1 ? "one change" : `${domains} changes over 4 hosts`}, probing more than static`;
    return excessResult(excess(name, ...sides), compare(name, ...sides), { name, what, goal: { atMost: goalMs } });
  });
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}

function show(measured: Round): string {
  return Object.entries(measured)
    .map(([name, ms]) => `${name} ${seconds(ms)} s`)
    .join(", ");
}
