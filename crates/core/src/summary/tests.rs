use proptest::prelude::*;

use super::*;
use crate::claims::TOLD;
use crate::step::{StepError, flags};
use crate::time::MINUTE_US;

fn step(id: u64, parent: Option<u64>, kind: StepKind) -> Step {
    let started_at = Timestamp(i64::try_from(id).unwrap() * MINUTE_US);
    Step {
        parent: parent.map(StepId::from_number),
        duration_us: Some(1_000),
        name: format!("step {id}"),
        ..Step::new(StepId::from_number(id), kind, StepStatus::Unset, started_at)
    }
}

fn with_tokens(mut step: Step, input: i32) -> Step {
    step.usage.input = Some(input);
    step
}

fn with_status(mut step: Step, status: StepStatus) -> Step {
    step.status = status;
    step
}

fn of_steps(steps: &[Step]) -> Summary {
    let claims = Claims::default();
    summarize(Facts {
        claims: &claims,
        steps,
        told_failures: &[],
        abandoned: false,
    })
}

#[test]
fn usage_that_a_parent_sums_up_is_not_counted_again() {
    let steps = [
        with_tokens(step(1, None, StepKind::Agent), 30),
        with_tokens(step(2, Some(1), StepKind::Llm), 10),
        with_tokens(step(3, Some(1), StepKind::Llm), 20),
    ];
    assert_eq!(of_steps(&steps).totals.input_tokens, 30);
}

#[test]
fn the_sum_of_an_agent_counts_only_without_calls() {
    let agent = with_tokens(step(1, None, StepKind::Agent), 30);
    assert_eq!(
        of_steps(std::slice::from_ref(&agent)).totals.input_tokens,
        30
    );
    let elsewhere = with_tokens(step(2, None, StepKind::Llm), 20);
    assert_eq!(of_steps(&[agent, elsewhere]).totals.input_tokens, 20);
}

#[test]
fn a_handled_error_of_a_tool_leaves_the_run_succeeded_with_a_failure() {
    let steps = [
        with_status(step(1, None, StepKind::Agent), StepStatus::Succeeded),
        with_status(step(2, Some(1), StepKind::Tool), StepStatus::Failed),
    ];
    let summary = of_steps(&steps);
    assert_eq!(summary.status, RunStatus::Succeeded);
    assert_eq!(summary.failures.len(), 1);
    assert_eq!(summary.totals.failed_steps, 1);
}

#[test]
fn a_wrapper_that_does_not_judge_leaves_it_to_its_agent() {
    let agent = with_status(step(2, Some(1), StepKind::Agent), StepStatus::Failed);
    let status = |root| of_steps(&[step(1, None, root), agent.clone()]).status;
    assert_eq!(status(StepKind::Chain), RunStatus::Failed);
    assert_eq!(status(StepKind::Http), RunStatus::Succeeded);
}

#[test]
fn a_workflow_without_a_name_is_named_and_judged_by_its_agent() {
    let workflow = step(1, None, StepKind::Agent);
    let mut agent = with_status(step(2, Some(1), StepKind::Agent), StepStatus::Failed);
    agent.agent = Some("helper".to_owned());
    let summary = of_steps(&[workflow.clone(), agent.clone()]);
    assert_eq!(
        (summary.agent.as_deref(), summary.status),
        (Some("helper"), RunStatus::Failed)
    );
    let mut boss = workflow;
    boss.agent = Some("boss".to_owned());
    let summary = of_steps(&[boss, agent]);
    assert_eq!(
        (summary.agent.as_deref(), summary.status),
        (Some("boss"), RunStatus::Succeeded)
    );
}

#[test]
fn only_the_deepest_failed_step_is_a_failure() {
    let failed = |id, parent| with_status(step(id, parent, StepKind::Chain), StepStatus::Failed);
    let summary = of_steps(&[failed(1, None), failed(2, Some(1)), failed(3, Some(2))]);
    let at: Vec<_> = summary
        .failures
        .iter()
        .map(|failure| failure.step)
        .collect();
    assert_eq!(at, [Some(StepId::from_number(3))]);
}

#[test]
fn a_run_without_its_root_is_provisional_and_running() {
    let summary = of_steps(&[step(2, Some(1), StepKind::Llm)]);
    assert!(summary.provisional);
    assert_eq!(
        (summary.status, summary.ended_at),
        (RunStatus::Running, None)
    );
}

