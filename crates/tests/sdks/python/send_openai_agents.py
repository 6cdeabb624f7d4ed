"""Sends a run with the exporter of OpenAI's Agents SDK, and prints what is to be read back of it.

The address of the ingest endpoint is in TRACES_INGEST_URL, the key in OPENAI_API_KEY. Standard output gets
one JSON object a run, in the words of the API.
"""

import json
import os
import uuid

from agents import agent_span, function_span, generation_span, guardrail_span, handoff_span, set_trace_processors, trace
from agents.tracing.processors import BackendSpanExporter, BatchTraceProcessor

QUESTION = [{"role": "user", "content": "Where is order 7? 🙂"}]
ANSWER = [{"role": "assistant", "content": "Order 7 was shipped yesterday."}]
ARGUMENTS = {"order_id": "7"}


def send_run():
    """A run of two agents, with a tool that fails."""
    with trace("answer-question", group_id="session-7", metadata={"tenant": "acme"}) as sent:
        with agent_span("support-bot", tools=["lookup_order"], handoffs=["shipping-bot"]):
            with guardrail_span("is-polite"):
                pass
            usage = {
                "input_tokens": 120, "output_tokens": 20, "input_tokens_details": {"cached_tokens": 64},
                "output_tokens_details": {"reasoning_tokens": 5},
            }
            with generation_span(QUESTION, ANSWER, "gpt-4o-mini", {"temperature": 0.2}, usage):
                pass
            with function_span("lookup_order", json.dumps(ARGUMENTS)) as tool:
                tool.set_error({"message": "no such order: 7", "data": {"tool_name": "lookup_order"}})
            with handoff_span("support-bot", "shipping-bot"):
                pass
        with agent_span("shipping-bot"), function_span("track_parcel", json.dumps(ARGUMENTS), "on its way"):
            pass
    return sent.trace_id


def main():
    exporter = BackendSpanExporter(endpoint=os.environ["TRACES_INGEST_URL"])
    processor = BatchTraceProcessor(exporter)
    set_trace_processors([processor])
    trace_id = send_run()
    processor.shutdown()
    usage = {"input_tokens": 120, "cached_input_tokens": 64, "output_tokens": 20, "reasoning_tokens": 5}
    run = {
        "agent_id": "support-bot", "workflow_id": "answer-question", "session_id": "session-7", "status": "succeeded",
        "models": ["gpt-4o-mini"], "totals": {"steps": 7, "failed_steps": 1, **usage},
    }
    steps = [
        {"name": "support-bot", "kind": "agent"},
        {"name": "is-polite", "kind": "guardrail"},
        {"kind": "llm", "model": "gpt-4o-mini", "usage": usage, "input": QUESTION, "output": ANSWER},
        {
            "name": "lookup_order", "kind": "tool", "tool": "lookup_order", "input": ARGUMENTS, "status": "failed",
            "error": {"message": "no such order: 7"},
        },
        {"name": "shipping-bot", "kind": "agent"},
        {"name": "track_parcel", "kind": "tool", "input": ARGUMENTS, "output": "on its way", "status": "succeeded"},
    ]
    run_id = str(uuid.UUID(trace_id.removeprefix("trace_")))
    print(json.dumps({"run_id": run_id, "run": run, "steps": steps}))


main()
