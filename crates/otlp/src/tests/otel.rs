//! Plain OpenTelemetry.

use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use runwatch_core::attributes::Visibility;
use runwatch_core::claims::Field;
use runwatch_core::payload::Part;
use runwatch_core::step::{StepKind, StepStatus};

use super::builders::*;

#[test]
fn databases_and_http_have_kinds_of_their_own() {
    let kind = |key: &str, value: &str| step_of(span_with([(key, text(value))])).kind;
    assert_eq!(kind("db.system.name", "postgresql"), StepKind::Db);
    assert_eq!(kind("db.system", "redis"), StepKind::Db);
    assert_eq!(kind("db.system", "qdrant"), StepKind::Retrieval);
    assert_eq!(kind("http.request.method", "GET"), StepKind::Http);
    assert_eq!(kind("http.method", "GET"), StepKind::Http);
    assert_eq!(kind("x", "y"), StepKind::Other);
    let vectors = span_with([
        ("db.system", text("postgresql")),
        ("db.vector.query.top_k", int(5)),
    ]);
    assert_eq!(step_of(vectors).kind, StepKind::Retrieval);
    let over_http = span_with([("db.system", text("redis")), ("http.method", text("GET"))]);
    assert_eq!(step_of(over_http).kind, StepKind::Db);
}

#[test]
fn the_status_is_as_the_sender_judged_it() {
    let status = |code: i32| {
        step_of(Span {
            status: Some(Status {
                code,
                ..Default::default()
            }),
            ..span("s")
        })
    };
    assert_eq!(status(0).status, StepStatus::Unset);
    assert_eq!(status(1).status, StepStatus::Succeeded);
    assert_eq!(status(2).status, StepStatus::Failed);
    assert_eq!(status(7).status, StepStatus::Unset);
    assert_eq!(status(1).error, None);
    assert_eq!(status(2).error, Some(Default::default()));
}

#[test]
fn the_last_exception_tells_why_a_span_failed() {
    let exception = |kind: &str, message: &str| {
        let stack = format!("Traceback\n{kind}: {message}");
        let attributes = [
            ("exception.type", text(kind)),
            ("exception.message", text(message)),
        ];
        let mut event = event("exception", attributes);
        event
            .attributes
            .extend(key_values([("exception.stacktrace", text(&stack))]));
        event
    };
    let events = vec![
        exception("KeyError", "first"),
        event("note", []),
        exception("ValueError", "last"),
    ];
    let run = run_of(vec![failed(
        Span {
            events,
            ..span("s")
        },
        "",
    )]);
    let error = run.steps[0].error.clone().unwrap();
    assert_eq!(error.kind.as_deref(), Some("ValueError"));
    assert_eq!(error.message.as_deref(), Some("last"));
    assert_eq!(part(&run, Part::Error), Some("Traceback\nValueError: last"));
    assert!(
        part(&run, Part::Events)
            .unwrap()
            .contains("KeyError: first")
    );
}

#[test]
fn an_exception_of_a_span_that_did_not_fail_is_only_an_event() {
    let events = vec![event("exception", [("exception.type", text("KeyError"))])];
    let step = step_of(Span {
        events,
        ..span("s")
    });
    assert_eq!((step.status, step.error), (StepStatus::Unset, None));
}

#[test]
fn the_status_message_goes_before_the_exception_and_is_cut_at_its_traceback() {
    let message = "\n ValueError('x') Traceback (most recent call last):\n  File \"a.py\"";
    let events = vec![event("exception", [("exception.message", text("other"))])];
    let run = run_of(vec![failed(
        Span {
            events,
            ..span("s")
        },
        message,
    )]);
    let error = run.steps[0].error.clone().unwrap();
    assert_eq!(error.message.as_deref(), Some("ValueError('x')"));
    assert_eq!(part(&run, Part::Error), Some(message));
}

