//! OpenLIT.

use super::*;

#[test]
fn cost_environment_and_the_first_token() {
    let run = run_with([
        ("gen_ai.usage.cost", double(0.5)),
        ("gen_ai.environment", text("staging")),
        ("gen_ai.server.ttft", double(0.25)),
    ]);
    assert_eq!(dollars(&run.steps[0]), Some(0.5));
    assert_eq!(run.steps[0].first_token_us, Some(250_000));
    assert_eq!(run.claims.get(Field::Environment), Some("staging"));
}
