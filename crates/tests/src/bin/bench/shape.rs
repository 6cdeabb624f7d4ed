//! The runs that are sent: what an agent that answers customers does, in 20 steps of about 1.6 KB.
//!
//! The sizes are those of the reference measurements of the store (17 columns, 634 bytes of
//! attributes, 400 of input, 400 of output), so that figures can be compared. The names are those
//! of OpenTelemetry's conventions for generative AI, as stock instrumentation sends them.

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use crate::random::Random;
use crate::words::Words;

/// Steps of every run: the root, and model calls and tool calls in turn.
pub(crate) const STEPS: usize = 20;
/// Of a hundred runs so many fail, as in the reference measurements of the queries.
const FAILED_PERCENT: u64 = 6;
/// Bytes of the text in an input or output, which with its JSON around it is about 400.
const TEXT_BYTES: usize = 340;
/// The agents, each with its model and that model's provider.
pub(crate) const AGENTS: [(&str, &str, &str); 8] = [
    ("support-bot", "gpt-4o", "openai"),
    ("billing-bot", "gpt-4o-mini", "openai"),
    ("returns-bot", "claude-sonnet-4-5", "anthropic"),
    ("onboarding-bot", "gpt-4o-mini", "openai"),
    ("search-bot", "gemini-2.5-flash", "gcp.gemini"),
    ("triage-bot", "gpt-4o", "openai"),
    ("pricing-bot", "claude-sonnet-4-5", "anthropic"),
    ("catalog-bot", "gemini-2.5-flash", "gcp.gemini"),
];
/// The tools, which all agents share.
const TOOLS: [&str; 5] = [
    "lookup_order",
    "search_policies",
    "track_parcel",
    "refund_payment",
    "update_ticket",
];

/// A run without ids and times.
pub(crate) struct Run {
    /// Its agent's name.
    pub(crate) agent: &'static str,
    /// Where it runs.
    pub(crate) environment: &'static str,
    /// The conversation that it belongs to.
    pub(crate) session: String,
    /// Whose conversation it is.
    pub(crate) user: String,
    /// Its steps, the root first; every other one is a child of the root.
    pub(crate) steps: Vec<Step>,
}

