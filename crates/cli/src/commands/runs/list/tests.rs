use clap::Parser;
use serde_json::json;

use super::*;
use crate::args::{Cli, Command, RunsCommand};

fn args(options: &str) -> ListRunsArgs {
    let words = ["runwatch", "runs", "list"].into_iter();
    let cli = Cli::parse_from(words.chain(options.split_whitespace()));
    let Command::Runs(RunsCommand::List(args)) = cli.command else {
        panic!("not `runs list`")
    };
    *args
}

fn runs() -> Vec<Run> {
    let runs = json!([
        {"run_id": "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11", "status": "failed", "agent_id": "support-bot",
         "agent_version": "2.3.1", "started_at": "2026-11-20T10:00:00Z", "duration_us": 4_200_000,
         "totals": {"steps": 2, "failed_steps": 1, "input_tokens": 812, "output_tokens": 96},
         "cost_usd": 0.0031, "failure_types": ["timeout", "tool_error"]},
        {"run_id": "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a12", "status": "running", "stalled": true,
         "agent_id": "返金係", "started_at": "2026-11-20T09:59:00Z", "cost_usd": null, "of_the_future": 1},
        {"run_id": "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a13", "status": "succeeded", "agent_id": null,
         "started_at": "2026-11-20T09:00:00Z", "duration_us": 5_025_000_000_i64,
         "totals": {"steps": 14_812, "input_tokens": 41_000_000}, "cost_usd": 123.4},
    ]);
    serde_json::from_value(runs).unwrap()
}

#[test]
fn runs_stand_below_each_other() {
    insta::assert_snapshot!(as_table(&runs(), Paint::Off));
}

#[test]
fn on_a_terminal_states_have_colours() {
    let text = as_table(&runs(), Paint::On);
    for state in [
        "\u{1b}[31mfailed\u{1b}[0m",
        "\u{1b}[33mstalled\u{1b}[0m",
        "\u{1b}[32msucceeded\u{1b}[0m",
    ] {
        assert!(text.contains(state), "{text}");
    }
}

#[test]
fn options_become_parameters() {
    let args = args(
        "--agent a --status failed,timed_out --failure rate_limit --session s --user u --since 1h",
    );
    let query = filter(&args, Timestamp(3_600_000_000));
    let query: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        query.join("&"),
        "agent=a&session_id=s&user_id=u&status=failed&status=timed_out&failure_type=rate_limit&\
         started_after=1970-01-01T00:00:00.000000Z"
    );
}

#[test]
fn nothing_found_is_said_differently_with_a_filter() {
    assert!(nothing(&args("")).contains("`runwatch demo`"));
    assert_eq!(nothing(&args("--agent a")), "No run matches.");
}

#[test]
fn a_wrong_state_is_refused_with_those_there_are() {
    let wrong = Cli::try_parse_from(["runwatch", "runs", "list", "--status", "broken"]);
    let said = wrong.unwrap_err().to_string();
    assert!(
        said.contains("a run is one of running, succeeded, failed"),
        "{said}"
    );
}
