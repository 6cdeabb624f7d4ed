"""Sends traces with OpenTelemetry's Python SDK and with Pydantic AI, and prints what was sent.

The endpoint, the key and the protocol come from the SDK's own variables, OTEL_EXPORTER_OTLP_ENDPOINT,
OTEL_EXPORTER_OTLP_HEADERS and OTEL_EXPORTER_OTLP_PROTOCOL. Standard output gets one JSON object a span.
"""

import json
import os

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic_ai import Agent
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.models.test import TestModel


def plain_trace(tracer):
    """A trace by hand, with values of every type, an event, and an error."""
    with tracer.start_as_current_span("invoke_agent support-bot") as root:
        root.set_attribute("gen_ai.operation.name", "invoke_agent")
        root.set_attribute("gen_ai.agent.name", "support-bot")
        root.set_attribute("text", "größer als 7 🙂")
        root.set_attribute("number", 1 << 40)
        root.set_attribute("fraction", 0.1)
        root.set_attribute("truth", True)
        root.set_attribute("list", ["a", "b"])
        with tracer.start_as_current_span("execute_tool lookup_order") as tool:
            tool.set_attribute("gen_ai.operation.name", "execute_tool")
            tool.set_attribute("gen_ai.tool.name", "lookup_order")
            tool.add_event("retry", {"attempt": 2})
            tool.record_exception(ValueError("no such order: 7"))
            tool.set_status(trace.StatusCode.ERROR, "no such order: 7")


def agent_trace(provider):
    """A run of a real agent framework, with a model that needs no network."""
    settings = InstrumentationSettings(tracer_provider=provider)
    Agent.instrument_all(settings)
    agent = Agent(TestModel(), name="weather-bot")

    @agent.tool_plain
    def look_up_weather(city: str) -> str:
        return f"sunny in {city}"

    agent.run_sync("What is the weather?")


def main():
    exporter = GrpcExporter if os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"] == "grpc" else HttpExporter
    sent = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
    provider.add_span_processor(BatchSpanProcessor(exporter()))
    provider.add_span_processor(SimpleSpanProcessor(sent))
    plain_trace(provider.get_tracer("by-hand", "1.2.3"))
    agent_trace(provider)
    provider.shutdown()
    for span in sent.get_finished_spans():
        print(json.dumps({
            "trace_id": f"{span.context.trace_id:032x}",
            "span_id": f"{span.context.span_id:016x}",
            "parent_id": f"{span.parent.span_id:016x}" if span.parent else None,
            "name": span.name,
            "start_ns": str(span.start_time),
            "end_ns": str(span.end_time),
            "attributes": dict(span.attributes),
            "events": [{"name": event.name, "attributes": dict(event.attributes)} for event in span.events],
        }))


main()
