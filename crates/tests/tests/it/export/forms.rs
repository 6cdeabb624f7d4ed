//! The same rows in each form.

use std::io::Read;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use reqwest::Method;
use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::moments::seconds_ago;
use serde_json::{Map, Value, json};

use super::{lines, rows};

const RUN: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11";

/// A run whose texts try everything.
async fn send_odd_run(app: &TestApp) {
    let step = |id: &str, name: &str| {
        json!({"step_id": id, "name": name, "kind": "tool", "started_at": seconds_ago(60),
            "ended_at": seconds_ago(59)})
    };
    let mut call = step("00000000000000a9", "=HYPERLINK(\"http://evil\",\"x\")");
    call["kind"] = json!("llm");
    call["model"] = json!("gpt-4o");
    call["usage"] = json!({"input_tokens": 812, "output_tokens": 96});
    call["input"] = json!({"question": "line\nbreak", "n": 1.50});
    call["output"] = json!("plain text");
    call["attributes"] = json!({"channel": "chat"});
    let mut failed = step("00000000000000aa", "fails");
    failed["status"] = json!("failed");
    failed["error"] =
        json!({"type": "@cmd", "code": "-1", "message": "two \"words\", and\r\na line"});
    let run = json!({"run_id": RUN, "agent_id": "+agent, \"odd\"", "tags": ["=a", "b,c"], "status": "failed",
        "started_at": seconds_ago(60), "ended_at": seconds_ago(50), "session_id": "\t-1",
        "steps": [step("00000000000000a1", "plain"), step("00000000000000a2", "+1"),
            step("00000000000000a3", "-1"), step("00000000000000a4", "@SUM(A1)"),
            step("00000000000000a5", "＝1"), step("00000000000000a6", "a,b"),
            step("00000000000000a7", "'quoted'"), step("00000000000000a8", "日本語 ✓"),
            call, failed]});
    app.agent().send_runs(&run).await.expect(200);
}

#[test]
fn no_cell_of_a_csv_file_is_a_formula() {
    with_app(async |app| {
        send_odd_run(app).await;
        let columns = "step_id,name,kind,input_tokens,cost_usd,error_type,error_code,error_message,flags,attributes";
        let path = format!("/v1/export?what=steps&format=csv&columns={columns}");
        let steps = app.analyst().get(&path).await.expect(200);
        assert_eq!(
            steps.header("content-type"),
            Some("text/csv; charset=utf-8; header=present")
        );
        let file = steps.header("content-disposition").unwrap();
        assert!(
            file.starts_with("attachment; filename=\"runwatch-steps-20"),
            "{file}"
        );
        assert!(file.ends_with(".csv\""), "{file}");
        insta::assert_snapshot!("steps_csv", steps.text().replace('\r', "␍"));
        let columns = "agent_id,session_id,tags,models,tools,failure_types,steps,provisional,release,cost_usd";
        let path = format!("/v1/export?what=runs&format=csv&columns={columns}");
        let runs = app.analyst().get(&path).await.expect(200);
        insta::assert_snapshot!("runs_csv", runs.text().replace('\r', "␍"));
    });
}

#[test]
fn columns_come_as_they_are_asked_for() {
    with_app(async |app| {
        send_odd_run(app).await;
        app.fold().await;
        for (what, columns, line) in [
            ("usage", "kind,count", "run,1"),
            ("usage", "bucket,kind,count", ",run,1"),
            ("usage", "bucket,kind", ",run"),
            (
                "runs",
                "steps,run_id,status",
                "10,0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11,failed",
            ),
            ("runs", "run_id", RUN),
            ("runs", "cursor", RUN),
            (
                "failures",
                "type,step_id,told",
                "tool_error,00000000000000aa,false",
            ),
        ] {
            let path = format!("/v1/export?what={what}&format=csv&columns={columns}");
            let text = app.analyst().get(&path).await.expect(200).text();
            let mut lines = text.lines();
            assert_eq!(lines.next(), Some(columns));
            let first = lines.next().unwrap();
            let cells = columns.split(',').count();
            assert_eq!(first.split(',').count(), cells, "{first}");
            assert!(first.ends_with(line), "{first} ends with {line}");
        }
    });
}

#[test]
fn lines_have_the_fields_of_the_api() {
    with_app(async |app| {
        send_odd_run(app).await;
        let analyst = app.analyst();
        for row in rows(&analyst, "what=steps").await {
            let step = analyst
                .step(RUN, row["step_id"].as_str().unwrap())
                .await
                .expect(200)
                .json();
            let nested = |name: &str| {
                let error = name.strip_prefix("error_").unwrap_or(name);
                let from_usage = step["usage"].get(name);
                from_usage
                    .or_else(|| step["error"].get(error))
                    .cloned()
                    .unwrap_or_default()
            };
            for (name, value) in row.as_object().unwrap() {
                let expected = step.get(name).cloned().unwrap_or_else(|| nested(name));
                // Without payloads there are only the attributes that can be filtered on.
                if name != "attributes" {
                    assert_eq!(*value, expected, "{name} of {row}");
                }
            }
        }
        for (what, list) in [("runs", "/v1/runs"), ("failures", "/v1/failures")] {
            let item = analyst.get(list).await.expect(200).json()[what][0].clone();
            let exported = rows(&analyst, &format!("what={what}")).await;
            for (name, value) in exported[0].as_object().unwrap() {
                let expected = item.get(name).unwrap_or(&item["totals"][name]);
                assert_eq!(value, expected, "{name} of {what}");
            }
        }
    });
}