#[test]
fn a_remote_parent_that_is_not_ours_makes_a_root() {
    let mut remote = step(2, Some(1), StepKind::Agent);
    remote.flags = flags::REMOTE_PARENT;
    assert_eq!(of_steps(&[remote.clone()]).status, RunStatus::Succeeded);
    let mut open = step(1, None, StepKind::Http);
    open.duration_us = None;
    assert_eq!(of_steps(&[remote, open]).status, RunStatus::Running);
}

#[test]
fn a_told_end_outranks_what_steps_say() {
    let mut claims = Claims::default();
    claims.claim(Field::Status, TOLD, 0, "timed_out");
    let steps = [with_status(
        step(1, None, StepKind::Agent),
        StepStatus::Succeeded,
    )];
    let facts = Facts {
        claims: &claims,
        steps: &steps,
        told_failures: &[],
        abandoned: false,
    };
    assert_eq!(summarize(facts).status, RunStatus::TimedOut);
}

#[test]
fn a_run_that_nothing_is_heard_of_is_abandoned_at_its_last_step() {
    let claims = Claims::default();
    let steps = [step(2, Some(1), StepKind::Llm)];
    let facts = Facts {
        claims: &claims,
        steps: &steps,
        told_failures: &[],
        abandoned: true,
    };
    let summary = summarize(facts);
    assert_eq!(
        (summary.status, summary.ended_at),
        (RunStatus::Abandoned, steps[0].ended_at())
    );
}

#[test]
fn a_trace_without_agents_and_models_is_no_run() {
    assert!(!of_steps(&[step(1, None, StepKind::Http)]).is_run);
    assert!(of_steps(&[step(1, None, StepKind::Llm)]).is_run);
}

#[test]
fn the_topmost_agent_names_the_run() {
    let named = |id, parent, name: &str| {
        let mut step = step(id, parent, StepKind::Agent);
        step.agent = Some(name.to_owned());
        step
    };
    let steps = [
        step(1, None, StepKind::Http),
        named(2, Some(1), "boss"),
        named(3, Some(2), "helper"),
    ];
    assert_eq!(of_steps(&steps).agent.as_deref(), Some("boss"));
}

fn any_step() -> impl Strategy<Value = Step> {
    let kind = prop::sample::select(StepKind::ALL.to_vec());
    let status = prop::sample::select(vec![
        StepStatus::Unset,
        StepStatus::Succeeded,
        StepStatus::Failed,
        StepStatus::Running,
    ]);
    (
        1_u64..30,
        prop::option::of(1_u64..30),
        kind,
        status,
        prop::option::of(0..100),
    )
        .prop_map(|(id, parent, kind, status, input)| {
            let mut step = with_status(step(id, parent, kind), status);
            step.usage.input = input;
            if status == StepStatus::Running {
                step.duration_us = None;
            }
            if status == StepStatus::Failed {
                let message = Some(format!("failed with {id}"));
                step.error = Some(StepError {
                    message,
                    ..StepError::default()
                });
            }
            step
        })
}

proptest! {
    /// Circles, unknown parents and several roots among them.
    #[test]
    fn the_order_of_the_steps_does_not_matter(steps in prop::collection::vec(any_step(), 0..30), seed in any::<u64>()) {
        let mut distinct: Vec<Step> = Vec::new();
        for step in steps {
            if distinct.iter().all(|other| other.id != step.id) {
                distinct.push(step);
            }
        }
        let mut shuffled = distinct.clone();
        shuffled.sort_by_key(|step| crate::hash::ContentHasher::new(crate::hash::ContentKey::new(uuid::Uuid::from_u64_pair(seed, 0))).bytes(step.id.as_bytes()).finish64());
        prop_assert_eq!(of_steps(&distinct), of_steps(&shuffled));
    }

    #[test]
    fn every_step_is_reached_from_a_top_and_counts_are_bounded(steps in prop::collection::vec(any_step(), 0..30)) {
        let tree = Tree::new(&steps);
        for at in 0..steps.len() {
            let top = tree.ancestors(at).last().unwrap_or(at);
            prop_assert!(tree.tops().contains(&top));
        }
        let summary = of_steps(&steps);
        let all: i64 = steps.iter().map(|step| step.usage.sum()).sum();
        prop_assert!(summary.totals.input_tokens <= all);
    }
}
