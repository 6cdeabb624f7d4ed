use runwatch_core::payload::{Encoding, Part};
use runwatch_store::payloads::StoredPart;

use super::{Parts, merged_objects};

fn part(part: Part, encoding: Encoding, body: &str) -> StoredPart {
    StoredPart {
        part,
        encoding,
        body: body.to_owned(),
    }
}

#[test]
fn documents_go_out_verbatim_and_text_as_a_string() {
    let document = r#"{"b": 1e2,  "a":"\u00e9"}"#;
    let mut parts = Parts::new(vec![
        part(Part::Input, Encoding::Json, document),
        part(Part::Output, Encoding::Text, "say \"hi\"\n"),
        part(Part::Events, Encoding::Json, "[broken"),
    ]);
    assert_eq!(parts.take(Part::Input).unwrap().get(), document);
    assert_eq!(parts.take(Part::Output).unwrap().get(), r#""say \"hi\"\n""#);
    assert_eq!(parts.take(Part::Events).unwrap().get(), r#""[broken""#);
    assert!(parts.take(Part::Links).is_none());
}

#[test]
fn attributes_from_both_places_become_one_object() {
    let merged = merged_objects([
        r#"{"a": 1, "b": "x"}"#,
        "",
        "[]",
        r#"{"c": {"d":  2}, "a": 9}"#,
    ]);
    let json = serde_json::to_string(&merged).unwrap();
    assert_eq!(json, r#"{"a":1,"b":"x","c":{"d":  2}}"#);
}
