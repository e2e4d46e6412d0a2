import type { DomainView } from "../../provider/core/domain";
import { parseDomState } from "../../provider/virsh/parse";

export const dbUuid = "285f89bb-e6d0-47b6-a7b7-7b8184b74154";

/** db-01 as a host sees it: its state in virsh's words, and what differs from a plain defined VM. */
export function view(host: string, state: string, differing: Partial<DomainView> = {}): DomainView {
  return {
    host,
    uuid: dbUuid,
    name: "db-01",
    ...parseDomState(state),
    persistent: true,
    autostart: false,
    managedSave: false,
    ...differing,
  };
}
