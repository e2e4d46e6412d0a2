/** OpenTelemetry spans: one for each placement that is made or changed. Without Pulumi's tracing, or an SDK in the process, they do nothing. */
import { type Attributes, SpanStatusCode, trace } from "@opentelemetry/api";
import { PlacementError } from "../core/errors";
import type { Ports } from "../core/ports";
import { spansSent } from "./traceExport";

const tracer = trace.getTracer("pulumi-vm-placement");

/** @param work gets ports that note its migrations as events of the span. */
export async function traced<T>(attributes: Attributes, ports: Ports, work: (ports: Ports) => Promise<T>): Promise<T> {
  return tracer.startActiveSpan("vm-placement.place", { attributes }, async (span) => {
    const inFlight: Ports["inFlight"] = (now) => {
      ports.inFlight?.(now);
      if (now === undefined) return void span.addEvent("migration ended");
      const { source, destination, how, command } = now.migration;
      const which = { "vm_placement.source": source, "vm_placement.destination": destination, "vm_placement.how": how };
      span.addEvent("migration started", {
        ...which,
        ...(command !== undefined && { "vm_placement.command": command }),
      });
    };
    try {
      return await work({ ...ports, inFlight });
    } catch (error) {
      if (error instanceof PlacementError) span.setAttribute("vm_placement.code", error.code);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
      throw error;
    } finally {
      span.end();
      await spansSent();
    }
  });
}
