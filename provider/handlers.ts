/** Pulumi's boundary: decode, call, encode. Found by users' states under the name pulumi-vm-placement/handlers, for ever. */
import type * as pulumi from "@pulumi/pulumi";
import type { LastMigration } from "./core/args";
import { PlacementError } from "./core/errors";
import type { Clock, InFlight, Ports, Progress } from "./core/ports";
import { showOutcome, withOutcome } from "./core/predict/past";
import { late, once } from "./late";
import { systemClock } from "./observe/clock";
import { checkInputs } from "./pulumi/check";
import { desiredOf } from "./pulumi/desired";
import { createDisplay, type Display } from "./pulumi/display";
import { createDuplicateWarning } from "./pulumi/duplicates";
import { driftRefused } from "./pulumi/drift";
import { planOf } from "./pulumi/inputs";
import { sayOnInterrupt } from "./pulumi/interrupt";
import { endWithEngine } from "./pulumi/orphan";
import { OwnInventories } from "./pulumi/ownInventory";
import { Phases } from "./pulumi/phases";
import type { Ahead } from "./pulumi/ahead";
import type { FactsAhead } from "./preflight/factsAhead";
import { respond } from "./pulumi/respond";
import { createRows } from "./pulumi/rows";
import { readSettings, type Settings } from "./pulumi/settings";
import { outputs, partialFailure, type Props, viewInState } from "./pulumi/state";
import type { World } from "./pulumi/world";
import { difference, parseInputs } from "./schema";
import { sshConfigHosts } from "./ssh/config";

export function createHandlers(world: World) {
  const { clock, display } = world;
  let configured: (settings: Settings) => void;
  // The server hands out the provider before configure is done: every call waits for this.
  const stack = new Promise<Settings>((resolve) => (configured = resolve));
  const inventories = new OwnInventories();
  const settingsOf = async (props: Props) => inventories.settingsOf(await stack, props);
  const rowOf = createRows(display);
  const warnOfDuplicate = createDuplicateWarning(display);
  const phases = new Phases();
  const ahead = once((): Ahead => new (late.ahead().Ahead)(clock, phases));
  const running = (news: Props) => ({ clock, display, progress: rowOf(news), facts: ahead().facts });
  const reconciled = async (id: string | undefined, olds: Props, news: Props) =>
    createOrUpdate(await settingsOf(news), { id, olds, news }, running(news));

  return {
    configure: (request: { config: { get(key: string): string | undefined } }): Promise<void> => {
      configured(readSettings((key) => request.config.get(key), world));
      return Promise.resolve();
    },

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
  };
}

/** An update that asks no host. */
function recorded(settings: Settings, id: string, olds: Props, news: Props): Props {
  return outputs(news, viewInState(id, olds), planOf(settings, parseInputs(news).inputs), lastOf(olds));
}

function lastOf(olds: Props): LastMigration | undefined {
  return olds.lastMigration as LastMigration | undefined;
}

interface Running {
  clock: Clock;
  display: Display;
  progress: Progress;
  facts: FactsAhead;
}

async function createOrUpdate(
  known: Settings,
  { id, olds, news }: { id: string | undefined; olds: Props; news: Props },
  { clock, display, progress, facts }: Running,
) {
  const desired = desiredOf(known, id, olds, news);
  const { plan } = desired;
  let inFlight: InFlight | undefined;
  const ports: Ports = { clock, progress, inFlight: (now: InFlight | undefined) => void (inFlight = now) };
  const work = late.reconcile().reconcile(known.hosts, desired, ports, facts);
  const interrupted = async () => {
    const notice = await late.interruptNotice().interruptNotice(inFlight, known.onInterrupt, work, clock);
    if (notice === undefined) return;
    progress.warn(notice);
    await display.flush();
  };
  try {
    const { view, lastMigration: moved } = await sayOnInterrupt(interrupted, () => work);
    const lastMigration = moved && withOutcome(moved, desired.lastMigration);
    const outcome = lastMigration && showOutcome(lastMigration);
    if (outcome !== undefined) progress.info(outcome);
    return { view, lastMigration, plan };
  } catch (error) {
    const seen = error instanceof PlacementError ? error.problem.seen : undefined;
    if (seen === undefined) throw error;
    throw partialFailure(error as PlacementError, seen, {
      ...outputs(news, seen, plan, lastOf(olds)),
      __incomplete: true,
      ...((error as PlacementError).problem.code === "driftFound" && driftRefused(olds)),
    });
  }
}

const handlers = createHandlers({
  dial: (inventory, ssh, note) => {
    const dial = once(() => late.ssh().createDial({ inventory, ssh, note }));
    return (host) => dial()(host);
  },
  sshHosts: () => sshConfigHosts(),
  clock: systemClock,
  display: createDisplay(process.argv[2]),
});

endWithEngine(process.argv[2], () => process.exit(1));

export const { configure, check, diff, create, update, read } = handlers;
const remove = handlers.delete;
export { remove as delete };
