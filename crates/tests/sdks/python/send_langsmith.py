"""Sends a run with LangSmith's SDK in OpenTelemetry mode, and prints what is to be read back of it.

The address and the key come from the SDK's own variables, LANGSMITH_ENDPOINT and LANGSMITH_API_KEY, the mode
from LANGSMITH_TRACING, LANGSMITH_OTEL_ENABLED and LANGSMITH_OTEL_ONLY. Standard output gets one JSON object
a run, in the words of the API.
"""

import json
import uuid

from langsmith import Client, traceable
from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

QUESTION = [{"role": "user", "content": "Where is order 7? 🙂"}]
DOCUMENTS = [{"page_content": "Orders ship in a day.", "type": "Document", "metadata": {"page": 1}}]
USAGE = {
    "input_tokens": 120, "output_tokens": 20, "total_tokens": 140,
    "input_token_details": {"cache_read": 64}, "output_token_details": {"reasoning": 5},
}
ANSWER = {"role": "assistant", "content": "Order 7 was shipped yesterday.", "usage_metadata": USAGE}
ABOUT = {"session_id": "session-7", "user_id": "user-7", "tenant": "acme"}
client = Client()
# Run ids of LangSmith do not leave it: only OpenTelemetry knows under which ids it sends.
sent = InMemorySpanExporter()
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(sent))


@traceable(run_type="retriever", client=client)
def search(query):
    return DOCUMENTS


@traceable(run_type="llm", metadata={"ls_provider": "openai", "ls_model_name": "gpt-4o-mini"}, client=client)
def draft(messages):
    return ANSWER


@traceable(run_type="tool", client=client)
def lookup_order(order_id):
    raise ValueError(f"no such order: {order_id}")


@traceable(run_type="chain", name="support-bot", tags=["eu", "vip"], metadata=ABOUT, client=client)
def answer(question):
    search("order 7")
    try:
        lookup_order("7")
    except ValueError:
        pass
    return draft(question)["content"]


def told(spans):
    """What is to be read back of the run with these spans."""
    usage = {"input_tokens": 120, "cached_input_tokens": 64, "output_tokens": 20, "reasoning_tokens": 5}
    run = {
        "agent_id": "support-bot", "session_id": "session-7", "user_id": "user-7", "tags": ["eu", "vip"],
        "status": "succeeded", "models": ["gpt-4o-mini"], "totals": {"steps": 4, "failed_steps": 1, **usage},
        "input": {"question": QUESTION}, "output": {"output": ANSWER["content"]},
    }
    steps = [
        {"name": "support-bot", "input": {"question": QUESTION}, "output": {"output": ANSWER["content"]}},
        {"name": "search", "kind": "retrieval", "input": {"query": "order 7"}, "output": {"output": DOCUMENTS}},
        {"name": "draft", "kind": "llm", "model": "gpt-4o-mini", "usage": usage, "input": {"messages": QUESTION}, "output": ANSWER},
        {
            "name": "lookup_order", "kind": "tool", "input": {"order_id": "7"}, "status": "failed",
            "error": {"message": "ValueError('no such order: 7')"},
        },
    ]
    for step in steps:
        step["step_id"] = f"{spans[step['name']].span_id:016x}"
    run_id = uuid.UUID(int=spans["support-bot"].trace_id)
    return {"run_id": str(run_id), "run": run, "steps": steps}


def main():
    answer(QUESTION)
    client.flush()
    trace.get_tracer_provider().force_flush()
    print(json.dumps(told({span.name: span.context for span in sent.get_finished_spans()})))


main()
