//! smolagents.

use super::*;

#[test]
fn the_span_of_a_run_names_the_agent() {
    let step = step_of(Span {
        name: "weather_agent.run".to_owned(),
        ..span_with([
            ("smolagents.max_steps", int(20)),
            ("openinference.span.kind", text("AGENT")),
        ])
    });
    assert_eq!(
        (step.kind, step.agent.as_deref()),
        (StepKind::Agent, Some("weather_agent"))
    );
}
