import { type DomainView, showState } from "../core/domain";
import { PlacementError } from "../core/errors";
import type { Hosts } from "./hosts";
import type { Ports } from "./migrate";

/**
 * The machine runs where it should; what an unfinished migration left is cleared up: a definition that is shut off elsewhere is
 * removed (its NVRAM kept), and the machine is defined where it runs. Every fact is looked up again right before.
 */
export async function finish(
  hosts: Hosts,
  view: DomainView,
  leftovers: readonly DomainView[],
  { progress }: Ports,
): Promise<DomainView> {
  const home = await hosts.virsh(view.host);
  let now = await mustRun(home, view);
  if (!now.persistent) {
    await home.makePersistent(view.uuid);
    progress.info(`defined ${view.name} on ${view.host}`);
  }
  if (leftovers.some(({ autostart }) => autostart) && !now.autostart) await home.setAutostart(view.uuid, true);
  for (const leftover of leftovers) {
    const there = await hosts.virsh(leftover.host);
    const definition = await there.view(view.uuid);
    if (definition === undefined) continue;
    await mustRun(home, view);
    if (definition.state !== "shut off") {
      throw new PlacementError({
        code: "domainOnTwoHosts",
        phase: "decide",
        what: `cannot remove the leftover definition of ${view.name} on ${leftover.host}`,
        domain: view.name,
        host: leftover.host,
        why: `it is ${showState(definition)} there`,
        next: "run `pulumi up` again; it looks anew",
      });
    }
    await there.undefine(view.uuid);
    progress.info(`removed the leftover definition of ${view.name} on ${leftover.host}`);
  }
  hosts.forget(view.host, ...leftovers.map(({ host }) => host));
  now = await mustRun(home, view);
  return now;
}

async function mustRun(
  home: { view(uuid: string): Promise<DomainView | undefined> },
  { uuid, name, host }: DomainView,
): Promise<DomainView> {
  const view = await home.view(uuid);
  if (view !== undefined && (view.state === "running" || view.state === "paused")) return view;
  throw new PlacementError({
    code: "domainStateUnfit",
    phase: "decide",
    what: `cannot clear up what is left of ${name}'s migration`,
    domain: name,
    host,
    why: `it does not run on ${host} (${view ? showState(view) : "not there"}), so no other definition is touched`,
    next: "start it where it belongs, then run `pulumi up` again",
  });
}