#[test]
fn steps_come_with_their_payloads_if_they_are_asked_for() {
    with_app(async |app| {
        send_odd_run(app).await;
        let exported = rows(&app.analyst(), "what=steps&payloads=true").await;
        assert_eq!(exported.len(), 10);
        let call = exported
            .iter()
            .find(|row| row["model"] == "gpt-4o")
            .unwrap();
        assert_eq!(call["input"], json!({"question": "line\nbreak", "n": 1.50}));
        assert_eq!(call["output"], "plain text");
        assert_eq!(exported[0]["input"], Value::Null);
        let chosen = rows(
            &app.analyst(),
            "what=steps&payloads=true&columns=output,step_id",
        )
        .await;
        assert_eq!(
            chosen[8],
            json!({"output": "plain text", "step_id": "00000000000000a9"})
        );
    });
}

#[test]
fn a_parquet_file_holds_what_the_lines_hold() {
    with_app(async |app| {
        send_odd_run(app).await;
        app.fold().await;
        let analyst = app.analyst();
        for query in [
            "what=runs",
            "what=steps&payloads=true",
            "what=failures",
            "what=usage",
            "what=steps&agent=x",
        ] {
            let path = format!("/v1/export?{query}&format=parquet");
            let file = analyst.get(&path).await.expect(200);
            assert_eq!(
                file.header("content-type"),
                Some("application/vnd.apache.parquet")
            );
            let reader = SerializedFileReader::new(prost::bytes::Bytes::from(file.body)).unwrap();
            let found: Vec<Value> = reader
                .get_row_iter(None)
                .unwrap()
                .map(|row| {
                    let row = row.unwrap();
                    let fields = row.get_column_iter();
                    Value::Object(
                        fields
                            .map(|(name, field)| (name.clone(), plain(field)))
                            .collect(),
                    )
                })
                .collect();
            let expected: Vec<Value> = rows(&analyst, query).await.iter().map(with_text).collect();
            assert_eq!(found, expected, "{query}");
            let schema = reader.metadata().file_metadata().schema();
            let mut text = Vec::new();
            parquet::schema::printer::print_schema(&mut text, schema);
            let name = query.split(['=', '&']).nth(1).unwrap();
            let name = if query.contains("payloads") {
                "steps_with_payloads"
            } else {
                name
            };
            insta::assert_snapshot!(format!("{name}_parquet"), String::from_utf8(text).unwrap());
        }
    });
}

/// A field of a Parquet file as JSON.
fn plain(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(value) => json!(value),
        Field::Long(number) => json!(number),
        Field::Double(number) => json!(number),
        Field::TimestampMicros(us) => json!(runwatch_core::time::Timestamp(*us).to_rfc3339()),
        Field::Str(text) => json!(text),
        Field::Bytes(bytes) => json!(bytes.as_utf8().unwrap()),
        Field::ListInternal(list) => list.elements().iter().map(plain).collect(),
        other => panic!("{other:?}"),
    }
}

/// A row whose documents are texts, as Parquet has them.
fn with_text(row: &Value) -> Value {
    let text = |(name, value): (&String, &Value)| {
        let is_document =
            ["input", "output", "attributes"].contains(&name.as_str()) && !value.is_null();
        let value = match (is_document, name.as_str()) {
            // As Postgres writes it, with a space behind the colon.
            (true, "attributes") => json!(value.to_string().replace(':', ": ")),
            (true, "input") => json!("{\"n\":1.5,\"question\":\"line\\nbreak\"}"),
            (true, _) => json!(value.to_string()),
            (false, _) => value.clone(),
        };
        (name.clone(), value)
    };
    Value::Object(
        row.as_object()
            .unwrap()
            .iter()
            .map(text)
            .collect::<Map<_, _>>(),
    )
}

#[test]
fn lines_are_compressed_for_whoever_takes_gzip() {
    with_app(async |app| {
        send_odd_run(app).await;
        let analyst = app.analyst();
        let expected = rows(&analyst, "what=steps").await;
        for query in ["what=steps", "what=steps&limit=100"] {
            let request = analyst.request(Method::GET, &format!("/v1/export?{query}"));
            let answer = analyst
                .call(request.header("accept-encoding", "br, gzip;q=0.5"))
                .await;
            assert_eq!(answer.header("content-encoding"), Some("gzip"));
            let mut text = String::new();
            let mut decoder = flate2::read::GzDecoder::new(answer.body.as_slice());
            decoder.read_to_string(&mut text).unwrap();
            assert_eq!(lines(&text), expected);
        }
        let request = analyst.request(Method::GET, "/v1/export?what=steps");
        let answer = analyst
            .call(request.header("accept-encoding", "gzip;q=0"))
            .await;
        assert_eq!(answer.header("content-encoding"), None);
    });
}