/// A step of a run.
pub(crate) struct Step {
    /// Its name.
    pub(crate) name: String,
    /// What it does.
    pub(crate) kind: Kind,
    /// Microseconds from the start of the run to its own.
    pub(crate) starts_us: i64,
    /// Microseconds that it lasts.
    pub(crate) lasts_us: i64,
    /// Attributes by the names of the conventions, in their order.
    pub(crate) attributes: Vec<(&'static str, Value)>,
    /// What went in.
    pub(crate) input: Value,
    /// What came out.
    pub(crate) output: Value,
    /// Type and message, if it failed.
    pub(crate) error: Option<(&'static str, String)>,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The whole run.
    Agent,
    /// A call of a model.
    Model {
        /// The model.
        model: &'static str,
        /// Whose model it is.
        provider: &'static str,
        /// Tokens of the prompt.
        input_tokens: u64,
        /// Tokens of the answer.
        output_tokens: u64,
    },
    /// A call of a tool.
    Tool {
        /// The tool.
        tool: &'static str,
    },
}

impl Run {
    /// Draws a run.
    pub(crate) fn draw(random: &mut Random, words: &Words) -> Self {
        let (agent, model, provider) = *random.one_of(&AGENTS);
        let is_failed = random.percent(FAILED_PERCENT);
        let mut run = Self {
            agent,
            environment: if random.percent(80) {
                "production"
            } else {
                "staging"
            },
            session: format!("session-{:012x}", random.number() >> 16),
            user: format!("user-{:06}", random.below(100_000)),
            steps: Vec::with_capacity(STEPS),
        };
        let mut starts_us = 1_500;
        for place in 1..STEPS {
            let mut step = match place % 2 {
                0 => tool_call(random, words),
                _ => model_call(random, words, model, provider),
            };
            step.starts_us = starts_us;
            starts_us += step.lasts_us + 900;
            run.steps.push(step);
        }
        // A tool that does not answer ends the run.
        if is_failed && let Some(step) = run.steps.get_mut(STEPS - 3) {
            let order = random.below(1_000_000);
            step.error = Some((
                "timeout",
                format!("order {order} was not found within 30 s"),
            ));
        }
        let root = root(random, words, &run, starts_us);
        run.steps.insert(0, root);
        run
    }

    /// Microseconds from its start to its end.
    pub(crate) fn lasts_us(&self) -> i64 {
        self.steps.first().map_or(0, |root| root.lasts_us)
    }
}

fn root(random: &mut Random, words: &Words, run: &Run, lasts_us: i64) -> Step {
    let error = run.steps.iter().find_map(|step| step.error.clone());
    Step {
        name: format!("invoke_agent {}", run.agent),
        kind: Kind::Agent,
        starts_us: 0,
        lasts_us,
        attributes: vec![
            ("gen_ai.operation.name", json!("invoke_agent")),
            ("gen_ai.agent.name", json!(run.agent)),
            (
                "gen_ai.agent.id",
                json!(format!("asst_{:024x}", random.number())),
            ),
            ("gen_ai.agent.description", json!(words.text(random, 230))),
            ("gen_ai.agent.version", json!("2.3.1")),
            ("gen_ai.conversation.id", json!(run.session)),
            ("user.id", json!(run.user)),
            (
                "app.channel",
                json!(*random.one_of(&["web", "mail", "phone"])),
            ),
            (
                "app.region",
                json!(*random.one_of(&["eu-west-1", "us-east-1"])),
            ),
        ],
        input: message("user", words.text(random, TEXT_BYTES)),
        output: message("assistant", words.text(random, TEXT_BYTES)),
        error,
    }
}

fn model_call(
    random: &mut Random,
    words: &Words,
    model: &'static str,
    provider: &'static str,
) -> Step {
    let (input_tokens, output_tokens) = (random.between(300..4_000), random.between(20..600));
    let id = format!(
        "chatcmpl-{:016x}{:08x}",
        random.number(),
        random.number() >> 32
    );
    Step {
        name: format!("chat {model}"),
        kind: Kind::Model {
            model,
            provider,
            input_tokens,
            output_tokens,
        },
        starts_us: 0,
        lasts_us: i64::try_from(random.between(400_000..3_000_000)).unwrap_or(i64::MAX),
        attributes: vec![
            ("gen_ai.operation.name", json!("chat")),
            ("gen_ai.provider.name", json!(provider)),
            ("gen_ai.request.model", json!(model)),
            ("gen_ai.request.temperature", json!(0.2)),
            ("gen_ai.request.top_p", json!(0.95)),
            ("gen_ai.request.max_tokens", json!(1_024)),
            ("gen_ai.request.seed", json!(random.below(1_000_000))),
            ("gen_ai.request.frequency_penalty", json!(0.5)),
            ("gen_ai.response.model", json!(model)),
            ("gen_ai.response.id", json!(id)),
            ("gen_ai.response.finish_reasons", json!(["tool_calls"])),
            ("gen_ai.usage.input_tokens", json!(input_tokens)),
            ("gen_ai.usage.output_tokens", json!(output_tokens)),
            (
                "gen_ai.usage.cache_read.input_tokens",
                json!(input_tokens / 2),
            ),
            ("server.address", json!("models.example.com")),
            ("server.port", json!(443)),
            ("app.prompt", json!("support/answer.v12")),
        ],
        input: message("user", words.text(random, TEXT_BYTES)),
        output: message("assistant", words.text(random, TEXT_BYTES)),
        error: None,
    }
}

fn tool_call(random: &mut Random, words: &Words) -> Step {
    let tool = *random.one_of(&TOOLS);
    let schema = "{\"type\":\"object\",\"properties\":{\"order\":{\"type\":\"integer\"},\
        \"question\":{\"type\":\"string\"},\"limit\":{\"type\":\"integer\"}},\
        \"required\":[\"order\"],\"additionalProperties\":false}";
    Step {
        name: format!("execute_tool {tool}"),
        kind: Kind::Tool { tool },
        starts_us: 0,
        lasts_us: i64::try_from(random.between(20_000..800_000)).unwrap_or(i64::MAX),
        attributes: vec![
            ("gen_ai.operation.name", json!("execute_tool")),
            ("gen_ai.tool.name", json!(tool)),
            ("gen_ai.tool.type", json!("function")),
            (
                "gen_ai.tool.call.id",
                json!(format!("call_{:016x}", random.number())),
            ),
            ("gen_ai.tool.description", json!(words.text(random, 230))),
            ("gen_ai.tool.json_schema", json!(schema)),
            ("app.attempt", json!(random.between(1..3))),
            ("app.cache", json!(random.percent(30))),
        ],
        input: json!({
            "order": random.below(1_000_000),
            "limit": 20,
            "question": words.text(random, TEXT_BYTES),
        }),
        output: json!({"found": random.below(20), "text": words.text(random, TEXT_BYTES)}),
        error: None,
    }
}

fn message(role: &str, text: String) -> Value {
    json!([{"role": role, "parts": [{"type": "text", "content": text}]}])
}
