//! `runwatch runs list`.

#[cfg(test)]
mod tests;

use anyhow::{Context, Result};
use runwatch_core::failures::FailureType;
use runwatch_core::limits::PAGE_ROWS_MAX;
use runwatch_core::time::Timestamp;

use super::colour_of;
use crate::api::{Run, RunPage};
use crate::args::ListRunsArgs;
use crate::client::Client;
use crate::clock;
use crate::console::say;
use crate::terminal::{Colour, Column, Paint, Table, count, dollars, duration, moment};

const COLUMNS: [Column; 9] = [
    Column::text("STATUS"),
    Column::text("AGENT"),
    Column::text("STARTED (UTC)"),
    Column::number("DURATION"),
    Column::number("STEPS"),
    Column::number("TOKENS"),
    Column::number("COST"),
    Column::text("FAILURES"),
    Column::text("RUN"),
];

/// Lists runs as a table or as JSON.
pub(super) async fn run(args: ListRunsArgs) -> Result<()> {
    let client = Client::new(&args.server)?;
    let (runs, has_more) = fetch(&client, &args).await?;
    if args.json {
        say(&serde_json::to_string(&runs)?);
        return Ok(());
    }
    let runs: Vec<Run> = runs
        .into_iter()
        .map(serde_json::from_value)
        .collect::<Result<_, _>>()
        .context("the runs have a form that this version does not know")?;
    if runs.is_empty() {
        say(nothing(&args));
        return Ok(());
    }
    say(&as_table(&runs, Paint::for_output()));
    if has_more {
        let shown = count(i64::try_from(runs.len()).unwrap_or(i64::MAX));
        say(&format!(
            "The latest {shown} runs; --limit shows more, and --agent, --status or --since narrow it down."
        ));
    }
    Ok(())
}

/// As many runs as are asked for, a page at a time, and whether there are more.
async fn fetch(client: &Client, args: &ListRunsArgs) -> Result<(Vec<serde_json::Value>, bool)> {
    let filter = filter(args, clock::now());
    let mut runs = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let missing = args.limit.saturating_sub(u32::try_from(runs.len())?);
        let mut query = filter.clone();
        query.push(("limit", missing.min(PAGE_ROWS_MAX).to_string()));
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        let page: RunPage = client.get("/v1/runs", &query).await?;
        runs.extend(page.runs);
        cursor = page.next_cursor;
        if cursor.is_none() || runs.len() >= args.limit as usize {
            return Ok((runs, cursor.is_some()));
        }
    }
}

/// The parameters of `GET /v1/runs`.
fn filter(args: &ListRunsArgs, now: Timestamp) -> Vec<(&'static str, String)> {
    let texts = [
        ("agent", &args.agent),
        ("session_id", &args.session),
        ("user_id", &args.user),
        ("environment", &args.environment),
        ("release", &args.release),
        ("tag", &args.tag),
        ("model", &args.model),
        ("tool", &args.tool),
    ];
    let texts = texts.into_iter();
    let mut query: Vec<_> = texts
        .filter_map(|(name, value)| Some((name, value.clone()?)))
        .collect();
    let statuses = args.status.iter();
    query.extend(statuses.map(|status| ("status", status.name().to_owned())));
    let failure = args.failure.map(FailureType::name);
    query.extend(failure.map(|name| ("failure_type", name.to_owned())));
    let since = args.since.map(|since| since.from(now).to_rfc3339());
    query.extend(since.map(|since| ("started_after", since)));
    query
}

fn nothing(args: &ListRunsArgs) -> &'static str {
    match filter(args, Timestamp(0)).is_empty() {
        true => {
            "There are no runs yet. `runwatch demo` sends some; the README says how to send your own."
        }
        false => "No run matches.",
    }
}

fn as_table(runs: &[Run], paint: Paint) -> String {
    let mut table = Table::new(&COLUMNS);
    for run in runs {
        let tokens = run.totals.input_tokens + run.totals.output_tokens;
        let failed = (run.totals.failed_steps > 0).then_some(Colour::Red);
        table.row(vec![
            (run.standing().to_owned(), colour_of(run.standing())),
            (run.agent(), None),
            (run.started_at.map(moment).unwrap_or_default(), None),
            (run.duration_us.map(duration).unwrap_or_default(), None),
            (count(run.totals.steps), failed),
            (count(tokens), None),
            (run.cost_usd.map(dollars).unwrap_or_default(), None),
            (run.failure_types.join(","), Some(Colour::Red)),
            (run.run_id.clone(), Some(Colour::Grey)),
        ]);
    }
    table.text(paint)
}
