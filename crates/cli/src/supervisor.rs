//! Keeps one child running: starts it again when it ends unasked, ever more slowly, and stops it
//! when asked to.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::console;
use crate::lifeline::Lifeline;
use crate::process::{LastLines, Process, Program};

/// The window in which restarts are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// The pause before the first restart of a window; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause. With 1, 2, 4, 8, 16 and then 30 s a child is started again at most 5 times
/// within a minute.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A child that is kept running.
#[derive(Debug)]
pub(crate) struct Supervised {
    name: &'static str,
    last_lines: LastLines,
    ask_to_stop: oneshot::Sender<()>,
    keeper: JoinHandle<()>,
}

/// What the task that keeps a child running knows.
struct Keeper {
    program: Program,
    lifeline: Arc<Lifeline>,
    last_lines: LastLines,
    restarts: VecDeque<Instant>,
}

impl Supervised {
    /// Starts a program and keeps it running.
    pub(crate) fn start(program: Program, lifeline: &Arc<Lifeline>) -> io::Result<Self> {
        let process = Process::spawn(&program, lifeline, LastLines::default())?;
        Ok(Self::adopt(program, process, lifeline))
    }

    /// Keeps a program running that was started already.
    pub(crate) fn adopt(program: Program, process: Process, lifeline: &Arc<Lifeline>) -> Self {
        let (ask_to_stop, asked_to_stop) = oneshot::channel();
        let name = program.name;
        let last_lines = process.last_lines().clone();
        let keeper = Keeper {
            program,
            lifeline: Arc::clone(lifeline),
            last_lines: last_lines.clone(),
            restarts: VecDeque::new(),
        };
        let keeper = tokio::spawn(keeper.keep(process, asked_to_stop));
        Self {
            name,
            last_lines,
            ask_to_stop,
            keeper,
        }
    }

    /// What people know it by.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Its last lines.
    pub(crate) fn last_lines(&self) -> &LastLines {
        &self.last_lines
    }

    /// Stops the child and waits until it has ended.
    pub(crate) async fn stop(self) {
        let name = self.name;
        if self.ask_to_stop.send(()).is_err() || self.keeper.await.is_err() {
            console::say(&format!(
                "{name} could not be stopped in order; it is ended at exit."
            ));
        }
    }
}

impl Keeper {
    async fn keep(mut self, mut process: Process, mut asked_to_stop: oneshot::Receiver<()>) {
        let name = self.program.name;
        loop {
            let ended = tokio::select! {
                ended = process.wait() => ended,
                _ = &mut asked_to_stop => {
                    let stopped = process.stop(&self.program).await;
                    return console::say(&format!("{name} {}.", describe(&stopped)));
                }
            };
            console::say(&format!(
                "{name} {} without being asked to.",
                describe(&ended)
            ));
            process = tokio::select! {
                process = self.start_again() => process,
                _ = &mut asked_to_stop => return,
            };
        }
    }

    /// Tries until the program runs again.
    async fn start_again(&mut self) -> Process {
        let name = self.program.name;
        loop {
            let now = Instant::now();
            self.restarts
                .retain(|restart| now.duration_since(*restart) < WINDOW);
            let pause = pause_after(self.restarts.len());
            console::say(&format!(
                "{name} is started again in {} s.",
                pause.as_secs()
            ));
            sleep(pause).await;
            self.restarts.push_back(Instant::now());
            match Process::spawn(&self.program, &self.lifeline, self.last_lines.clone()) {
                Ok(process) => return process,
                Err(error) => console::say(&format!("{name} could not be started: {error}.")),
            }
        }
    }
}

/// The pause before a restart, given how many there were within the last minute.
fn pause_after(restarts: usize) -> Duration {
    let doublings = u32::try_from(restarts).unwrap_or(u32::MAX);
    FIRST_PAUSE
        .saturating_mul(2_u32.saturating_pow(doublings))
        .min(LONGEST_PAUSE)
}

fn describe(ended: &io::Result<ExitStatus>) -> String {
    match ended {
        Ok(status) if status.success() => "has ended".to_owned(),
        Ok(status) => format!("ended with {status}"),
        Err(error) => format!("was lost ({error})"),
    }
}
