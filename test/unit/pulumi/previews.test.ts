import assert from "node:assert/strict";
import type { Props } from "../../../provider/pulumi/state";
import { boundary, commands, hostsConfig, refusal } from "../../support/boundary";
import { fakeUuid } from "../../../lab/simulated";

describe("a preview in diff", () => {
  async function changed(more: Props, config: Record<string, string> = hostsConfig) {
    const world = boundary({ config });
    const { outs } = (await world.create(await world.inputs())) as { outs: Props };
    return { ...world, olds: outs, news: await world.inputs(more) };
  }

  it("tells what it predicts, and the update keeps that beside what it measures", async () => {
    const { diff, update, shown, olds, news } = await changed({ host: "kvm-b" });
    await diff(fakeUuid, olds, news);
    assert.equal(shown.filter(({ kind }) => kind === "info").length, 1);
    const { outs } = (await update(fakeUuid, olds, news)) as { outs: Props };
    assert.equal(((outs["lastMigration"] as Props)["predicted"] as Props)["verdict"], "unknown");
  });

  it("of a move to another host than the VM went to is not kept", async () => {
    const { diff, update, inputs, olds, news } = await changed({ host: "kvm-b" });
    await diff(fakeUuid, olds, news);
    const { outs } = (await update(fakeUuid, olds, await inputs({ host: "kvm-c" }))) as { outs: Props };
    assert.equal((outs["lastMigration"] as Props)["to"], "kvm-c");
    assert.ok(!("predicted" in (outs["lastMigration"] as Props)));
  });

  it("fails for a blocker with strictPreview alone, and says it in the row either way", async () => {
    for (const strict of ["false", "true"]) {
      const config = { ...hostsConfig, "vm-placement:strictPreview": strict };
      const { diff, host, shown, olds, news } = await changed(
        { host: "kvm-b", migration: { mode: "offline" } },
        config,
      );
      assert.deepEqual(news["plan"], { offline: commands("10.0.0.12").offline });
      if (strict === "true") await refusal(diff(fakeUuid, olds, news));
      else assert.equal((await diff(fakeUuid, olds, news)).changes, true);
      assert.equal(shown.filter(({ kind }) => kind === "warn").length, 1);
      assert.ok(!host("kvm-a").commands.some((command) => command.startsWith("migrate ")));
    }
  });
});
