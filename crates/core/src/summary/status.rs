//! Where a run stands, and when it ended.

use crate::claims::Field;
use crate::run::RunStatus;
use crate::step::{Step, StepKind, StepStatus};
use crate::summary::Facts;
use crate::time::Timestamp;

/// A run's status and the time of its end.
pub(super) struct End {
    pub(super) status: RunStatus,
    pub(super) at: Option<Timestamp>,
}

/// The time that a claim says.
pub(super) fn time(claim: &str) -> Option<Timestamp> {
    claim.parse().ok().map(Timestamp)
}

/// Decides it: a told end, else what the root and its agent say, else abandoned or still running.
pub(super) fn end(facts: Facts<'_>, root: Option<usize>, top_agent: Option<usize>) -> End {
    let told_end = facts.claims.get(Field::EndedAt).and_then(time);
    let last_end = || facts.steps.iter().filter_map(Step::ended_at).max();
    if let Some(status) = facts
        .claims
        .get(Field::Status)
        .and_then(RunStatus::from_name)
    {
        return End {
            status,
            at: told_end.or_else(last_end),
        };
    }
    let root = root
        .map(|at| &facts.steps[at])
        .filter(|root| root.is_finished());
    if let Some(root) = root {
        let agent = top_agent.map(|at| &facts.steps[at]);
        return End {
            status: of_root(root, agent),
            at: told_end.or_else(|| root.ended_at()),
        };
    }
    if told_end.is_some() {
        let failed = !facts.told_failures.is_empty();
        let status = if failed {
            RunStatus::Failed
        } else {
            RunStatus::Succeeded
        };
        return End {
            status,
            at: told_end,
        };
    }
    if facts.abandoned {
        return End {
            status: RunStatus::Abandoned,
            at: last_end(),
        };
    }
    End {
        status: RunStatus::Running,
        at: None,
    }
}

/// otel.md §3.4 rule 4: an error of the root decides, a failed step under a root that is content
/// does not; a wrapper that does not judge leaves it to its agent.
fn of_root(root: &Step, agent: Option<&Step>) -> RunStatus {
    let agent_failed = agent.is_some_and(|agent| agent.status == StepStatus::Failed);
    match root.status {
        StepStatus::Failed => RunStatus::Failed,
        StepStatus::Cancelled => RunStatus::Cancelled,
        StepStatus::Unset if is_wrapper(root) && agent_failed => RunStatus::Failed,
        StepStatus::Running | StepStatus::Unset | StepStatus::Succeeded => RunStatus::Succeeded,
    }
}

/// Whether a step only wraps an agent: a chain, or a workflow that stands as an agent without a
/// name.
fn is_wrapper(root: &Step) -> bool {
    match root.kind {
        StepKind::Chain => true,
        StepKind::Agent => root.agent.is_none(),
        _ => false,
    }
}
