// Sends a run with Langfuse's JavaScript SDK, and prints what is to be read back of it.
//
// The address and the keys come from the SDK's own variables, LANGFUSE_BASE_URL, LANGFUSE_PUBLIC_KEY and
// LANGFUSE_SECRET_KEY. Standard output gets one JSON object a run, in the words of the API.

import { LangfuseClient } from "@langfuse/client";
import { LangfuseSpanProcessor } from "@langfuse/otel";
import { propagateAttributes, setLangfuseTracerProvider, startActiveObservation } from "@langfuse/tracing";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";

const QUESTION = [{ role: "user", content: "Where is order 7? 🙂" }];
const ANSWER = { role: "assistant", content: "Order 7 was shipped yesterday." };
const ABOUT = { traceName: "support-bot", userId: "user-7", sessionId: "session-7", tags: ["eu", "vip"], version: "v3" };

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const processor = new LangfuseSpanProcessor({ environment: "staging", release: "2026.11" });
const provider = new BasicTracerProvider({ spanProcessors: [processor] });
setLangfuseTracerProvider(provider);
const langfuse = new LangfuseClient();
const projects = await langfuse.api.projects.get();
if (projects.data.length !== 1) throw new Error(`a key has one project: ${JSON.stringify(projects)}`);

const steps = [];
const step = (observation, told) => steps.push({ step_id: observation.id, ...told });
const usage = { input_tokens: 120, cached_input_tokens: 64, output_tokens: 20, reasoning_tokens: 5 };

const traceId = await propagateAttributes(ABOUT, () =>
  startActiveObservation("support-bot", async (agent) => {
    agent.update({ input: QUESTION });
    await startActiveObservation("draft", async (draft) => {
      draft.update({
        model: "gpt-4o-mini", input: QUESTION, output: ANSWER, modelParameters: { temperature: 0.2 },
        usageDetails: { input: 56, input_cached_tokens: 64, output: 15, output_reasoning_tokens: 5 },
        costDetails: { input: 0.00001, output: 0.00002, total: 0.00003 },
      });
      step(draft, { name: "draft", kind: "llm", model: "gpt-4o-mini", usage, input: QUESTION, output: ANSWER, reported_cost_usd: 0.00003 });
    }, { asType: "generation" });
    await startActiveObservation("lookup_order", async (tool) => {
      tool.update({ input: { order_id: "7" }, level: "ERROR", statusMessage: "no such order: 7" });
      step(tool, { name: "lookup_order", kind: "tool", input: { order_id: "7" }, status: "failed", error: { message: "no such order: 7" } });
    }, { asType: "tool" });
    agent.update({ output: ANSWER });
    step(agent, { name: "support-bot", kind: "agent", input: QUESTION, output: ANSWER });
    return agent.traceId;
  }, { asType: "agent" }),
);
await provider.shutdown();

const run = {
  agent_id: "support-bot", agent_version: "v3", session_id: "session-7", user_id: "user-7", tags: ["eu", "vip"],
  environment: "staging", release: "2026.11", status: "succeeded", input: QUESTION, output: ANSWER,
  models: ["gpt-4o-mini"], cost_usd: 0.00003, totals: { steps: 3, failed_steps: 1, ...usage },
};
const run_id = traceId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
console.log(JSON.stringify({ run_id, run, steps }));
