"""Sends a run and its scores with Langfuse's Python SDK, and prints what is to be read back of them.

The address and the keys come from the SDK's own variables, LANGFUSE_BASE_URL, LANGFUSE_PUBLIC_KEY and
LANGFUSE_SECRET_KEY. Standard output gets one JSON object a run, in the words of the API.
"""

import json
import uuid

from langfuse import Langfuse, propagate_attributes

QUESTION = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is order 7? 🙂"}]
ANSWER = {"role": "assistant", "content": "Order 7 was shipped yesterday."}
ABOUT = {
    "trace_name": "support-bot", "user_id": "user-7", "session_id": "session-7", "tags": ["eu", "vip"],
    "version": "v3", "metadata": {"tenant": "acme"},
}


def send_run(langfuse):
    """A run with a step of each kind, of which one fails."""
    steps = []

    def step(observation, name, kind, **told):
        steps.append({"step_id": observation.id, "name": name, "kind": kind, **told})

    with (
        propagate_attributes(**ABOUT),
        langfuse.start_as_current_observation(name="support-bot", as_type="agent", input=QUESTION) as agent,
    ):
        found = [{"id": "doc-1", "text": "Orders ship in a day."}]
        with langfuse.start_as_current_observation(name="search", as_type="retriever", input="order 7") as search:
            search.update(output=found)
        step(search, "search", "retrieval", input="order 7", output=found, status="succeeded")
        with langfuse.start_as_current_observation(name="draft", as_type="generation", model="gpt-4o-mini") as draft:
            draft.update(
                input=QUESTION, output=ANSWER, model_parameters={"temperature": 0.2},
                usage_details={"input": 56, "input_cached_tokens": 64, "output": 15, "output_reasoning_tokens": 5},
                cost_details={"input": 0.00001, "output": 0.00002, "total": 0.00003},
            )
        usage = {"input_tokens": 120, "cached_input_tokens": 64, "output_tokens": 20, "reasoning_tokens": 5}
        step(draft, "draft", "llm", model="gpt-4o-mini", usage=usage, input=QUESTION, output=ANSWER, reported_cost_usd=0.00003)
        with langfuse.start_as_current_observation(name="lookup_order", as_type="tool", input={"order_id": "7"}) as tool:
            tool.update(level="ERROR", status_message="no such order: 7")
        error = {"message": "no such order: 7"}
        step(tool, "lookup_order", "tool", input={"order_id": "7"}, status="failed", error=error)
        agent.update(output=ANSWER)
    step(agent, "support-bot", "agent", input=QUESTION, output=ANSWER)
    run = {
        "agent_id": "support-bot", "agent_version": "v3", "session_id": "session-7", "user_id": "user-7",
        "tags": ["eu", "vip"], "environment": "staging", "release": "2026.11", "status": "succeeded",
        "input": QUESTION, "output": ANSWER, "models": ["gpt-4o-mini"], "cost_usd": 0.00003,
        "totals": {
            "steps": 4, "failed_steps": 1, "input_tokens": 120, "cached_input_tokens": 64,
            "output_tokens": 20, "reasoning_tokens": 5,
        },
    }
    return agent.trace_id, run, steps


def send_scores(langfuse, trace_id, step_id):
    """A number of a step, and a word of the run."""
    langfuse.create_score(name="helpful", value=0.8, trace_id=trace_id, observation_id=step_id, comment="good")
    langfuse.create_score(name="tone", value="polite", trace_id=trace_id, data_type="CATEGORICAL")
    return [{"name": "helpful", "value": 0.8, "step_id": step_id, "comment": "good"}, {"name": "tone", "value": "polite"}]


def main():
    langfuse = Langfuse(environment="staging", release="2026.11")
    assert langfuse.auth_check(), "the keys are not known"
    trace_id, run, steps = send_run(langfuse)
    scores = send_scores(langfuse, trace_id, steps[1]["step_id"])
    langfuse.shutdown()
    print(json.dumps({"run_id": str(uuid.UUID(trace_id)), "run": run, "steps": steps, "scores": scores}))


main()
