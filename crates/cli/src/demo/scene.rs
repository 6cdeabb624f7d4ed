//! Telling a run step by step: each takes its time, and what goes wrong goes wrong here.

use runwatch_core::run::RunStatus;
use runwatch_core::step::StepKind;
use serde_json::{Value, json};

use super::incident::Trouble;
use super::random::Random;
use super::run::{Error, Model, Run, Step, Usage};

/// Microseconds of a millisecond.
const MS: i64 = 1_000;
/// How long a tool is waited for, in milliseconds.
const TOOL_LIMIT_MS: i64 = 30_000;
/// Attempts at a call that is turned away.
const ATTEMPTS: u32 = 3;
/// The tools that time out when tools do.
const SLOW_TOOLS: [&str; 2] = ["lookup_order", "search_web"];
/// The provider that turns calls away when one does.
const BUSY_PROVIDER: &str = "openai";

/// The run cannot go on.
#[derive(Debug)]
pub(super) struct Broken;

/// What an agent's part in the run ends in.
pub(super) type Told = Result<(), Broken>;

/// A run while it is told.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) random: Random,
    /// What is wrong in the world while it runs.
    pub(super) trouble: Option<Trouble>,
    run: Run,
    now_us: i64,
    parent: Option<u64>,
}

/// A call of a tool.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) tool: &'static str,
    pub(super) kind: StepKind,
    pub(super) took_ms: (i64, i64),
    pub(super) input: Value,
    pub(super) output: Value,
}

impl Call {
    /// A call of a tool that takes from so many up to so many milliseconds.
    pub(super) fn tool(
        tool: &'static str,
        took_ms: (i64, i64),
        input: Value,
        output: Value,
    ) -> Self {
        let kind = StepKind::Tool;
        Self {
            tool,
            kind,
            took_ms,
            input,
            output,
        }
    }
}

impl Scene {
    /// A run that begins.
    pub(super) fn new(run: Run, random: Random, trouble: Option<Trouble>) -> Self {
        let now_us = run.started_us;
        Self {
            random,
            trouble,
            run,
            now_us,
            parent: None,
        }
    }

    /// What was asked.
    pub(super) fn asked(&mut self, input: Value) {
        self.run.input = input;
    }

    /// What was answered.
    pub(super) fn answered(&mut self, output: Value) {
        self.run.output = output;
    }

    /// Who asked, within which conversation.
    pub(super) fn on_behalf_of(&mut self, user: Option<String>, session: Option<String>) {
        (self.run.user, self.run.session) = (user, session);
    }

    /// The run is of a release that should not have been made.
    pub(super) fn with_bad_release(&mut self) {
        self.run.release.push_str("-rc2");
        self.run.version = "3.0.0-rc2".to_owned();
    }

    /// Time passes without a step.
    pub(super) fn pause(&mut self, from_ms: i64, to_ms: i64) {
        self.now_us += self.random.between(from_ms, to_ms) * MS;
    }

    /// A model answers; calls that are turned away are tried again.
    pub(super) fn ask(
        &mut self,
        name: &str,
        model: Model,
        usage: Usage,
        texts: (Value, Value),
    ) -> Told {
        let is_busy = self.is(Trouble::RateLimits) && model.provider == BUSY_PROVIDER;
        let refused = if is_busy { 650 } else { 3 };
        for attempt in 1..=ATTEMPTS {
            if !self.random.permille(refused) {
                let took = 250 + usage.input / 60 + usage.output * self.random.between(7, 14);
                let step = self.step(StepKind::Llm, name, took, texts.0, texts.1);
                (step.model, step.usage) = (Some(model), usage);
                return Ok(());
            }
            let error = self.refusal(model);
            let took = self.random.between(80, 400);
            let step = self.step(StepKind::Llm, name, took, texts.0.clone(), Value::Null);
            (step.model, step.error) = (Some(model), Some(error));
            self.pause(i64::from(attempt) * 700, i64::from(attempt) * 2_000);
        }
        Err(Broken)
    }

    /// A text becomes a vector.
    pub(super) fn embed(&mut self, model: Model, text: &str) {
        let took = self.random.between(20, 90);
        let input = i64::try_from(text.len() / 3 + 1).unwrap_or(1);
        let output = json!({"dimensions": 1_536});
        let step = self.step(StepKind::Embedding, "embed", took, json!(text), output);
        step.model = Some(model);
        step.usage.input = input;
    }

    /// A tool is called; one that does not answer is called once more.
    pub(super) fn call(&mut self, call: Call) -> Told {
        let is_slow = self.is(Trouble::SlowTool) && SLOW_TOOLS.contains(&call.tool);
        let is_tool = call.kind == StepKind::Tool;
        for _attempt in 0..2 {
            if is_slow && self.random.permille(600) {
                let took = TOOL_LIMIT_MS + self.random.below(40);
                let error = timed_out(call.tool);
                self.failed(&call, took, error);
            } else if is_tool && self.random.permille(6) {
                let took = self.random.between(20, 300);
                let error = broken_tool(call.tool, &mut self.random);
                self.failed(&call, took, error);
            } else {
                let took = self.random.between(call.took_ms.0, call.took_ms.1);
                self.step(call.kind, call.tool, took, call.input, call.output);
                return Ok(());
            }
        }
        Err(Broken)
    }

