/** What stands against a maintenance, before anything is touched. */
import type { Asked } from "../../maintain/model";
import type { Session } from "../verb";
import { healthOf } from "./health";
import { withFreshHosts } from "./freshHosts";
import { planOf } from "./planOf";

export async function check(session: Session, file: string, asked: Asked): Promise<string[]> {
  const found: string[] = [];
  for (const host of asked.hosts) {
    const own = await withFreshHosts(session, (fresh) => ofHost(fresh, file, asked, host));
    found.push(...own.map((text) => `${host}: ${text}`));
  }
  return [...new Set(found)];
}

async function ofHost(session: Session, file: string, asked: Asked, host: string): Promise<string[]> {
  if (session.settings.inventory[host]?.maintenance === true)
    return ["it has maintenance: true in the inventory, so VMs that leave it could not come back"];
  const plan = await planOf(session, file, "evacuate", host);
  const stuck = plan.unmovable
    .map(({ name, reason, obstacle }) => {
      if (!asked.shutdownUnmovable) return `${name} cannot leave: ${reason}`;
      return obstacle === undefined ? undefined : `${name} can neither leave (${reason}) nor be shut down: ${obstacle}`;
    })
    .filter((text) => text !== undefined);
  if (plan.hindrances.length > 0) return [...plan.hindrances, ...stuck];
  return [...stuck, ...(await healthOf(session.hosts, host, plan.partners, session.clock))];
}
