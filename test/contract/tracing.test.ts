/** `pulumi --otel-traces`: the spans of the provider reach Pulumi's collector before the call that they are of is answered. */
import assert from "node:assert/strict";
import { type Key, makeKey } from "../../lab/simulated/ssh";
import { inputsOf, placement, providerFixture, type ProviderFixture } from "../support/provider-fixture";
import { type TraceCollector, traceCollector } from "../support/trace-collector";

const [trace, span] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];

for (const [title, served] of [
  ["a dynamic resource", false],
  ["the provider for every language", true],
] as const) {
  describe(`contract: Pulumi's tracing of ${title}`, () => {
    let key: Key;
    let collector: TraceCollector;
    let fixture: ProviderFixture | undefined;
    before(() => void (key = makeKey("ed25519")));
    beforeEach(async () => void (collector = await traceCollector()));
    afterEach(async () => {
      await fixture?.close();
      collector.close();
    });

    async function create(env: NodeJS.ProcessEnv, flags: string[] = []) {
      fixture = await providerFixture({ served, key, env, flags });
      const { provider, hosts } = fixture;
      provider.traceparent = `00-${trace}-${span}-01`;
      await provider.configure({ "vm-placement:hosts": hosts });
      return provider.create(await inputsOf(provider, placement({ host: "kvm-b" })));
    }

    it("has a span of each placement that is made, with its migration", async () => {
      const flags = ["--logtostderr", "-v=9", "--tracing", collector.endpoint];
      await create({ PULUMI_OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }, flags);
      assert.match(fixture!.provider.output.logs.map(({ message }) => message).join("\n"), /^moved kvm-a → kvm-b/m);
      const bytes = Buffer.concat(collector.received);
      for (const text of ["vm-placement.place", "db-01", "migration started", "service.name", "pulumi-vm-placement"])
        assert.ok(bytes.includes(text), text);
      // The SDK of dynamic resources tells no handler what it is called for.
      for (const id of [trace, span]) assert.equal(bytes.includes(Buffer.from(id, "hex")), served, id);
    });

    it("is not there without Pulumi's, and changes nothing where nothing listens", async () => {
      assert.equal((await create({})).outputs["currentHost"], "kvm-b");
      await fixture!.close();
      collector.close();
      const env = { PULUMI_OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
      assert.equal((await create(env)).outputs["currentHost"], "kvm-b");
      assert.deepEqual(collector.received, []);
    });
  });
}
