/** `pulumi --otel-traces` collects the spans of plugins too, at an address that it gives them. */
import type * as exporters from "@opentelemetry/exporter-trace-otlp-grpc";
import type * as resources from "@opentelemetry/resources";
import type * as sdk from "@opentelemetry/sdk-trace-node";

/** For a collector that does not answer: a placement waits for it at its end. */
const patienceMs = 2000;

let provider: sdk.NodeTracerProvider | undefined;

/** To the collector whose address is in the environment. An SDK that runs already keeps its place. */
export function exportSpans(): void {
  /* eslint-disable @typescript-eslint/no-require-imports -- loaded with tracing alone */
  const { NodeTracerProvider, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-node") as typeof sdk;
  const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-grpc") as typeof exporters;
  const { Resource } = require("@opentelemetry/resources") as typeof resources;
  /* eslint-enable */
  const url = `http://${process.env["PULUMI_OTEL_EXPORTER_OTLP_ENDPOINT"]}`;
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: patienceMs });
  provider = new NodeTracerProvider({
    resource: new Resource({ "service.name": "pulumi-vm-placement" }),
    // Pulumi ends the process without a word.
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  provider.register();
}

/** Resolves when the spans that have ended are sent, or cannot be. */
export async function spansSent(): Promise<void> {
  await provider?.forceFlush().catch(() => {});
}