#[test]
fn error_types_and_codes_come_from_the_first_source_that_is_there() {
    let error = |span: Span| step_of(failed(span, "m")).error.unwrap();
    let all = error(span_with([
        ("error.type", text("429")),
        ("http.status_code", int(500)),
        ("http.response.status_code", int(503)),
        ("rpc.response.status_code", text("UNAVAILABLE")),
    ]));
    assert_eq!(
        (all.kind.as_deref(), all.code.as_deref()),
        (Some("429"), Some("UNAVAILABLE"))
    );
    let numeric = error(span_with([("error.type", text("429"))]));
    assert_eq!(
        (numeric.kind.as_deref(), numeric.code.as_deref()),
        (Some("429"), Some("429"))
    );
    let word = error(span_with([("error.type", text("timeout"))]));
    assert_eq!((word.kind.as_deref(), word.code), (Some("timeout"), None));
}

#[test]
fn a_message_that_fits_has_no_payload_of_its_own() {
    assert_eq!(part_of(failed(span("s"), "short"), Part::Error), None);
    let succeeded = Status {
        code: 1,
        message: "fine".into(),
    };
    let kept = part_of(
        Span {
            status: Some(succeeded),
            ..span("s")
        },
        Part::Attributes,
    );
    assert_eq!(
        kept.as_deref(),
        Some(r#"{"otel.status_description":"fine"}"#)
    );
}

#[test]
fn sessions_and_users_are_said_of_the_run() {
    let run = run_of(vec![span_with([
        ("enduser.id", text("second")),
        ("user.id", text("first")),
        ("session.id", text("s1")),
    ])]);
    assert_eq!(run.claims.get(Field::UserId), Some("first"));
    assert_eq!(run.claims.get(Field::SessionId), Some("s1"));
    let kept = r#"{"enduser.id":"second","session.id":"s1","user.id":"first"}"#;
    assert_eq!(part(&run, Part::Attributes), Some(kept));
}

#[test]
fn the_resource_says_service_release_and_environment() {
    let claims = |attributes| {
        let mut request = request(vec![span("s")]);
        request.resource_spans[0]
            .resource
            .as_mut()
            .unwrap()
            .attributes = attributes;
        one_run(decode_protobuf(&request)).claims
    };
    let all = claims(key_values([
        ("service.name", text("shop")),
        ("service.version", text("1.2")),
        ("vcs.repository.ref.revision", text("abc")),
        ("deployment.environment", text("old")),
        ("deployment.environment.name", text("production")),
    ]));
    assert_eq!(all.get(Field::ServiceName), Some("shop"));
    assert_eq!(all.get(Field::Release), Some("1.2"));
    assert_eq!(all.get(Field::AgentVersion), Some("1.2"));
    assert_eq!(all.get(Field::Environment), Some("production"));
    let old = claims(key_values([("deployment.environment", text("staging"))]));
    assert_eq!(old.get(Field::Environment), Some("staging"));
    assert_eq!(old.get(Field::Release), None);
}

#[test]
fn state_and_kind_of_the_span_are_kept_among_its_attributes() {
    let kept = |kind: i32, trace_state: &str| {
        part_of(
            Span {
                kind,
                trace_state: trace_state.into(),
                ..span("s")
            },
            Part::Attributes,
        )
    };
    assert_eq!(kept(1, ""), None);
    let both = r#"{"otel.span_kind":"CLIENT","otel.trace_state":"k=v"}"#;
    assert_eq!(kept(3, "k=v").as_deref(), Some(both));
    assert_eq!(kept(9, "").as_deref(), Some(r#"{"otel.span_kind":"9"}"#));
}

#[test]
fn the_name_of_an_attribute_decides_whether_it_can_be_filtered_on() {
    for (key, visibility) in [
        ("app.channel", Visibility::Filterable),
        ("channel", Visibility::Filterable),
        ("db.system.name", Visibility::Filterable),
        ("gen_ai.response.id", Visibility::PayloadOnly),
        ("server.address", Visibility::PayloadOnly),
    ] {
        assert_eq!(crate::visibility(key), visibility, "{key}");
    }
}
