import assert from "node:assert/strict";
import { PlacementError } from "../../../provider/core/errors";
import type { InFlight } from "../../../provider/core/ports";
import { interruptNotice } from "../../../provider/reconcile/interruptNotice";
import { FakeClock } from "../../support/fake-clock";
import { migrationOf } from "../../support/migrations";
import { view } from "../../support/views";

const inFlight = (differing: Partial<InFlight> = {}): InFlight => ({
  migration: migrationOf(),
  inPostCopy: false,
  cancel: () => Promise.reject(new Error("nothing was to be cancelled")),
  ...differing,
});
const cancelled = { cancel: () => Promise.resolve() };
const never = new Promise<never>(() => {});

function stayed(seen?: ReturnType<typeof view>): PlacementError {
  return new PlacementError({
    code: "migrationFailed",
    phase: "watch",
    action: "cannot move db-01",
    message: "libvirt does not answer",
    remedies: [{ do: "look" }],
    ...(seen && { seen }),
  });
}

const say = (
  now: InFlight | undefined,
  onInterrupt: "leave" | "abort",
  work: Promise<unknown> = never,
  clock = new FakeClock(),
) => interruptNotice(now, onInterrupt, work, clock);

describe("the last line of an interrupted run", () => {
  it("is not there while no migration is in progress", async () => {
    assert.equal(await say(undefined, "abort"), undefined);
  });

  it("tells where the VM is, who moves it on, and how to cancel that", async () => {
    assert.equal(
      await say(inFlight(), "leave"),
      "interrupted: db-01 runs on kvm-a, and its migration to kvm-b goes on without pulumi. The next `pulumi up` watches it to its end; `virsh domjobabort db-01` on kvm-a cancels it",
    );
  });

  it("tells in post-copy that the VM runs on the destination, and that nothing can cancel it", async () => {
    const left = await say(inFlight({ inPostCopy: true }), "leave");
    assert.match(left!, /db-01 runs on kvm-b already, .* without pulumi\. The next/);
    const asked = await say(inFlight({ inPostCopy: true }), "abort");
    assert.match(
      asked!,
      /db-01 runs on kvm-b already, .* without pulumi, and in post-copy that cannot be cancelled\. The next/,
    );
  });

  it("never cancels an offline move, which takes a moment", async () => {
    assert.match(
      (await say(inFlight({ migration: migrationOf({ how: "offline" }) }), "abort"))!,
      /db-01 is shut off, .* from kvm-a to kvm-b/,
    );
  });

  it("waits for the end of a cancelled migration, and tells what both hosts then say", async () => {
    const work = Promise.reject(stayed(view("kvm-a", "running (migration canceled)")));
    assert.equal(
      await say(inFlight(cancelled), "abort", work),
      "interrupted: the migration of db-01 was cancelled, and it is running (migration canceled) on kvm-a. The next `pulumi up` starts a new one",
    );
  });

  it("tells that the VM had moved where the cancel came too late", async () => {
    assert.equal(
      await say(inFlight(cancelled), "abort", Promise.resolve("placed")),
      "interrupted: db-01 had moved to kvm-b before it could be cancelled",
    );
  });

  it("claims nothing when libvirt does not confirm the cancel in the time there is", async () => {
    const clock = new FakeClock();
    const notice = await say(inFlight(cancelled), "abort", never, clock);
    assert.match(
      notice!,
      /was asked to cancel the migration of db-01 from kvm-a to kvm-b, and has not confirmed it yet/,
    );
    assert.ok(clock.elapsedMs > 3000 && clock.elapsedMs < 4700, `${clock.elapsedMs} ms of the 5 s that Pulumi gives`);
  });

  it("tells why it could not be cancelled", async () => {
    const refused = inFlight({ cancel: () => Promise.reject(stayed()) });
    assert.match(
      (await say(refused, "abort"))!,
      /could not be cancelled \(libvirt does not answer\)\. The next `pulumi up` finds the VM wherever it is$/,
    );
  });
});
