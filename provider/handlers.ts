/** Pulumi's boundary: decode, call, encode. Found by users' states under the name pulumi-vm-placement/handlers, for ever. */
import type * as pulumi from "@pulumi/pulumi";
import type { LastMigration } from "./core/args";
import { PlacementError } from "./core/errors";
import { once } from "./core/once";
import type { Clock, InFlight, Ports, Progress } from "./core/ports";
import { showOutcome, withOutcome } from "./core/predict/past";
import { late } from "./late";
import { systemClock } from "./observe/clock";
import { checkInputs } from "./pulumi/check";
import { desiredOf } from "./pulumi/desired";
import { createDisplay, type Display } from "./pulumi/display";
import { createDuplicateWarning } from "./pulumi/duplicates";
import { driftRefused } from "./pulumi/drift";
import { planOf } from "./pulumi/inputs";
import { engineAddress } from "./pulumi/engineAddress";
import { sayOnInterrupt } from "./pulumi/interrupt";
import { endWithEngine } from "./pulumi/orphan";
import { OwnInventories } from "./pulumi/ownInventory";
import { Interruptions, leftRunning } from "./pulumi/interruptions";
import { Phases, type PhasesKnown } from "./pulumi/phases";
import type { Ahead } from "./pulumi/ahead";
import type { History } from "./pulumi/history";
import type { FactsAhead } from "./preflight/factsAhead";
import { respond } from "./pulumi/respond";
import type { InvokeResult } from "./pulumi/functions";
import { createRows } from "./pulumi/rows";
import { readSettings, type Settings } from "./pulumi/settings";
import { outputs, partialFailure, previewed, type Props, viewInState } from "./pulumi/state";
import type { World } from "./pulumi/world";
import { difference, parseInputs, renderInputFailure } from "./schema";
import { sshConfigHosts } from "./ssh/config";

/** Of this process. */
const history = once((): History => new (late.history().History)());

/** @param phases What Pulumi does with each resource, where the protocol of the caller does not say it with each call. */
export function createHandlers(world: World, phases: PhasesKnown = new Phases()) {
  const { clock, display } = world;
  let configured: (settings: Settings) => void;
  // The server hands out the provider before configure is done: every call waits for this.
  const stack = new Promise<Settings>((resolve) => (configured = resolve));
  const inventories = new OwnInventories();
  const settingsOf = async (props: Props) => inventories.settingsOf(await stack, props);
  const rowOf = createRows(display);
  const warnOfDuplicate = createDuplicateWarning(display);
  const interruptions = new Interruptions();
  const ahead = once((): Ahead => new (late.ahead().Ahead)(clock, phases));
  const running = (news: Props) => ({ clock, display, progress: rowOf(news), facts: ahead().facts, interruptions });
  const reconciled = async (id: string | undefined, olds: Props, news: Props) =>
    createOrUpdate(await settingsOf(news), { id, olds, news }, running(news));

  return {
    configure: (request: { config: { get(key: string): string | undefined } }): Promise<void> =>
      Promise.resolve(configured(readSettings((key) => request.config.get(key), world))),

    check: (_olds: Props, news: Props): Promise<pulumi.dynamic.CheckResult> =>
      respond(display, async () => {
        const inputs = phases.checked(news);
        const checked = checkInputs(await settingsOf(inputs), inputs);
        if (checked.failures.length === 0) warnOfDuplicate(inputs);
        return checked;
      }),

    diff: (id: string, olds: Props, news: Props): Promise<pulumi.dynamic.DiffResult> =>
      respond(display, async () => {
        const { changes, replaces, onHosts } = difference(olds, news);
        if (onHosts && replaces.length === 0)
          await ahead().look(await settingsOf(news), { id, olds, news }, rowOf(news));
        return { changes, replaces, deleteBeforeReplace: false };
      }),

    create: (news: Props): Promise<pulumi.dynamic.CreateResult> =>
      respond(display, async () => {
        const { view, lastMigration, plan } = await reconciled(undefined, {}, news);
        return { id: view.uuid, outs: outputs(news, view, plan, lastMigration) };
      }),

    update: (id: string, olds: Props, news: Props): Promise<pulumi.dynamic.UpdateResult> =>
      respond(display, async () => {
        if (!difference(olds, news).onHosts) return { outs: recorded(await settingsOf(news), id, olds, news) };
        const { view, lastMigration, plan } = await reconciled(id, olds, news);
        return { outs: outputs(news, view, plan, lastMigration ?? lastOf(olds)) };
      }),

    read: (id: string, props: Props): Promise<pulumi.dynamic.ReadResult> =>
      respond(display, async () => {
        phases.read(props);
        return late.read().readPlacement(await settingsOf(props), id, props, rowOf(props));
      }),

    /** Forgets the placement. The VM is neither stopped nor moved nor undefined. */
    delete: (): Promise<void> => Promise.resolve(),
    ...beyondDynamic(world, { stack, settingsOf, ahead, rowOf, interruptions }),
  };
}

interface Shared {
  stack: Promise<Settings>;
  settingsOf: (props: Props) => Promise<Settings>;
  ahead: () => Ahead;
  rowOf: (props: Props) => Progress;
  interruptions: Interruptions;
}

