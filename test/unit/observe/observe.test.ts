import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { PlacementError } from "../../../provider/core/errors";
import type { Hosts } from "../../../provider/observe/hosts";
import { observe } from "../../../provider/observe/observe";
import { viewsOf } from "../../../provider/observe/viewsOf";
import { dbUuid, view } from "../../support/views";

const names = ["kvm-a", "kvm-b", "kvm-c", "kvm-d"];
const silent = (host: string) =>
  new PlacementError({
    code: "hostUnreachable",
    phase: "connect",
    action: `cannot reach ${host}`,
    message: "no route",
    remedies: [],
  });

/** The last host answers first; kvm-b and kvm-d do not. */
const hosts = {
  names,
  recentViews: async (name: string) => {
    await sleep(10 * (names.length - names.indexOf(name)));
    if (name === "kvm-b" || name === "kvm-d") throw silent(name);
    return [view(name, "running (booted)")];
  },
} as unknown as Hosts;

describe("many hosts that are asked at once", () => {
  it("are told of in their order, not in that of their answers", async () => {
    const query = { domain: "db-01", uuid: dbUuid, first: names, everywhere: true, lastHost: undefined };
    for (const { views, unreachable } of [await observe(hosts, query, true), await viewsOf(hosts, names)]) {
      assert.deepEqual(
        views.map(({ host }) => host),
        ["kvm-a", "kvm-c"],
      );
      assert.deepEqual(
        unreachable.map(({ host }) => host),
        ["kvm-b", "kvm-d"],
      );
    }
  });
});
