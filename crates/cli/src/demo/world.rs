//! The world as time goes by: which runs are under way, and what there is to say of them.

#[cfg(test)]
mod tests;

use runwatch_core::time::{MINUTE_US, Timestamp};

use super::agents::runs_of_minute;
use super::run::{Form, Run, Step};

/// How long before the beginning runs may have begun that are still under way then.
const LONGEST_RUN_US: i64 = 60 * MINUTE_US;

/// The agents at work.
#[derive(Debug)]
pub(super) struct World {
    seed: u64,
    rate: u32,
    /// The next minute whose runs have not begun yet.
    minute: i64,
    under_way: Vec<UnderWay>,
}

/// A run, and how much of it was told.
#[derive(Debug)]
struct UnderWay {
    run: Run,
    told_until_us: i64,
}

/// What is new of a run: always its head, steps that have ended since, and its end if it has ended.
#[derive(Clone, Debug)]
pub(super) struct News {
    pub(super) run: Run,
    /// Whether this is the first that is heard of it.
    pub(super) is_new: bool,
    /// Whether it has ended.
    pub(super) has_ended: bool,
}

impl World {
    /// The world from a moment on, with the runs that are under way then.
    pub(super) fn new(seed: u64, rate: u32, from: Timestamp) -> Self {
        let minute = (from.0 - LONGEST_RUN_US).div_euclid(MINUTE_US);
        let mut world = Self {
            seed,
            rate,
            minute,
            under_way: Vec::new(),
        };
        world.begin_runs(from);
        // What ended before is not told.
        world
            .under_way
            .retain(|one| one.run.end.is_none_or(|(end, _)| end > from.0));
        world
    }

    /// Lets time pass up to a moment, and tells what is new.
    pub(super) fn advance(&mut self, to: Timestamp) -> Vec<News> {
        self.begin_runs(to);
        let mut news = Vec::new();
        self.under_way.retain_mut(|one| {
            if one.run.started_us > to.0 {
                return true;
            }
            news.extend(one.news(to));
            one.is_left(to)
        });
        news
    }

    fn begin_runs(&mut self, to: Timestamp) {
        while self.minute * MINUTE_US <= to.0 {
            let runs = runs_of_minute(self.seed, self.rate, self.minute).into_iter();
            self.under_way.extend(runs.map(|run| UnderWay {
                run,
                told_until_us: i64::MIN,
            }));
            self.minute += 1;
        }
    }
}

impl UnderWay {
    fn news(&mut self, to: Timestamp) -> Option<News> {
        let since = std::mem::replace(&mut self.told_until_us, to.0);
        let is_new = since == i64::MIN;
        let has_ended = self.run.end.is_some_and(|(end, _)| end <= to.0);
        let ended = |step: &&Step| step.ended_us > since && step.ended_us <= to.0;
        let steps: Vec<Step> = self.run.steps.iter().filter(ended).cloned().collect();
        // In OpenTelemetry nothing is said of a run before its first span has ended.
        let says_heads = self.run.agent.form == Form::Native;
        if steps.is_empty() && !has_ended && !(is_new && says_heads) {
            self.told_until_us = if is_new { i64::MIN } else { to.0 };
            return None;
        }
        let run = Run {
            steps,
            ..self.run.without_steps()
        };
        Some(News {
            run,
            is_new,
            has_ended,
        })
    }

    /// Whether anything is still to be told.
    fn is_left(&self, to: Timestamp) -> bool {
        match self.run.end {
            Some((end, _)) => end > to.0,
            None => self
                .run
                .steps
                .iter()
                .any(|step| step.ended_us > to.0 && step.ended_us < i64::MAX),
        }
    }
}
