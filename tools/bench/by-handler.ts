/** The provider's side: `update` of the built handlers, in this process, with its real ssh. */
import { join } from "node:path";
import type { Lab } from "../../lab/libvirt";
import { type Build, type InProcess, providerInProcess } from "../in-process";

type Props = Record<string, unknown>;

export interface Placement {
  id: string;
  domain: string;
  migration?: Props;
}

export interface BenchMove extends Placement {
  from: string;
  to: string;
}

/** What is measured is what users get: compiled. */
async function built(): Promise<Build> {
  const modules = await Promise.all(
    ["handlers.js", "ssh/index.js"].map(
      (name) => import(join(__dirname, "../../dist", name)) as Promise<Partial<Build>>,
    ),
  );
  return Object.assign({}, ...modules) as Build;
}

/** A move by handlers that have no connection yet, as in every `pulumi up`. Returns the milliseconds that `diff` and `update` took. */
export async function moveByHandler(lab: Lab, placement: Placement, from: string, to: string): Promise<number> {
  const { handlers, close } = await providerInProcess(lab, await built());
  try {
    const move = { ...placement, from, to };
    const { olds, news } = await checked(handlers, move);
    const start = performance.now();
    await update(handlers, move, olds, news);
    return performance.now() - start;
  } finally {
    await close();
  }
}

/** All at once, as Pulumi does what does not wait for each other. */
export async function moveAllByHandler(lab: Lab, moves: readonly BenchMove[]): Promise<void> {
  const { handlers, close } = await providerInProcess(lab, await built());
  try {
    await Promise.all(
      moves.map(async (move) => {
        const { olds, news } = await checked(handlers, move);
        await update(handlers, move, olds, news);
      }),
    );
  } finally {
    await close();
  }
}

type Handlers = InProcess["handlers"];

async function checked(
  handlers: Handlers,
  { id, domain, migration = {}, from, to }: BenchMove,
): Promise<{ olds: Props; news: Props }> {
  const olds: Props = { domain, host: from, currentHost: from, domainUuid: id, state: "running", __name: domain };
  const news = (await handlers.check(olds, { domain, host: to, migration, __dryRun: false })).inputs as Props;
  return { olds, news };
}

async function update(handlers: Handlers, { id, domain, to }: BenchMove, olds: Props, news: Props): Promise<void> {
  // As Pulumi calls it, a moment before the update.
  await handlers.diff(id, olds, news);
  const outs = (await handlers.update(id, olds, news)).outs as Props;
  if (outs["currentHost"] === to && outs["lastMigration"] !== undefined) return;
  throw new Error(`the handler did not move ${domain} to ${to}: ${JSON.stringify(outs)}`);
}
