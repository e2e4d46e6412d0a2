/** The provider's side: `update` of the built handlers, in this process, with its real ssh. */
import { join } from "node:path";
import type { Lab } from "../../lab/libvirt";
import { type Build, providerInProcess } from "../in-process";

type Props = Record<string, unknown>;

export interface Placement {
  id: string;
  domain: string;
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

/** A move by handlers that have no connection yet, as in every `pulumi up`. Returns the milliseconds that `update` took. */
export async function moveByHandler(lab: Lab, { id, domain }: Placement, from: string, to: string): Promise<number> {
  const { handlers, close } = await providerInProcess(lab, await built());
  try {
    const olds: Props = { domain, host: from, currentHost: from, domainUuid: id, state: "running", __name: domain };
    const checked = await handlers.check(olds, { domain, host: to });
    const start = performance.now();
    const updated = await handlers.update(id, olds, checked.inputs as Props);
    const ms = performance.now() - start;
    const outs = updated.outs as Props;
    if (outs["currentHost"] !== to || outs["lastMigration"] === undefined) {
      throw new Error(`the handler did not move ${domain} to ${to}: ${JSON.stringify(outs)}`);
    }
    return ms;
  } finally {
    await close();
  }
}
