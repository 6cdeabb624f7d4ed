//! No bytes can do harm.

use opentelemetry_proto::tonic::trace::v1::Span;
use proptest::prelude::*;
use prost::Message;
use runwatch_core::payload::Part;

use super::builders::*;
use crate::{Format, decode_traces};

/// A body of some spans, and the number of the spans.
fn body(format: Format) -> (Vec<u8>, usize) {
    let link = opentelemetry_proto::tonic::trace::v1::span::Link::default();
    let span = Span {
        attributes: key_values([
            (
                "gen_ai.input.messages",
                text(r#"[{"role":"user","parts":[]}]"#),
            ),
            ("gen_ai.system_instructions", text("help")),
            ("llm.input_messages.0.message.role", text("user")),
            ("metadata", text(r#"{"a":1}"#)),
            ("gen_ai.usage.input_tokens", int(1)),
        ]),
        events: vec![event("exception", [("exception.message", text("x"))])],
        links: vec![link],
        ..failed(span("name"), "message")
    };
    let other = Span {
        span_id: vec![7; 8],
        ..span.clone()
    };
    let request = request(vec![span, other]);
    let bytes = match format {
        Format::Protobuf => request.encode_to_vec(),
        Format::Json => serde_json::to_vec(&request).unwrap(),
    };
    (bytes, 2)
}

#[test]
fn truncated_bodies_are_errors_or_fewer_spans() {
    for format in [Format::Protobuf, Format::Json] {
        let (body, spans) = body(format);
        for len in 0..body.len() {
            if let Ok(decoded) = decode_traces(&body[..len], format, key()) {
                assert!(decoded.spans < spans, "{format:?} {len}");
            }
        }
        assert_eq!(decode_traces(&body, format, key()).unwrap().spans, spans);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in any::<Vec<u8>>()) {
        for format in [Format::Protobuf, Format::Json] {
            if let Ok(decoded) = decode_traces(&body, format, key()) {
                prop_assert!(decoded.rejected.len() <= decoded.spans);
            }
        }
    }

    #[test]
    fn changed_bytes_never_panic_and_every_span_is_accounted_for(
        json in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let format = if json { Format::Json } else { Format::Protobuf };
        let (mut body, _) = body(format);
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        if let Ok(decoded) = decode_traces(&body, format, key()) {
            let steps: usize = decoded.parts.iter().map(|part| part.steps.len()).sum();
            prop_assert_eq!(steps + decoded.duplicates + decoded.rejected.len(), decoded.spans);
        }
    }

    #[test]
    fn arbitrary_json_values_never_panic(value in "[\\[\\]{}\",:a-z0-9.\\\\uNaNIf-]{0,80}") {
        let span = json_span(&format!(r#""attributes":[{{"key":"a","value":{value}}}]"#));
        if let Ok(decoded) = decode_traces(json_body(&span).as_bytes(), Format::Json, key()) {
            prop_assert!(decoded.rejected.len() <= decoded.spans);
        }
    }

    #[test]
    fn arbitrary_attributes_are_stored_as_valid_text(name in any::<String>(), value in any::<String>()) {
        let key = name.replace('\0', "");
        let run = run_of(vec![span_with([(&*key, text(&value)), ("gen_ai.prompt", text(&value))])]);
        let step = &run.steps[0];
        for payload in &run.payloads {
            prop_assert!(!payload.body.contains('\0'));
        }
        // `jsonb` refuses NUL.
        let filterable = step.attributes.replace("\\\\", "");
        prop_assert!(!filterable.contains("\\u0000"));
        for json in [Some(step.attributes.as_str()), part(&run, Part::Attributes)] {
            let json = json.filter(|json| !json.is_empty()).unwrap_or("{}");
            prop_assert!(serde_json::from_str::<serde_json::Value>(json).is_ok());
        }
    }
}
