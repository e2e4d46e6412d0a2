import type { Migration } from "../../provider/core/migration";
import { fakeUuid } from "../../lab/simulated";
import { view } from "./views";

/** db-01 from kvm-a to kvm-b. */
export function migrationOf(differing: Partial<Migration> = {}): Migration {
  return {
    domain: view("kvm-a", "running (booted)", { uuid: fakeUuid }),
    source: "kvm-a",
    destination: "kvm-b",
    how: "live",
    reason: "host is kvm-b",
    options: { mode: "auto" },
    before: [],
    peer: "qemu+ssh://kvm-b/system",
    staleImages: [],
    ...differing,
  };
}
