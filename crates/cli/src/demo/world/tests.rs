use std::collections::{BTreeMap, BTreeSet};

use runwatch_core::run::RunStatus;
use runwatch_core::time::{DAY_US, HOUR_US};

use super::*;
use crate::demo::agents::AGENTS;
use crate::demo::incident::Incident;

/// 2026-11-20 00:00 UTC.
const MIDNIGHT: i64 = 20_777 * DAY_US;

fn told(seed: u64, hours: i64, stride_us: i64) -> Vec<News> {
    let mut world = World::new(seed, 10, Timestamp(MIDNIGHT));
    let mut news = Vec::new();
    let mut at = MIDNIGHT;
    while at < MIDNIGHT + hours * HOUR_US {
        at += stride_us;
        news.extend(world.advance(Timestamp(at)));
    }
    news
}

/// Everything that was told of each run, whatever the pieces.
fn whole(news: &[News]) -> BTreeMap<String, (String, BTreeSet<String>, bool)> {
    let mut runs = BTreeMap::new();
    for News { run, has_ended, .. } in news {
        let head = format!("{:?}", run.without_steps());
        let told = runs.entry(run.id.to_string());
        let (_, steps, ended) = told.or_insert((head, BTreeSet::new(), false));
        steps.extend(run.steps.iter().map(|step| format!("{step:?}")));
        *ended |= has_ended;
    }
    runs
}

#[test]
fn the_same_seed_tells_the_same_whatever_the_pieces() {
    let coarse = whole(&told(7, 3, 10 * MINUTE_US));
    assert_eq!(coarse, whole(&told(7, 3, 15_000_000)));
    assert!(coarse.len() > 100);
    assert_ne!(coarse, whole(&told(8, 3, 10 * MINUTE_US)));
}

#[test]
fn a_world_that_is_entered_later_tells_the_same_of_the_rest() {
    let early = whole(&told(7, 3, 10 * MINUTE_US));
    let mut world = World::new(7, 10, Timestamp(MIDNIGHT + HOUR_US));
    let late = whole(&world.advance(Timestamp(MIDNIGHT + 3 * HOUR_US)));
    assert!(late.len() > 50);
    assert!(late.iter().all(|(id, told)| early.get(id) == Some(told)));
}

#[test]
fn a_day_has_every_agent_and_every_kind_of_trouble() {
    let news = told(1, 24, 10 * MINUTE_US);
    let agents: BTreeSet<&str> = news.iter().map(|one| one.run.agent.name).collect();
    assert_eq!(agents.len(), AGENTS.len());
    let failed = news.iter().filter(|one| one.has_ended);
    let failed = failed.filter(|one| matches!(one.run.end, Some((_, RunStatus::Failed))));
    let ended = news.iter().filter(|one| one.has_ended).count();
    let share = failed.count() * 100 / ended;
    assert!((1..15).contains(&share), "{share} % of {ended} fail");
    let errors = news
        .iter()
        .flat_map(|one| &one.run.steps)
        .filter_map(|step| step.error.as_ref());
    let errors: BTreeSet<&str> = errors.map(|error| error.kind).collect();
    for kind in [
        "RateLimitError",
        "TimeoutError",
        "invalid_request_error",
        "ValidationError",
    ] {
        assert!(errors.contains(kind), "{kind} in {errors:?}");
    }
    assert!(
        news.iter().any(|one| one.run.end.is_none()),
        "some runs hang"
    );
    let is_dear = |one: &News| {
        one.run
            .steps
            .iter()
            .any(|step| step.model.is_some_and(|m| m.name == "gpt-5.4-pro"))
    };
    assert!(news.iter().any(is_dear));
    let loops = |one: &News| {
        one.run
            .error
            .as_ref()
            .is_some_and(|error| error.kind == "MaxTurnsExceeded")
    };
    assert!(news.iter().any(loops));
}

#[test]
fn every_hour_has_its_trouble_within_it() {
    let mut kinds = BTreeSet::new();
    for hour in 0..7 {
        let incident = Incident::of_hour(3, MIDNIGHT + hour * HOUR_US);
        kinds.insert(incident.trouble);
        let hour = MIDNIGHT + hour * HOUR_US..=MIDNIGHT + (hour + 1) * HOUR_US;
        assert!(
            hour.contains(&incident.from_us) && hour.contains(&incident.to_us),
            "{incident:?}"
        );
    }
    assert_eq!(kinds.len(), 7);
}

#[test]
fn steps_lie_within_their_runs_and_runs_within_an_hour() {
    for News { run, .. } in told(5, 24, 10 * MINUTE_US) {
        let end = run.end.map_or(i64::MAX, |(end, _)| end);
        assert!(
            run.end.is_none() || end - run.started_us < LONGEST_RUN_US,
            "{run:?}"
        );
        for step in &run.steps {
            assert!(
                step.started_us >= run.started_us && step.ended_us <= end,
                "{step:?}"
            );
            assert!(step.started_us <= step.ended_us, "{step:?}");
        }
    }
}
