/** A user's program, word for word: index.ts of the projects that package.test.ts makes. Compiling it is half of the test. */
import * as pulumi from "@pulumi/pulumi";
import {
  type LastMigration,
  type MigrationArgs,
  type Plan,
  VmPlacement,
  type VmPlacementArgs,
} from "pulumi-vm-placement";

const config = new pulumi.Config();
const migration: MigrationArgs = { autoConverge: { initial: 20 }, maxDowntime: "500ms", timeout: "5m" };
const args: VmPlacementArgs = { domain: "db-01", host: config.require("host"), migration };
const db = new VmPlacement("db", args);
const archive = new VmPlacement("archive", {
  domain: pulumi.output("archive-01"),
  host: [db.currentHost],
  migration: { mode: pulumi.output("offline" as const) },
});

export const where: pulumi.Output<string> = db.currentHost;
export const archived: pulumi.Output<string> = archive.currentHost;
export const plan: pulumi.Output<Plan> = db.plan;
export const last: pulumi.Output<LastMigration | undefined> = db.lastMigration;

export function wrong(): void {
  // @ts-expect-error host is required
  new VmPlacement("a", { domain: "db-01" });
  // @ts-expect-error a bare number has no unit
  new VmPlacement("b", { domain: "db-01", host: "kvm-a", migration: { timeout: 30 } });
  // @ts-expect-error no such mode
  new VmPlacement("c", { domain: "db-01", host: "kvm-a", migration: { mode: "warm" } });
  // @ts-expect-error no such option
  new VmPlacement("d", { domain: "db-01", host: "kvm-a", migration: { postcopy: true } });
  // @ts-expect-error an output is not to be set
  new VmPlacement("e", { domain: "db-01", host: "kvm-a", currentHost: "kvm-b" });
}
