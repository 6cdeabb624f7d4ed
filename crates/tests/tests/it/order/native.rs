//! Runs at random in the native form.

use proptest::collection::vec;
use proptest::prelude::*;
use runwatch_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::{Facts, Piece};

/// Steps of one run at most.
const STEPS_MAX: usize = 6;
const KINDS: [&str; 6] = ["agent", "llm", "tool", "retrieval", "chain", "other"];
const MODELS: [&str; 3] = ["gpt-4o", "claude-sonnet-4-5", "house-model"];
const MESSAGES: [&str; 3] = [
    "upstream timed out after 31 s",
    "rate limit exceeded",
    "no such order: 7",
];

#[derive(Clone, Debug)]
struct RunPlan {
    id: u128,
    /// The fields that are told; each may travel in a piece of its own.
    has: [bool; 10],
    status: usize,
    duration_ms: i64,
    steps: Vec<StepPlan>,
    failures: Vec<FailurePlan>,
    feedback: Vec<FeedbackPlan>,
    heartbeat: bool,
}

#[derive(Clone, Debug)]
struct StepPlan {
    parent: Option<usize>,
    kind: usize,
    model: Option<usize>,
    tokens: Option<u16>,
    offset_ms: i64,
    duration_ms: i64,
    ending: Ending,
    has_payload: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Succeeded,
    Failed(usize),
    /// It is only told of while it runs.
    Never,
    /// It is told of while it runs, and when it has ended.
    Later,
}

#[derive(Clone, Debug)]
struct FailurePlan {
    message: usize,
    step: Option<usize>,
    at_ms: Option<i64>,
}

#[derive(Clone, Debug)]
struct FeedbackPlan {
    value: u8,
    step: Option<usize>,
    at_ms: i64,
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        4 => Just(Ending::Succeeded),
        2 => (0..MESSAGES.len()).prop_map(Ending::Failed),
        1 => Just(Ending::Never),
        2 => Just(Ending::Later),
    ]
}

fn step() -> impl Strategy<Value = StepPlan> {
    // A parent may be any step, itself too, or one that nobody ever tells of.
    let parent = proptest::option::of(0..=STEPS_MAX);
    let model = proptest::option::of(0..MODELS.len());
    let tokens = proptest::option::of(any::<u16>());
    let fields = (
        parent,
        0..KINDS.len(),
        model,
        tokens,
        0..120_000_i64,
        0..90_000_i64,
    );
    (fields, ending(), any::<bool>()).prop_map(|(fields, ending, has_payload)| {
        let (parent, kind, model, tokens, offset_ms, duration_ms) = fields;
        StepPlan {
            parent,
            kind,
            model,
            tokens,
            offset_ms,
            duration_ms,
            ending,
            has_payload,
        }
    })
}

fn failure() -> impl Strategy<Value = FailurePlan> {
    let step = proptest::option::of(0..STEPS_MAX);
    (0..MESSAGES.len(), step, proptest::option::of(0..60_000_i64)).prop_map(
        |(message, step, at_ms)| FailurePlan {
            message,
            step,
            at_ms,
        },
    )
}

fn feedback() -> impl Strategy<Value = FeedbackPlan> {
    let step = proptest::option::of(0..STEPS_MAX);
    (any::<u8>(), step, 0..60_000_i64).prop_map(|(value, step, at_ms)| FeedbackPlan {
        value,
        step,
        at_ms,
    })
}

fn run() -> impl Strategy<Value = RunPlan> {
    let lists = (
        vec(step(), 0..=STEPS_MAX),
        vec(failure(), 0..=2),
        vec(feedback(), 0..=3),
    );
    (
        1..u128::MAX,
        any::<[bool; 10]>(),
        0..5_usize,
        0..200_000_i64,
        lists,
        any::<bool>(),
    )
        .prop_map(
            |(id, has, status, duration_ms, (steps, failures, feedback), heartbeat)| RunPlan {
                id,
                has,
                status,
                duration_ms,
                steps,
                failures,
                feedback,
                heartbeat,
            },
        )
}

/// Runs around this time, so many at most.
pub(super) fn facts(now_us: i64, runs_max: usize) -> impl Strategy<Value = Facts> {
    // An hour ago, so that no time is in the future.
    let base_us = now_us - 3_600_000_000;
    vec(run(), 1..=runs_max).prop_map(move |mut plans| {
        plans.dedup_by_key(|plan| plan.id);
        let whole = plans.iter().map(|plan| plan.whole(base_us)).collect();
        Facts {
            whole: Piece::Post("/v1/runs".to_owned(), Value::Array(whole)),
            pieces: plans.iter().flat_map(|plan| plan.pieces(base_us)).collect(),
        }
    })
}

impl RunPlan {
    fn id(&self) -> String {
        uuid::Uuid::from_u128(self.id).to_string()
    }