/** What the protocol of dynamic resources has no call for. */
function beyondDynamic(world: World, { stack, settingsOf, ahead, rowOf, interruptions }: Shared) {
  const { clock, display } = world;
  return {
    /** What is wrong with a configuration, before any placement has it. */
    checkConfig: (get: (key: string) => string | undefined): Promise<{ property: string; reason: string }[]> =>
      respond(display, () =>
        readSettings(get, world).failures.map((each) => ({
          property: each.property,
          reason: renderInputFailure(each),
        })),
      ),

    /** For a placement that is in no state yet. @param id the VM: its name or its UUID. */
    find: (id: string): Promise<pulumi.dynamic.ReadResult> =>
      respond(display, async () => late.found().findPlacement(await stack, id)),

    /**
     * The properties that a placement will have. What an update will meet is told in its row.
     *
     * @param id undefined: the placement is to be created.
     * @throws Error with `vm-placement:strictPreview`, where there is a blocker.
     */
    preview: (id: string | undefined, olds: Props, news: Props): Promise<Props> =>
      respond(display, async () => {
        const { onHosts } = difference(olds, news);
        if (id !== undefined && onHosts) await ahead().preview(await settingsOf(news), { id, olds, news }, rowOf(news));
        return previewed(id, olds, news, id === undefined || onHosts);
      }),

    /** A function of the package. */
    invoke: (name: string, args: Props): Promise<InvokeResult> =>
      respond(display, async () => late.functions().invoke(await stack, name, args, clock)),

    /** Ends what is being done. A migration in progress is left to go on, or is cancelled, as `vm-placement:onInterrupt` says. */
    cancel: (): Promise<void> => respond(display, () => interruptions.cancelAll()),
  };
}

/** An update that asks no host. */
function recorded(settings: Settings, id: string, olds: Props, news: Props): Props {
  return outputs(news, viewInState(id, olds), planOf(settings, parseInputs(news).inputs), lastOf(olds));
}

function lastOf(olds: Props): LastMigration | undefined {
  return olds.lastMigration as LastMigration | undefined;
}

const urnOf = ({ __urn: urn }: Props) => (typeof urn === "string" ? urn : "");

interface Running {
  clock: Clock;
  display: Display;
  progress: Progress;
  facts: FactsAhead;
  interruptions: Interruptions;
}

/** The reconcile, with its trace; `end` adds what came of it to the history. */
function noted(
  known: Settings,
  desired: ReturnType<typeof desiredOf>,
  urn: string,
  { ports: plain, facts }: { ports: Ports; facts: FactsAhead },
) {
  const { hosts, history: file } = known;
  const { ports, end } =
    file === undefined ? { ports: plain, end: async () => {} } : history().begin({ file, hosts, urn }, plain);
  const { domain, hosts: names } = desired;
  const attributes = { "pulumi.urn": urn, "vm_placement.domain": domain, "vm_placement.hosts": [...names] };
  const work = late
    .tracing()
    .traced(attributes, ports, (all) => late.reconcile().reconcile(hosts, desired, all, facts));
  return { work, end };
}

async function createOrUpdate(
  known: Settings,
  { id, olds, news }: { id: string | undefined; olds: Props; news: Props },
  { clock, display, progress, facts, interruptions }: Running,
) {
  const desired = desiredOf(known, id, olds, news);
  const { plan } = desired;
  let inFlight: InFlight | undefined;
  const ports: Ports = {
    clock,
    progress,
    inFlight: (now: InFlight | undefined) => void (inFlight = now),
    mayStart: (migration) => interruptions.refuseStart(migration),
  };
  const { work, end } = noted(known, desired, urnOf(news), { ports, facts });
  const noticeOf = () => late.interruptNotice().interruptNotice(inFlight, known.onInterrupt, work, clock);
  const interrupted = async () => {
    const notice = await noticeOf();
    if (notice === undefined) return;
    progress.warn(notice);
    await display.flush();
  };
  const leave = async () => {
    const left = inFlight;
    const notice = await noticeOf();
    return left && notice !== undefined ? leftRunning(left, notice) : undefined;
  };
  try {
    const result = await sayOnInterrupt(interrupted, () => interruptions.cancellable(work, leave));
    const { view, lastMigration: moved } = result;
    await end({ lastMigration: moved });
    const lastMigration = moved && withOutcome(moved, desired.lastMigration);
    const outcome = lastMigration && showOutcome(lastMigration);
    if (outcome !== undefined) progress.info(outcome);
    return { view, lastMigration, plan };
  } catch (error) {
    await end({ error });
    const seen = error instanceof PlacementError ? error.problem.seen : undefined;
    if (seen === undefined) throw error;
    throw partialFailure(error as PlacementError, seen, {
      ...outputs(news, seen, plan, lastOf(olds)),
      __incomplete: true,
      ...((error as PlacementError).problem.code === "driftFound" && driftRefused(olds)),
    });
  }
}

/** That of the process. */
export function createWorld(): World {
  return {
    dial: (inventory, ssh, note) => {
      const dial = once(() => late.ssh().createDial({ inventory, ssh, note }));
      return (host) => dial()(host);
    },
    sshHosts: () => sshConfigHosts(),
    clock: systemClock,
    display: createDisplay(engineAddress),
  };
}

if (process.env["PULUMI_OTEL_EXPORTER_OTLP_ENDPOINT"]) late.traceExport().exportSpans();

const handlers = createHandlers(createWorld());

endWithEngine(engineAddress, () => process.exit(1));

export const { configure, check, diff, create, update, read } = handlers;
const remove = handlers.delete;
export { remove as delete };
