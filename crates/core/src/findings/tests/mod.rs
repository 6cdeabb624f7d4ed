//! What every rule is tested with, and what holds for all of them.

mod all;
mod growing;
mod repeated;
mod runaway;
mod storm;

use crate::claims::Claims;
use crate::findings::Finding;
use crate::ids::StepId;
use crate::money::NanoUsd;
use crate::step::{Step, StepKind, StepStatus};
use crate::summary::{Facts, summarize};
use crate::time::Timestamp;

const SECOND_US: i64 = 1_000_000;
const CENT: i64 = 10_000_000;

fn findings(steps: &[Step]) -> Vec<Finding> {
    let claims = Claims::default();
    let facts = Facts {
        claims: &claims,
        steps,
        told_failures: &[],
        abandoned: false,
    };
    summarize(facts).findings
}

/// The only finding, if there is one.
fn finding(steps: &[Step]) -> Option<Finding> {
    let mut findings = findings(steps);
    assert!(findings.len() <= 1, "{findings:#?}");
    findings.pop()
}

fn id(number: u64) -> StepId {
    StepId::from_number(number)
}

fn ids(numbers: impl IntoIterator<Item = u64>) -> Vec<StepId> {
    numbers.into_iter().map(id).collect()
}

/// A step that starts at the second of its number and takes half of one.
fn step(number: u64, kind: StepKind) -> Step {
    let started_at = Timestamp(i64::try_from(number).unwrap() * SECOND_US);
    Step {
        duration_us: Some(SECOND_US / 2),
        ..Step::new(id(number), kind, StepStatus::Succeeded, started_at)
    }
}

fn agent(number: u64, name: &str) -> Step {
    Step {
        agent: Some(name.to_owned()),
        ..step(number, StepKind::Agent)
    }
}

fn tool(number: u64, name: &str, args_hash: i64) -> Step {
    Step {
        name: name.to_owned(),
        tool: Some(name.to_owned()),
        args_hash: Some(args_hash),
        ..step(number, StepKind::Tool)
    }
}

fn call(number: u64, model: &str) -> Step {
    Step {
        name: format!("chat {model}"),
        model: Some(model.to_owned()),
        ..step(number, StepKind::Llm)
    }
}

fn call_of(number: u64, model: &str, tokens: i32) -> Step {
    let mut call = call(number, model);
    call.usage.input = Some(tokens);
    call
}

fn call_for(number: u64, cost: i64) -> Step {
    Step {
        cost: Some(NanoUsd(cost)),
        ..call(number, "gpt-4o")
    }
}

fn under(parent: u64, step: Step) -> Step {
    Step {
        parent: Some(id(parent)),
        ..step
    }
}

fn with_status(status: StepStatus, step: Step) -> Step {
    let is_running = status == StepStatus::Running;
    Step {
        status,
        duration_us: step.duration_us.filter(|_| !is_running),
        ..step
    }
}

fn failed(step: Step) -> Step {
    with_status(StepStatus::Failed, step)
}

fn running(step: Step) -> Step {
    with_status(StepStatus::Running, step)
}
