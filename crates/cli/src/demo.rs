//! `runwatch demo`: a small world of agents that sends to an installation, so that there is
//! something to look at.
//!
//! What happens in a minute follows from the seed and the minute alone ([`agents`]). So a demo that
//! is started again goes on where it was, and what it sends a second time is stored once.

mod agents;
mod incident;
mod native;
mod otlp;
mod random;
mod run;
mod scene;
mod sender;
mod world;

use std::time::Duration;

use anyhow::{Context, Result};
use runwatch_core::time::{MINUTE_US, Timestamp};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::args::DemoArgs;
use crate::client::Client;
use crate::clock;
use crate::console::say;
use crate::stop_signals::StopSignals;
use crate::terminal::{count, moment};

use incident::Incident;
use sender::{Sender, Sent};
use world::World;

/// The tag of every run that is sent.
const TAG: &str = "demo";
/// Time of the world that passes at once while the past is filled.
const STRIDE_US: i64 = 10 * MINUTE_US;
/// How often there is something new.
const TICK: Duration = Duration::from_micros(TICK_US.unsigned_abs());
const TICK_US: i64 = 1_000_000;
/// How often it is said what was sent.
const NEWS_EVERY: Duration = Duration::from_secs(60);

/// Sends until it is told to end.
pub(crate) async fn run(args: DemoArgs) -> Result<()> {
    let mut stop_signals = StopSignals::listen().context("failed to listen for signals")?;
    let client = Client::new(&args.server)?;
    say(&format!(
        "Sending six agents to {}, tagged \"{TAG}\": seed {}, about {} runs a minute when it is busy.",
        client.base(),
        args.seed,
        args.rate
    ));
    let mut demo = Demo {
        seed: args.seed,
        sender: Sender::new(client),
        incident: None,
    };
    let outcome = tokio::select! {
        outcome = demo.run(&args) => outcome,
        () = stop_signals.received() => Ok(()),
    };
    say(&sum(demo.sender.sent));
    outcome
}

struct Demo {
    seed: u64,
    sender: Sender,
    /// What was last said to be wrong.
    incident: Option<Incident>,
}

impl Demo {
    async fn run(&mut self, args: &DemoArgs) -> Result<()> {
        let now = clock::now();
        let from = Timestamp(now.0 - args.backfill.map_or(0, |span| span.0));
        let mut world = World::new(self.seed, args.rate, from);
        if args.backfill.is_some() {
            self.fill(&mut world, from).await?;
        }
        let limit = args
            .duration
            .map(|span| Duration::from_micros(span.0.unsigned_abs()));
        self.go_on(&mut world, limit).await
    }

    /// Sends the past, as fast as it is taken.
    async fn fill(&mut self, world: &mut World, from: Timestamp) -> Result<()> {
        say(&format!("Filling the time since {} UTC.", moment(from)));
        let began = Instant::now();
        let mut at = from;
        // It takes a while, so that the end moves on meanwhile; the last bit is left to what follows.
        let is_far = |at: Timestamp| clock::now().0 - at.0 > TICK_US;
        while is_far(at) {
            at = Timestamp((at.0 + STRIDE_US).min(clock::now().0));
            self.sender.send(world.advance(at)).await?;
        }
        let seconds = began.elapsed().as_secs_f64();
        say(&format!(
            "Filled in {seconds:.1} s. {}",
            sum(self.sender.sent)
        ));
        Ok(())
    }

    /// Sends what happens, as it happens.
    async fn go_on(&mut self, world: &mut World, limit: Option<Duration>) -> Result<()> {
        let began = Instant::now();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut said_at, mut said) = (began, self.sender.sent);
        while limit.is_none_or(|limit| began.elapsed() < limit) {
            ticks.tick().await;
            self.say_incident();
            self.sender.send(world.advance(clock::now())).await?;
            if said_at.elapsed() >= NEWS_EVERY {
                let sent = self.sender.sent;
                let (runs, steps) = (sent.ended - said.ended, sent.steps - said.steps);
                let now = moment(clock::now());
                say(&format!("{now} UTC  {runs} runs ended, {steps} steps"));
                (said_at, said) = (Instant::now(), sent);
            }
        }
        Ok(())
    }

    /// Says what goes wrong when it begins and when it is over.
    fn say_incident(&mut self) {
        let now = clock::now();
        let incident = Incident::at(self.seed, now.0);
        if incident == self.incident {
            return;
        }
        say(&match incident {
            Some(Incident { trouble, to_us, .. }) => {
                let until = moment(Timestamp(to_us));
                format!("Trouble: {} until {until} UTC.", trouble.sentence())
            }
            None => "The trouble is over.".to_owned(),
        });
        self.incident = incident;
    }
}

fn sum(sent: Sent) -> String {
    let number = |number: usize| count(i64::try_from(number).unwrap_or(i64::MAX));
    let mut text = format!(
        "Sent {} runs, {} of them to their end, with {} steps in {} requests.",
        number(sent.runs),
        number(sent.ended),
        number(sent.steps),
        number(sent.requests)
    );
    if sent.duplicates > 0 {
        text.push_str(&format!(" {} items were known already.", sent.duplicates));
    }
    if sent.rejected > 0 {
        text.push_str(&format!(" {} items were refused.", sent.rejected));
    }
    text
}
