/** Pulumi's boundary: decode, call, encode. Found by users' states under the name pulumi-vm-placement/handlers, for ever. */
import type * as pulumi from "@pulumi/pulumi";
import type { LastMigration, Plan } from "./core/args";
import { clean, cleanLine } from "./core/clean";
import { type Phase, PlacementError } from "./core/errors";
import type { Inventory } from "./core/model";
import type { Clock, Dial, InFlight, Ports, Progress } from "./core/ports";
import { unfinished } from "./core/unfinished";
import { createDisplay, type Display } from "./pulumi/display";
import { sayOnInterrupt } from "./pulumi/interrupt";
import { endWithEngine } from "./pulumi/orphan";
import { interruptNotice } from "./reconcile/interruptNotice";
import { Hosts } from "./observe/hosts";
import { preview } from "./preflight/preview";
import { locate } from "./observe/refresh";
import { observe } from "./observe/observe";
import { reconcile, type Reconciled } from "./reconcile/reconcile";
import type { DesiredPlacement } from "./observe/assess";
import { measureAhead, type Predicted } from "./preflight/estimate";
import { outputs, partialFailure, viewInState } from "./pulumi/state";
import { show, strictFailure } from "./pulumi/showPreview";
import {
  containsUnknown,
  difference,
  type InputFailure,
  type OnInterrupt,
  parseInputs,
  type ParsedInputs,
  parseInventory,
  parseOnInterrupt,
  parsePreviewSettings,
  parseUri,
  type PreviewSettings,
  UNKNOWN,
  unknownHosts,
  withoutUndefined,
} from "./schema";
import { createDial, sshConfigHosts } from "./ssh";
import { makePlan } from "./virsh/command";

type Props = Record<string, unknown>;

/** What the handlers need of the world; a test passes its own. */
export interface World {
  dial(inventory: Inventory): Dial;
  /** Host names that ~/.ssh/config knows literally. */
  sshHosts(): string[];
  clock: Clock;
  display: Display;
}

interface Settings {
  inventory: Inventory;
  uri: string;
  preview: PreviewSettings;
  /** What happens to a migration under way when pulumi is told to stop at once. */
  onInterrupt: OnInterrupt;
  failures: InputFailure[];
  hosts: Hosts;
}

const maxUnexpected = 16 * 1024;

/** Everything that `read` returns as inputs stands in these; the rest of the properties are outputs. */
const inputNames = ["domain", "host", "migration", "plan", "__urn"];