    /// A call that fails.
    pub(super) fn failed(&mut self, call: &Call, took_ms: i64, error: Error) {
        let step = self.step(
            call.kind,
            call.tool,
            took_ms,
            call.input.clone(),
            Value::Null,
        );
        step.error = Some(error);
    }

    /// Steps beneath another one, such as those of a sub-agent.
    pub(super) fn beneath(
        &mut self,
        kind: StepKind,
        name: &str,
        input: Value,
        tell: impl FnOnce(&mut Self) -> Told,
    ) -> Told {
        let began_us = self.now_us;
        self.step(kind, name, 0, input, Value::Null);
        let (at, outer) = (self.run.steps.len() - 1, self.parent);
        self.parent = Some(self.run.steps[at].id);
        let told = tell(self);
        self.parent = outer;
        let last = self.run.steps.last().map(|step| step.output.clone());
        let step = &mut self.run.steps[at];
        (step.started_us, step.ended_us) = (began_us, self.now_us.max(began_us + MS));
        step.output = last.unwrap_or_default();
        told
    }

    /// Goes back to when the others of a group began, because they work side by side.
    pub(super) fn side_by_side(
        &mut self,
        parts: impl IntoIterator<Item = impl FnOnce(&mut Self) -> Told>,
    ) -> Told {
        let (began_us, mut ended_us) = (self.now_us, self.now_us);
        let mut told = Ok(());
        for part in parts {
            self.now_us = began_us + self.random.below(200) * MS;
            told = part(self).and(told);
            ended_us = ended_us.max(self.now_us);
        }
        self.now_us = ended_us;
        told
    }

    /// The whole run failed for a reason of its own.
    pub(super) fn give_up(&mut self, kind: &'static str, message: impl Into<String>) -> Broken {
        let message = message.into();
        let code = None;
        self.run.error = Some(Error {
            kind,
            code,
            message,
        });
        Broken
    }

    /// Whether this trouble is there, and reaches this run.
    pub(super) fn is(&self, trouble: Trouble) -> bool {
        self.trouble == Some(trouble)
    }

    /// The run as it was told, up to its end.
    pub(super) fn end(mut self, told: Told, hangs: bool) -> Run {
        if hangs {
            // What is still under way then never ends either.
            let (now_us, steps) = (self.now_us, self.run.steps.iter_mut());
            let under_way =
                steps.filter(|step| step.kind == StepKind::Chain && step.ended_us == now_us);
            under_way.for_each(|step| step.ended_us = i64::MAX);
        }
        self.pause(5, 40);
        let status = match told {
            Ok(()) => RunStatus::Succeeded,
            Err(Broken) => RunStatus::Failed,
        };
        if status == RunStatus::Failed {
            self.run.output = Value::Null;
        }
        self.run.end = (!hangs).then_some((self.now_us, status));
        self.run
    }

    fn step(
        &mut self,
        kind: StepKind,
        name: &str,
        took_ms: i64,
        input: Value,
        output: Value,
    ) -> &mut Step {
        let started_us = self.now_us;
        self.now_us += took_ms * MS + self.random.below(MS);
        self.run.steps.push(Step {
            id: self.random.number().max(1),
            parent: self.parent,
            kind,
            name: name.to_owned(),
            model: None,
            started_us,
            ended_us: self.now_us,
            usage: Usage::default(),
            input,
            output,
            error: None,
        });
        self.run.steps.last_mut().expect("one was just added")
    }

    fn refusal(&mut self, model: Model) -> Error {
        let name = model.name;
        if self.is(Trouble::RateLimits) {
            let used = 200_000 - self.random.below(900);
            return Error {
                kind: "RateLimitError",
                code: Some("429"),
                message: format!(
                    "Rate limit reached for {name} on tokens per min (TPM): Limit 200000, Used {used}. Please try again in 1.2s."
                ),
            };
        }
        Error {
            kind: "InternalServerError",
            code: Some("500"),
            message: format!("The server had an error while processing your request ({name})."),
        }
    }
}

fn timed_out(tool: &str) -> Error {
    Error {
        kind: "TimeoutError",
        code: Some("504"),
        message: format!("{tool} timed out after 30 s"),
    }
}

fn broken_tool(tool: &str, random: &mut Random) -> Error {
    let messages = [
        "connection refused by upstream",
        "unexpected end of JSON input",
        "permission denied for resource",
        "no such record",
    ];
    Error {
        kind: "ToolError",
        code: None,
        message: format!("{tool}: {}", random.one_of(&messages)),
    }
}

/// A conversation of one question, as models take it.
pub(super) fn messages(question: &str) -> Value {
    json!([{"role": "user", "content": question}])
}

/// What a model answers.
pub(super) fn reply(answer: &str) -> Value {
    json!([{"role": "assistant", "content": answer}])
}
