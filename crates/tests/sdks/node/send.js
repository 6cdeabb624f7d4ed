// Sends a trace with OpenTelemetry's JavaScript SDK, and prints what was sent.
//
// The endpoint, the key and the protocol come from the SDK's own variables, OTEL_EXPORTER_OTLP_ENDPOINT,
// OTEL_EXPORTER_OTLP_HEADERS and OTEL_EXPORTER_OTLP_PROTOCOL. Standard output gets one JSON object a span.

import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as HttpExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";

// Keeps what was sent also after the shutdown.
class Sent extends InMemorySpanExporter {
  spans = [];
  export(spans, done) {
    this.spans.push(...spans);
    super.export(spans, done);
  }
}

const Exporter = process.env.OTEL_EXPORTER_OTLP_PROTOCOL === "grpc" ? GrpcExporter : HttpExporter;
const sent = new Sent();
const provider = new BasicTracerProvider({
  resource: resourceFromAttributes({ "service.name": "shop" }),
  spanProcessors: [
    new BatchSpanProcessor(new Exporter()),
    new SimpleSpanProcessor(sent),
  ],
});
const tracer = provider.getTracer("by-hand", "1.2.3");

const root = tracer.startSpan("invoke_agent support-bot", {
  attributes: {
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.agent.name": "support-bot",
    text: "größer als 7 🙂",
    number: 2 ** 40,
    fraction: 0.1,
    truth: true,
    list: ["a", "b"],
  },
});
const tool = tracer.startSpan(
  "execute_tool lookup_order",
  { attributes: { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "lookup_order" } },
  trace.setSpan(context.active(), root),
);
tool.addEvent("retry", { attempt: 2 });
tool.recordException(new Error("no such order: 7"));
tool.setStatus({ code: SpanStatusCode.ERROR, message: "no such order: 7" });
tool.end();
root.end();
await provider.shutdown();

const nanoseconds = ([seconds, rest]) => String(BigInt(seconds) * 1_000_000_000n + BigInt(rest));
for (const span of sent.spans) {
  console.log(JSON.stringify({
    trace_id: span.spanContext().traceId,
    span_id: span.spanContext().spanId,
    parent_id: span.parentSpanContext?.spanId ?? null,
    name: span.name,
    start_ns: nanoseconds(span.startTime),
    end_ns: nanoseconds(span.endTime),
    attributes: span.attributes,
    events: span.events.map(({ name, attributes }) => ({ name, attributes })),
  }));
}
