//! CrewAI.

use super::*;

#[test]
fn crews_agents_and_tasks() {
    let crew = run_with([
        ("crewai.crew.name", text("shop")),
        ("crewai.crew.result", text("done")),
    ]);
    assert_eq!(crew.steps[0].agent.as_deref(), Some("shop"));
    assert_eq!(output(&crew), Some("done"));
    let task = run_with([("crewai.task.description", text("asked"))]);
    assert_eq!(input(&task), Some("asked"));
    let agent = step_with([("crewai.agent.role", text("writer"))]);
    assert_eq!(agent.agent.as_deref(), Some("writer"));
}
