import assert from "node:assert/strict";
import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { fakeUuid } from "../../../lab/simulated";
import type { Props } from "../../../provider/pulumi/state";
import { boundary, commands, refusal, urn } from "../../support/boundary";

describe("OpenTelemetry spans", () => {
  const exporter = new InMemorySpanExporter();
  before(() => {
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    assert.ok(trace.setGlobalTracerProvider(provider));
  });
  after(() => {
    trace.disable();
    context.disable();
  });
  beforeEach(() => exporter.reset());

  const last = () => exporter.getFinishedSpans().at(-1)!;

  it("tell of each placement that is made or changed, with its migrations", async () => {
    const at = boundary();
    const { outs } = (await at.create(await at.inputs())) as { outs: Props };
    assert.deepEqual(last().attributes, {
      "pulumi.urn": urn,
      "vm_placement.domain": "db-01",
      "vm_placement.hosts": ["kvm-a"],
    });
    assert.deepEqual(last().events, []);
    await at.update(fakeUuid, outs, await at.inputs({ host: "kvm-b" }));
    assert.equal(exporter.getFinishedSpans().length, 2);
    assert.deepEqual(
      last().events.map(({ name }) => name),
      ["migration started", "migration ended"],
    );
    assert.deepEqual(last().events[0]!.attributes, {
      "vm_placement.source": "kvm-a",
      "vm_placement.destination": "kvm-b",
      "vm_placement.how": "live",
      "vm_placement.command": commands("10.0.0.12").live,
    });
  });

  it("have the error of one that failed", async () => {
    const at = boundary();
    const { outs } = (await at.create(await at.inputs())) as { outs: Props };
    at.fake.onMigrate = () => Promise.resolve("error: internal error: unexpected");
    const error = await refusal(at.update(fakeUuid, outs, await at.inputs({ host: "kvm-b" })));
    assert.equal(last().status.code, SpanStatusCode.ERROR);
    const code = last().attributes["vm_placement.code"] as string;
    assert.ok(error.message.includes(`[${code}]`), code);
  });
});
