//! The documents of the services: what is in the repository is what is served.

use std::collections::BTreeSet;
use std::path::Path;

use reqwest::Method;
use runwatch_service::env::Env;
use runwatch_tests::app::with_app;
use serde_json::Value;

fn documents() -> [(&'static str, Value); 3] {
    [
        ("ingest", ingest_api::document()),
        ("query", query_api::document()),
        ("control", control_api::document()),
    ]
    .map(|(name, document)| (name, serde_json::to_value(document).expect("it is JSON")))
}

/// Each operation with its method and path.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("a document has paths") {
        for (method, operation) in item.as_object().expect("a path has methods") {
            operations.push((format!("{method} {path}"), operation));
        }
    }
    operations
}

#[test]
fn the_documents_in_the_repository_are_up_to_date() {
    let update = Env::process()
        .read(|env| env.flag("UPDATE_OPENAPI"))
        .unwrap();
    for (name, document) in documents() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi");
        let file = folder.join(format!("{name}.json"));
        let served = serde_json::to_string_pretty(&document).unwrap() + "\n";
        if update {
            std::fs::write(&file, &served).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        let differs = kept
            .lines()
            .zip(served.lines())
            .find(|(kept, served)| kept != served);
        assert!(
            kept == served,
            "openapi/{name}.json is not what is served, from {differs:?} on; \
             UPDATE_OPENAPI=1 cargo test -p runwatch-tests --test it openapi writes it anew"
        );
    }
}

#[test]
fn each_service_serves_its_document() {
    with_app(async |app| {
        let nobody = app.nobody();
        for (name, document) in documents() {
            let path = format!("/openapi/{name}.json");
            let request = match name {
                "ingest" => nobody.request_to_ingest(Method::GET, &path),
                "control" => nobody.request_to_control(Method::GET, &path),
                _ => nobody.request(Method::GET, &path),
            };
            assert_eq!(
                nobody.call(request).await.expect(200).json(),
                document,
                "{name}"
            );
        }
        let docs = nobody.get("/docs/").await.expect(200).text();
        assert!(docs.contains("swagger-ui"), "{docs}");
    });
}

#[test]
fn operations_are_named_verb_resource_and_no_name_is_used_twice() {
    let verbs = [
        "get", "list", "search", "create", "change", "record", "renew", "delete",
    ];
    let mut names = BTreeSet::new();
    for (_, document) in documents() {
        for (call, operation) in operations(&document) {
            let name = operation["operationId"].as_str().unwrap();
            let verb = name.split('_').next().unwrap();
            assert!(
                verbs.contains(&verb) && name.contains('_'),
                "{call}: {name}"
            );
            assert!(
                names.insert(name.to_owned()),
                "{call}: {name} is used twice"
            );
        }
    }
    assert!(names.len() > 15);
}

/// Whether it has a description; that of what may be null stands in one of its alternatives.
fn is_described(value: &Value) -> bool {
    let alternatives = value["oneOf"].as_array().into_iter().flatten();
    let text = value["description"].as_str();
    text.is_some_and(|text| !text.is_empty()) || alternatives.into_iter().any(is_described)
}

/// The fields of all objects anywhere below a place that have no description.
fn undescribed_fields(place: &str, value: &Value, missing: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (format!("{place}.{name}"), member))
            .collect(),
        Value::Array(items) => items.iter().map(|item| (place.to_owned(), item)).collect(),
        _ => Vec::new(),
    };
    if place.ends_with(".properties") {
        let fields = below.iter().filter(|(_, field)| !is_described(field));
        missing.extend(fields.map(|(place, _)| place.clone()));
    }
    for (place, value) in below {
        undescribed_fields(&place, value, missing);
    }
}

#[test]
fn every_operation_parameter_and_field_is_described() {
    let mut missing = Vec::new();
    for (service, document) in documents() {
        for (call, operation) in operations(&document) {
            if operation["summary"].as_str().is_none() && !is_described(operation) {
                missing.push(format!("{service}: {call}"));
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if !is_described(parameter) {
                    missing.push(format!("{service}: {call} {}", parameter["name"]));
                }
            }
        }
        undescribed_fields(service, &document, &mut missing);
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_operation_says_how_it_is_called_and_how_it_fails() {
    for (service, document) in documents() {
        // Of ingest a key in three places, of query a cookie too; of control a cookie, or nothing where
        // people sign in.
        let ways = match service {
            "ingest" => 3,
            "query" => 4,
            _ => 1,
        };
        for (call, operation) in operations(&document) {
            assert!(operation["responses"]["default"].is_object(), "{call}");
            let security = operation["security"].as_array();
            assert_eq!(security.map(Vec::len), Some(ways), "{call}");
        }
    }
}
