/** What Pulumi keeps of a placement. */
import { cleanLine } from "../core/clean";
import type { LastMigration, Plan } from "../core/args";
import type { DomainView } from "../core/domain";
import type { PlacementError } from "../core/errors";
import { schemaVersion, UNKNOWN, withoutUndefined } from "../schema";

export type Props = Record<string, unknown>;

export function outputs(news: Props, view: DomainView, plan: Plan, lastMigration: LastMigration | undefined): Props {
  const { __incomplete: _, ...kept } = news;
  return withoutUndefined({
    ...kept,
    currentHost: view.host,
    domainUuid: view.uuid,
    state: view.state,
    plan,
    lastMigration,
    schemaVersion,
    // State of an older schema has no name to keep.
    __name: view.name === "" ? undefined : cleanLine(view.name),
  });
}

/** What a preview knows of the properties after the update. @param asksHosts the hosts decide about the rest. */
export function previewed(id: string | undefined, olds: Props, news: Props, asksHosts: boolean): Props {
  const { currentHost, state, lastMigration } = asksHosts
    ? { currentHost: UNKNOWN, state: UNKNOWN, lastMigration: UNKNOWN }
    : olds;
  return withoutUndefined({ ...news, currentHost, domainUuid: id ?? UNKNOWN, state, lastMigration, schemaVersion });
}

/** For an update that asks no host: what the state holds. */
export function viewInState(uuid: string, olds: Props): DomainView {
  return {
    uuid,
    host: olds.currentHost as string,
    state: olds.state as string,
    reason: "",
    name: (olds.__name as string | undefined) ?? "",
    persistent: true,
    autostart: false,
    managedSave: false,
  };
}

/** Pulumi keeps `properties` as the resource's state, shows `reasons`, and calls update again on the next up. */
export function partialFailure(error: PlacementError, seen: DomainView, properties: Props): Error {
  return Object.assign(new Error(error.message, { cause: error }), {
    id: seen.uuid,
    properties,
    reasons: [error.message],
    stack: "",
  });
}
