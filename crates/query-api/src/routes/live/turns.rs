//! How many may follow at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::StatusCode;
use runwatch_core::ids::ProjectId;
use runwatch_core::limits::{LIVE_STREAMS_MAX, LIVE_STREAMS_PER_PROJECT_MAX};
use runwatch_service::problem::Problem;

/// Streams that are open, by project.
#[derive(Clone)]
pub(crate) struct LiveTurns(Arc<Mutex<HashMap<ProjectId, usize>>>);

/// The right to follow, for as long as it is held.
pub(super) struct LiveTurn {
    turns: LiveTurns,
    project: ProjectId,
}

impl LiveTurns {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// The right to follow a project, unless as many as may are doing so.
    pub(super) fn take(&self, project: ProjectId) -> Result<LiveTurn, Problem> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.values().sum::<usize>() >= LIVE_STREAMS_MAX {
            return Err(Problem::unavailable());
        }
        let of_project = open.entry(project).or_default();
        if *of_project >= LIVE_STREAMS_PER_PROJECT_MAX {
            return Err(too_many());
        }
        *of_project += 1;
        let turns = self.clone();
        Ok(LiveTurn { turns, project })
    }
}

impl Drop for LiveTurn {
    fn drop(&mut self) {
        let mut open = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_project) = open.get_mut(&self.project) {
            *of_project -= 1;
            if *of_project == 0 {
                open.remove(&self.project);
            }
        }
    }
}

fn too_many() -> Problem {
    let detail = format!(
        "This project has {LIVE_STREAMS_PER_PROJECT_MAX} live streams open, as many as it may; close one."
    );
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", detail)
        .with_member("limit", LIVE_STREAMS_PER_PROJECT_MAX)
        .with_retry_after(5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn all_projects_together_have_so_many_streams_and_no_more() {
        let turns = LiveTurns::new();
        let project = |number| ProjectId(Uuid::from_u128(number));
        let of_project = |number| (0..16).map(move |_| project(number));
        let mut held: Vec<LiveTurn> = (0..4)
            .flat_map(of_project)
            .map(|project| turns.take(project).expect("there is room"))
            .collect();
        let code = |number| {
            turns
                .take(project(number))
                .err()
                .map(|problem| problem.code())
        };
        assert_eq!(code(9), Some("unavailable"));
        held.pop();
        assert_eq!(code(0), Some("too_many_streams"));
        assert_eq!(code(9), None);
    }
}
