/** A VM that something else than `up` has moved: what a refresh, a preview and an update make of it. */
import assert from "node:assert/strict";
import { fakeDomain, fakeUuid } from "../../../lab/simulated";
import type { Props } from "../../../provider/pulumi/state";
import { boundary, refusal } from "../../support/boundary";

/** Placed on kvm-a by `up`. */
async function placed(onDrift?: string) {
  const world = boundary();
  const given = (more: Props = {}) => world.inputs({ ...(onDrift !== undefined && { onDrift }), ...more });
  const { outs } = (await world.create(await given())) as { outs: Props };
  return {
    ...world,
    outs,
    given,
    byHand: (from: string, to: string) => {
      world.host(from).domains = [];
      world.host(to).domains = [fakeDomain()];
      world.later(60_000);
    },
    refreshed: async (state: Props) => ((await world.read(fakeUuid, state)) as { props: Props }).props,
    updated: async (state: Props, inputs: Props) =>
      ((await world.update(fakeUuid, state, inputs)) as { outs: Props }).outs,
    changes: async (state: Props, inputs: Props) => (await world.diff(fakeUuid, state, inputs)).changes,
    runsOn: () => ["kvm-a", "kvm-b", "kvm-c"].filter((name) => world.host(name).domains.length > 0).join(),
  };
}

describe("a VM that was moved by hand", () => {
  it("is moved back as soon as a refresh has found it", async () => {
    const { outs, given, byHand, refreshed, updated, changes, runsOn } = await placed();
    byHand("kvm-a", "kvm-c");
    const state = await refreshed(outs);
    assert.equal(state["host"], "kvm-c");
    assert.equal(await changes(state, await given()), true);
    assert.equal((await updated(state, await given()))["currentHost"], "kvm-a");
    assert.equal(runsOn(), "kvm-a");
  });

  it("is shown as before where it was moved back by hand too, however often it was refreshed", async () => {
    const { outs, given, byHand, refreshed, changes } = await placed();
    byHand("kvm-a", "kvm-c");
    const found = await refreshed(await refreshed(outs));
    byHand("kvm-c", "kvm-a");
    const back = await refreshed(found);
    assert.deepEqual(back, outs);
    assert.equal(await changes(back, await given()), false);
  });

  describe('with onDrift: "adopt"', () => {
    it("stays where it is, and no update is shown", async () => {
      const { outs, given, byHand, refreshed, changes, shown } = await placed("adopt");
      byHand("kvm-a", "kvm-c");
      const state = await refreshed(outs);
      assert.deepEqual([state["host"], state["currentHost"]], ["kvm-a", "kvm-c"]);
      assert.equal(await changes(state, await given()), false);
      assert.match(shown[shown.length - 1]!.text, /db-01 was moved to kvm-c .*it stays there until `host` changes/);
      assert.equal(await changes(await refreshed(state), await given()), false);
    });

    it("stays also where an update asks the hosts for another reason", async () => {
      const { outs, given, byHand, refreshed, updated, runsOn } = await placed("adopt");
      byHand("kvm-a", "kvm-c");
      const state = await updated(await refreshed(outs), await given({ domain: fakeUuid }));
      assert.equal(state["currentHost"], "kvm-c");
      assert.equal(runsOn(), "kvm-c");
    });

    it("is moved once the program names another host", async () => {
      const { outs, given, byHand, refreshed, updated, runsOn } = await placed("adopt");
      byHand("kvm-a", "kvm-c");
      const state = await updated(await refreshed(outs), await given({ host: "kvm-b" }));
      assert.equal(state["currentHost"], "kvm-b");
      assert.equal(runsOn(), "kvm-b");
    });

    it("stays where that was chosen only after a refresh had found it", async () => {
      const { outs, given, byHand, refreshed, updated, runsOn } = await placed();
      byHand("kvm-a", "kvm-c");
      const state = await updated(await refreshed(outs), await given({ onDrift: "adopt" }));
      assert.deepEqual([state["host"], state["currentHost"]], ["kvm-a", "kvm-c"]);
      assert.equal(runsOn(), "kvm-c");
    });

    it("is moved where an update that the program asked for had failed", async () => {
      const { outs, given, host, later, update, refreshed, updated, changes } = await placed("adopt");
      host("kvm-b").down = true;
      const desired = await given({ host: "kvm-b" });
      const failed = (await refusal(update(fakeUuid, outs, desired))).properties!;
      host("kvm-b").down = false;
      later(60_000);
      const state = await refreshed(failed);
      assert.equal(await changes(state, desired), true);
      assert.equal((await updated(state, desired))["currentHost"], "kvm-b");
    });
  });

  describe('with onDrift: "fail"', () => {
    it("is moved nowhere, as often as it is tried, and an error says where it is", async () => {
      const { outs, given, byHand, refreshed, update, runsOn } = await placed("fail");
      byHand("kvm-a", "kvm-c");
      let state = await refreshed(outs);
      for (const desired of [await given(), await given({ host: "kvm-b" }), await given()]) {
        const error = await refusal(update(fakeUuid, state, desired));
        assert.match(error.message, /db-01 is on kvm-c, and `up` left it on kvm-a.+\[driftFound\]$/s);
        state = await refreshed(error.properties!);
      }
      assert.equal(runsOn(), "kvm-c");
    });

    it("is moved nowhere where no refresh has found it either", async () => {
      const { outs, given, byHand, update, runsOn } = await placed("fail");
      byHand("kvm-a", "kvm-c");
      const first = await refusal(update(fakeUuid, outs, await given({ host: "kvm-b" })));
      const again = await refusal(update(fakeUuid, first.properties!, await given({ host: "kvm-b" })));
      assert.match(again.message, /\[driftFound\]$/);
      assert.equal(runsOn(), "kvm-c");
    });

    it("is placed again once the program names the host that it is on", async () => {
      const { outs, given, byHand, refreshed, updated, changes, runsOn } = await placed("fail");
      byHand("kvm-a", "kvm-c");
      const state = await refreshed(outs);
      const accepted = await given({ host: "kvm-c" });
      assert.equal(await changes(state, accepted), true);
      const settled = await updated(state, accepted);
      assert.equal(await changes(settled, accepted), false);
      assert.equal((await updated(settled, await given({ host: "kvm-b" })))["currentHost"], "kvm-b");
      assert.equal(runsOn(), "kvm-b");
    });

    it("is moved by the program as ever while nothing else moves it", async () => {
      const { outs, given, updated } = await placed("fail");
      assert.equal((await updated(outs, await given({ host: "kvm-b" })))["currentHost"], "kvm-b");
    });
  });

  it("a wrong value is refused, and names what is allowed", async () => {
    const { check } = boundary();
    const { failures } = await check({}, { domain: "db-01", host: "kvm-a", onDrift: "stay" });
    assert.match(failures![0]!.reason, /got "stay"; expected "moveBack", "adopt" or "fail"/);
    assert.equal(failures![0]!.property, "onDrift");
  });
});