export function createHandlers(world: World) {
  // The server hands out the provider before configure is done: every call waits for this.
  let configured: (settings: Settings) => void;
  const settings = new Promise<Settings>((resolve) => (configured = resolve));
  const placements = new Map<string, string>();
  const warned = new Set<string>();
  const predictions = new Map<string, Predicted & { to: string }>();
  let lookedAhead = 0;

  return {
    configure: (request: { config: { get(key: string): string | undefined } }): Promise<void> => {
      const { inventory, failures } = parseInventory(request.config.get("vm-placement:hosts"));
      const { uri, failures: uriFailures } = parseUri(request.config.get("vm-placement:uri"));
      const { preview, failures: previewFailures } = parsePreviewSettings((key) => request.config.get(key));
      const { onInterrupt, failures: interruptFailures } = parseOnInterrupt(
        request.config.get("vm-placement:onInterrupt"),
      );
      const hosts = new Hosts(world.dial(inventory), inventory, uri, world.clock, (text) => world.display.debug(text));
      const all = [...failures, ...uriFailures, ...previewFailures, ...interruptFailures];
      configured({ inventory, uri, hosts, preview, onInterrupt, failures: all });
      return Promise.resolve();
    },

    check: (_olds: Props, news: Props): Promise<pulumi.dynamic.CheckResult> =>
      cleanly(async () => {
        const { inventory, uri, failures: settingsFailures } = await settings;
        const { inputs, failures } = parseInputs(news);
        // With an inventory that cannot be read nobody knows which names are right.
        const hosts = settingsFailures.length > 0 ? [] : (inputs.hosts ?? []);
        const all = [...settingsFailures, ...failures, ...unknownHosts(hosts, inventory, () => world.sshHosts())];
        if (all.length === 0) warnOfTwins(placements, news, world);
        // Outside a preview the engine takes an unknown plan for the failure, and hides the real ones.
        const plan = all.length > 0 ? undefined : containsUnknown(news) ? UNKNOWN : planOf(inputs, inventory, uri);
        return {
          inputs: { ...news, plan },
          failures: all.map(({ property, reason, code }) => ({ property, reason: `${clean(reason)} [${code}]` })),
        };
      }),

    diff: (id: string, olds: Props, news: Props): Promise<pulumi.dynamic.DiffResult> =>
      cleanly(async () => {
        const { changes, replaces, onHosts } = difference(olds, news);
        if (onHosts && replaces.length === 0) await lookAhead(id, olds, news);
        return { changes, replaces, deleteBeforeReplace: false };
      }),

    create: (news: Props): Promise<pulumi.dynamic.CreateResult> =>
      cleanly(async () => {
        const { view, lastMigration, plan } = await ensure(undefined, {}, news);
        return { id: view.uuid, outs: outputs(news, view, plan, lastMigration) };
      }),

    update: (id: string, olds: Props, news: Props): Promise<pulumi.dynamic.UpdateResult> =>
      cleanly(async () => {
        const { view, lastMigration, plan } = difference(olds, news).onHosts
          ? await ensure(id, olds, news)
          : { view: viewInState(id, olds), lastMigration: undefined, plan: await currentPlan(news) };
        return { outs: outputs(news, view, plan, lastMigration ?? (olds.lastMigration as LastMigration | undefined)) };
      }),

    read: (id: string, props: Props): Promise<pulumi.dynamic.ReadResult> =>
      cleanly(async () => {
        const { hosts, inventory, uri } = await usable("observe");
        const { inputs } = parseInputs(props);
        const { domain = id, hosts: wanted = [] } = inputs;
        const last = props.currentHost as string | undefined;
        const first = [...new Set([...(last === undefined ? [] : [last]), ...wanted])].filter(
          (name) => hosts.names.length === 0 || hosts.names.includes(name),
        );
        const undone = props.__incomplete === true;
        const observed = await observe(hosts, { domain, uuid: id, first, everywhere: undone, lastHost: last }, true);
        const view = locate(id, domain, observed);
        const left = unfinished(observed.views.filter(({ uuid }) => uuid === id));
        if (left !== undefined) rowOf(props).info(`${left}; the next \`pulumi up\` sees to it`);
        // What a host keeps that cannot be asked now is not known to be gone.
        const incomplete = left !== undefined || (undone && observed.unreachable.length > 0);
        // The name found is what the next preview compares the program with: it then shows `host: "kvm-a" => "kvm-b"`.
        const moved = !wanted.includes(view.host);
        const host = moved ? view.host : props.host;
        // So does the plan: else the command that would bring it back would not show as a change.
        const plan =
          moved && inputs.migration
            ? planOf({ ...inputs, domain, hosts: [view.host], anyOf: false }, inventory, uri)
            : props.plan;
        const inputsNow = Object.fromEntries(
          inputNames.filter((name) => name in props).map((name) => [name, props[name]]),
        );
        const { __incomplete: _, ...kept } = props;
        return {
          id,
          props: withoutUndefined({
            ...kept,
            host,
            plan,
            currentHost: view.host,
            state: view.state,
            __name: cleanLine(view.name),
            ...(incomplete && { __incomplete: true }),
          }),
          inputs: withoutUndefined({ ...inputsNow, host, plan }),
        };
      }),

    /** Forgets the placement. The VM is neither stopped nor moved nor undefined. */
    delete: (): Promise<void> => Promise.resolve(),
  };

  async function usable(phase: Phase): Promise<Settings> {
    const known = await settings;
    const [first] = known.failures;
    if (!first) return known;
    throw new PlacementError({
      code: "invalidInput",
      phase: phase === "observe" ? "configure" : phase,
      action: `the stack's configuration ${first.property} cannot be used`,
      message: first.reason,
      remedies: [
        {
          do: "fix it with `pulumi config set --path`, then run `pulumi up`: refresh and destroy use the configuration of the last up",
        },
      ],
    });
  }

  /** Says what `up` will meet. In the update phase diff is called again, and what it asks here is not asked twice. */
  async function lookAhead(id: string, olds: Props, news: Props): Promise<void> {
    const { preview: asked, failures, hosts } = await settings;
    if (!asked.probe || failures.length > 0 || containsUnknown(news)) return;
    const wanted = await wantedOf(id, olds, news).catch(() => undefined);
    if (wanted === undefined) return;
    // diffs come one after the other: whoever asks twice will ask again.
    if (++lookedAhead === 2) measureAhead(hosts, asked, world.clock);
    const foresight = await preview(hosts, wanted, asked, world.clock);
    if (foresight.predicted !== undefined) predictions.set(foresight.predicted.uuid, foresight.predicted);
    show(foresight, rowOf(news));
    const error = asked.strict ? strictFailure(foresight, wanted.domain) : undefined;
    if (error) throw Object.assign(error, { stack: "" });
  }

  async function currentPlan(news: Props): Promise<Plan> {
    const { inventory, uri } = await settings;
    return planOf(parseInputs(news).inputs, inventory, uri);
  }

  /** Policies may have changed the inputs after check, so they are parsed again. */
  async function wantedOf(id: string | undefined, olds: Props, news: Props): Promise<DesiredPlacement> {
    const { inventory, uri } = await usable("configure");
    const { inputs, failures } = parseInputs(news);
    const wrong = [...failures, ...unknownHosts(inputs.hosts ?? [], inventory, () => world.sshHosts())][0];
    if (wrong || !inputs.domain || !inputs.hosts || !inputs.migration) {
      throw new PlacementError({
        code: wrong?.code ?? "invalidInput",
        phase: "check",
        action: `${wrong?.property ?? "an input"} cannot be used`,
        message: wrong?.reason ?? "it is not known",
        remedies: [{ do: "fix the program, or the policy that changed it" }],
      });
    }
    return {
      domain: inputs.domain,
      uuid: id,
      hosts: inputs.hosts,
      options: inputs.migration,
      plan: planOf(inputs, inventory, uri),
      lastHost: olds.currentHost as string | undefined,
      lastMigration: olds.lastMigration as LastMigration | undefined,
      everywhere: olds.__incomplete === true,
    };
  }

  /** create and update are one flow. */
  async function ensure(id: string | undefined, olds: Props, news: Props) {
    const { hosts, onInterrupt } = await usable("configure");
    const wanted = await wantedOf(id, olds, news);
    const { plan } = wanted;
    const progress = rowOf(news);
    let inFlight: InFlight | undefined;
    const ports: Ports = {
      clock: world.clock,
      progress,
      inFlight: (now: InFlight | undefined) => void (inFlight = now),
    };
    const work = reconcile(hosts, wanted, ports);
    const interrupted = async () => {
      const words = await interruptNotice(inFlight, onInterrupt, work, world.clock);
      if (words === undefined) return;
      progress.warn(words);
      await world.display.flush();
    };
    try {
      const placed = await sayOnInterrupt(interrupted, () => work);
      return { ...placed, lastMigration: withPrediction(placed), plan };
    } catch (error) {
      const seen = error instanceof PlacementError ? error.problem.seen : undefined;
      if (seen === undefined) throw error;
      throw partialFailure(error as PlacementError, seen, {
        ...outputs(news, seen, plan, olds.lastMigration as LastMigration | undefined),
        __incomplete: true,
      });
    }
  }

  /** What the look ahead foretold of this very move, beside what was measured. */
  function withPrediction({ view, lastMigration }: Reconciled): LastMigration | undefined {
    const predicted = predictions.get(view.uuid);
    predictions.delete(view.uuid);
    if (lastMigration === undefined || lastMigration.mode === "offline" || predicted?.to !== lastMigration.to)
      return lastMigration;
    const { verdict, durationMs, downtimeMs, totalBytes, passes } = predicted.prediction;
    return {
      ...lastMigration,
      predicted: {
        verdict,
        ...(durationMs !== undefined && { durationMs }),
        ...(downtimeMs !== undefined && { downtimeMs }),
        totalBytes,
        passes,
      },
    };
  }

  /** A warning that a look ahead has given stays given: the row says it once. */
  function rowOf(props: Props): Progress {
    const urn = typeof props.__urn === "string" ? props.__urn : "";
    const row = world.display.row(urn);
    const warn = (text: string) => {
      if (warned.has(`${urn} ${text}`)) return;
      warned.add(`${urn} ${text}`);
      row.warn(text);
    };
    return { ...row, warn };
  }

  /** Expected failures reach the user as their message alone; the server prints an error's stack too. */
  async function cleanly<T>(work: () => Promise<T>): Promise<T> {
    try {
      return withoutUndefined(await work());
    } catch (error) {
      if (error instanceof PlacementError) {
        const bare = new Error(error.message);
        bare.stack = "";
        throw bare;
      }
      // A fault of this program: its text may hold anything that it was given.
      if (error instanceof Error) {
        const { message, stack } = error;
        error.message = clean(message, maxUnexpected);
        if (stack !== undefined) error.stack = clean(stack, maxUnexpected);
      }
      throw error;
    } finally {
      await world.display.flush();
    }
  }
}

function planOf(inputs: ParsedInputs, inventory: Inventory, uri: string): Plan {
  const { domain, hosts, anyOf, migration } = inputs;
  return makePlan({ domain: domain!, hosts: hosts!, anyOf, options: migration!, inventory, uri });
}

function warnOfTwins(placements: Map<string, string>, news: Props, world: World): void {
  const { domain, __urn: urn } = news;
  if (typeof domain !== "string" || typeof urn !== "string" || domain === UNKNOWN) return;
  const other = placements.get(domain);
  if (other !== undefined && other !== urn) {
    world.display
      .row(urn)
      .warn(`${domain} is also placed by ${other}: if they name different hosts, each up moves it back and forth`);
  }
  placements.set(domain, urn);
}

const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

const handlers = createHandlers({
  dial: (inventory) => createDial({ inventory }),
  sshHosts: () => sshConfigHosts(),
  clock: systemClock,
  display: createDisplay(process.argv[2]),
});

endWithEngine(process.argv[2], () => process.exit(1));

export const { configure, check, diff, create, update, read } = handlers;
const remove = handlers.delete;
export { remove as delete };