    /// The fields of the run itself, one by one. The agent and the start are always told: a run
    /// that leaves out its start begins when the first piece is received.
    fn head(&self, base_us: i64) -> Vec<(&'static str, Value)> {
        let statuses = ["succeeded", "failed", "cancelled", "timed_out"];
        let ended_at = time(base_us + self.duration_ms * 1_000);
        let told = [
            ("agent_type", json!("support")),
            ("agent_version", json!("2.3.1")),
            ("session_id", json!("s-81")),
            ("environment", json!("production")),
            ("release", json!("2026.11.3")),
            ("tags", json!(["eu", "beta"])),
            ("input", json!({"question": "where is my order?"})),
            ("output", json!(["on", "its", "way"])),
            ("attributes", json!({"channel": "chat", "turn": 3})),
            ("user_id", json!("u-17")),
        ];
        let mut head = vec![
            ("agent_id", json!("bot")),
            ("started_at", json!(time(base_us))),
        ];
        head.extend(
            told.into_iter()
                .zip(self.has)
                .filter(|(_, has)| *has)
                .map(|(field, _)| field),
        );
        if let Some(status) = statuses.get(self.status) {
            head.extend([("status", json!(status)), ("ended_at", json!(ended_at))]);
        }
        head
    }

    fn whole(&self, base_us: i64) -> Value {
        let mut run: Map<String, Value> = self
            .head(base_us)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        run.insert("run_id".to_owned(), json!(self.id()));
        let steps = self
            .steps
            .iter()
            .enumerate()
            .map(|(at, step)| match step.ending {
                Ending::Never => step.running(at, base_us),
                _ => step.finished(at, base_us),
            });
        run.insert("steps".to_owned(), steps.collect());
        let failures = self.failures.iter().map(|failure| failure.json(base_us));
        run.insert("failures".to_owned(), failures.collect());
        let feedback = self.feedback.iter().map(|feedback| feedback.json(base_us));
        run.insert("feedback".to_owned(), feedback.collect());
        Value::Object(run)
    }

    fn pieces(&self, base_us: i64) -> Vec<Piece> {
        let path = |what: &str| format!("/v1/runs/{}/{what}", self.id());
        let mut pieces: Vec<Piece> = (self.head(base_us).into_iter())
            .map(|(name, value)| Piece::Patch(self.id(), json!({name: value})))
            .collect();
        for (at, step) in self.steps.iter().enumerate() {
            let (running, finished) = (step.running(at, base_us), step.finished(at, base_us));
            match step.ending {
                Ending::Never => pieces.push(Piece::Post(path("steps"), running)),
                Ending::Later => {
                    pieces.push(Piece::Post(path("steps"), running));
                    pieces.push(Piece::Post(path("steps"), finished));
                }
                Ending::Succeeded | Ending::Failed(_) => {
                    pieces.push(Piece::Post(path("steps"), finished));
                }
            }
        }
        for failure in &self.failures {
            pieces.push(Piece::Post(path("failures"), failure.json(base_us)));
        }
        for feedback in &self.feedback {
            pieces.push(Piece::Post(path("feedback"), feedback.json(base_us)));
        }
        if self.heartbeat {
            pieces.push(Piece::Post(path("heartbeat"), Value::Null));
        }
        pieces
    }
}

impl StepPlan {
    fn running(&self, at: usize, base_us: i64) -> Value {
        let mut step = json!({
            "step_id": step_id(at), "name": format!("step {at}"), "kind": KINDS[self.kind],
            "status": "running", "started_at": time(base_us + self.offset_ms * 1_000),
        });
        if let Some(parent) = self.parent {
            step["parent_id"] = json!(step_id(parent));
        }
        if self.has_payload {
            step["input"] = json!({"said": "the same in both copies"});
        }
        step
    }

    fn finished(&self, at: usize, base_us: i64) -> Value {
        let mut step = self.running(at, base_us);
        let ended_us = base_us + (self.offset_ms + self.duration_ms) * 1_000;
        step["ended_at"] = json!(time(ended_us));
        step["status"] = json!("succeeded");
        if let Some(model) = self.model {
            step["model"] = json!(MODELS[model]);
        }
        if let Some(tokens) = self.tokens {
            step["usage"] = json!({"input_tokens": tokens, "output_tokens": tokens / 3});
        }
        if self.has_payload {
            step["output"] = json!({"answer": at});
            step["attributes"] = json!({"short": "x", "long": "y".repeat(300)});
        }
        if let Ending::Failed(message) = self.ending {
            step["status"] = json!("failed");
            step["error"] = json!({"type": "Oops", "message": MESSAGES[message]});
        }
        step
    }
}

impl FailurePlan {
    fn json(&self, base_us: i64) -> Value {
        let mut failure = json!({"message": MESSAGES[self.message], "type": "tool_error"});
        if let Some(step) = self.step {
            failure["step_id"] = json!(step_id(step));
        }
        if let Some(at_ms) = self.at_ms {
            failure["occurred_at"] = json!(time(base_us + at_ms * 1_000));
        }
        failure
    }
}

impl FeedbackPlan {
    fn json(&self, base_us: i64) -> Value {
        let value = match self.value {
            0..100 => json!(f64::from(self.value) / 100.0),
            100..200 => json!(self.value.is_multiple_of(2)),
            _ => json!(format!("grade {}", self.value)),
        };
        let mut feedback = json!({"name": "quality", "value": value, "source": "evaluator",
            "created_at": time(base_us + self.at_ms * 1_000)});
        if let Some(step) = self.step {
            feedback["step_id"] = json!(step_id(step));
        }
        feedback
    }
}

fn step_id(at: usize) -> String {
    format!("{:016x}", at + 1)
}

fn time(us: i64) -> String {
    Timestamp(us).to_rfc3339()
}
