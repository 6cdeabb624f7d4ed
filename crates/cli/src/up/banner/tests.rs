use clap::Parser;

use super::*;
use crate::args::{Cli, Command};

fn banner(options: &[&str]) -> Banner {
    let words = ["runwatch", "up"].iter().chain(options);
    let Command::Up(args) = Cli::parse_from(words).command else {
        panic!("not `up`")
    };
    let keys = FirstKeys {
        ingest: "rw_in".to_owned(),
        all_scopes: "rw_all".to_owned(),
    };
    Banner::new(
        &args,
        Ports::from_base(args.port, args.front.grpc_port).unwrap(),
        keys,
        Some("once".to_owned()),
    )
}

/// The JSON between the quotes after `-d`.
fn body_of(text: &str) -> serde_json::Value {
    let (_before, body) = text.split_once("-d '").unwrap();
    serde_json::from_str(body.split_once('\'').unwrap().0).unwrap()
}

#[test]
fn the_calls_to_try_hold_the_address_the_keys_and_valid_json() {
    let text = banner(&["--port", "9000"]).text();
    assert!(
        text.contains("curl -sS http://127.0.0.1:9000/v1/runs -H 'X-API-Key: rw_in'"),
        "{text}"
    );
    assert!(text.contains(" http://127.0.0.1:9007 for gRPC"), "{text}");
    let run = body_of(&text)["run_id"].as_str().unwrap().to_owned();
    let read_back = format!("http://127.0.0.1:9000/v1/runs/{run} -H 'X-API-Key: rw_all'");
    assert!(text.contains(&read_back), "{text}");
}

#[test]
fn the_env_file_holds_the_address_and_the_key_with_all_scopes() {
    let expected = "RUNWATCH_URL=http://127.0.0.1:8080\nRUNWATCH_API_KEY=rw_all\n";
    assert_eq!(banner(&[]).env_file(), expected);
}

#[test]
fn an_open_address_is_warned_of_and_called_over_loopback() {
    let text = banner(&[
        "--listen",
        "0.0.0.0",
        "--public-url",
        "https://runs.example.com/",
    ])
    .text();
    assert!(
        text.contains("running at https://runs.example.com\n"),
        "{text}"
    );
    assert!(
        text.contains("curl -sS http://127.0.0.1:8080/v1/runs "),
        "{text}"
    );
    assert!(text.contains("plain HTTP"), "{text}");
    assert!(!banner(&[]).text().contains("plain HTTP"));
}

#[test]
fn the_demo_is_told_of() {
    assert!(banner(&["--demo"]).text().contains("the tag \"demo\""));
    assert!(!banner(&[]).text().contains("demo"));
}
