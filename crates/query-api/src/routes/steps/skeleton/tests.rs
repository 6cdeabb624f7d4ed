use runwatch_core::ids::{RunId, StepId};
use runwatch_core::money::NanoUsd;
use runwatch_core::step::{StepKind, StepStatus};
use runwatch_core::time::Timestamp;
use runwatch_store::steps::SkeletonStep;
use serde_json::{Value, json};

use super::SkeletonWriter;

const STARTED_AT: Timestamp = Timestamp(1_700_000_000_000_000);

fn writer() -> SkeletonWriter {
    SkeletonWriter::new(
        RunId("0199c7a27a517cc09d3e5b6f0f7d2a11".parse().unwrap()),
        STARTED_AT,
    )
}

fn step(number: u64) -> SkeletonStep {
    SkeletonStep {
        id: StepId::from_number(number),
        parent: (number > 1).then(|| StepId::from_number(1)),
        kind: StepKind::Llm,
        status: StepStatus::Unset,
        flags: 0,
        started_at: Timestamp(STARTED_AT.0 + 10 * i64::try_from(number).unwrap() - 20),
        duration_us: (number > 1).then_some(7),
        name: format!("\"{number}\""),
        input_tokens: Some(3),
        output_tokens: None,
        cost: Some(NanoUsd(1_500_000)),
        model: Some("m".to_owned()),
        tool: None,
        error_type: None,
    }
}

#[test]
fn chunks_and_their_frame_are_one_json_document() {
    let mut writer = writer();
    let mut text = writer.chunk(vec![step(1), step(2)]);
    text += &writer.chunk(vec![step(3)]);
    text += &writer.finish(Some("abc"));
    let read: Value = serde_json::from_str(&text).unwrap();
    let columns = |ids: Value, parents: Value, names: Value, started: Value, durations: Value| {
        let len = ids.as_array().unwrap().len();
        let repeated = |value: Value| vec![value; len];
        json!({
            "step_id": ids, "parent": parents, "kind": repeated("llm".into()), "name": names,
            "started_us": started, "duration_us": durations,
            "status": repeated("succeeded".into()), "input_tokens": repeated(3.into()),
            "output_tokens": repeated(Value::Null), "cost_usd": repeated(0.0015.into()),
            "model": repeated("m".into()), "tool": repeated(Value::Null),
            "error_type": repeated(Value::Null)
        })
    };
    let (first, second, third) = ("0000000000000001", "0000000000000002", "0000000000000003");
    let expected = json!({
        "run_id": "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11",
        "started_at": "2023-11-14T22:13:20.000000Z",
        "chunks": [
            columns(json!([first, second]), json!([null, first]), json!(["\"1\"", "\"2\""]),
                json!([-10, 0]), json!([null, 7])),
            columns(json!([third]), json!([first]), json!(["\"3\""]), json!([10]), json!([7])),
        ],
        "next_cursor": "abc"
    });
    assert_eq!(read, expected);
}

#[test]
fn a_run_without_steps_has_no_chunks() {
    let read: Value = serde_json::from_str(&writer().finish(None)).unwrap();
    assert_eq!(read["chunks"], json!([]));
    assert_eq!(read["next_cursor"], Value::Null);
}
