//! What processes have used, as Linux tells it.

#[cfg(test)]
mod tests;

use std::fs;

use anyhow::{Context, Result};
use runwatch_cli::console::say;
use tokio::time::Instant;

/// Ticks a second in `/proc/<pid>/stat`: `USER_HZ`, which is 100 on every Linux (time(7)).
const TICKS_PER_SECOND: f64 = 100.0;
/// Place of `utime` among the fields after the name (proc(5): the 14th of all).
const UTIME: usize = 11;
/// Place of the parent's number among the fields after the name.
const PARENT: usize = 1;
/// The part of the machine that other programs may use before the figures are of no use.
const OTHERS_MAX: f64 = 0.05;
/// Bytes of the unit in which `/proc/<pid>/status` tells memory.
const STATUS_UNIT: f64 = 1_024.0;

/// Programs whose use of the machine is measured, and what they had used when that began.
pub(crate) struct Watch {
    programs: Vec<Program>,
    before: Vec<f64>,
    busy_before: f64,
    began: Instant,
}

/// What was used while it was watched.
#[derive(Debug)]
pub(crate) struct Used {
    /// Seconds of processor time of each program, in the order in which they were named.
    pub(crate) each_s: Vec<f64>,
    /// Whether other programs used too much of the machine.
    pub(crate) is_disturbed: bool,
}

/// A program that is watched, by the number of its process.
#[derive(Clone, Copy)]
pub(crate) enum Program {
    /// A single process.
    Alone(u32),
    /// A server with a process for each connection.
    WithChildren(u32),
}

impl Watch {
    /// Begins.
    pub(crate) fn begin(programs: Vec<Program>) -> Result<Self> {
        Ok(Self {
            before: all_s(&programs)?,
            programs,
            busy_before: busy_s()?,
            began: Instant::now(),
        })
    }

    /// What was used since. Says so if others used so much that what was measured is not to be
    /// kept.
    pub(crate) fn end(&self) -> Result<Used> {
        let after = all_s(&self.programs)?;
        let used = after
            .iter()
            .zip(&self.before)
            .map(|(after, before)| after - before);
        let each_s: Vec<f64> = used.collect();
        let others_s = busy_s()? - self.busy_before - each_s.iter().sum::<f64>();
        let cores = std::thread::available_parallelism()?.get();
        let others = others_s / (self.began.elapsed().as_secs_f64() * cores as f64);
        if others > OTHERS_MAX {
            say(&format!(
                "DISTURBED: other programs used {:.0} % of this machine meanwhile.",
                others * 100.0
            ));
        }
        Ok(Used {
            each_s,
            is_disturbed: others > OTHERS_MAX,
        })
    }
}

fn all_s(programs: &[Program]) -> Result<Vec<f64>> {
    let seconds = programs.iter().map(|program| match *program {
        Program::Alone(pid) => cpu_s(pid),
        Program::WithChildren(pid) => cpu_s_with_children(pid),
    });
    seconds.collect()
}

/// Seconds of processor time that a process has used.
fn cpu_s(pid: u32) -> Result<f64> {
    Ok(seconds(read_stat(pid)?.own_ticks))
}

/// Seconds of processor time that a process and its children have used, those included that have
/// ended: a server with a process for each connection.
fn cpu_s_with_children(pid: u32) -> Result<f64> {
    let parent = read_stat(pid)?;
    let mut ticks = parent.own_ticks + parent.waited_ticks;
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(child) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process may end between the listing and the look at it.
        if let Ok(stat) = read_stat(child)
            && stat.parent == pid
        {
            ticks += stat.own_ticks;
        }
    }
    Ok(seconds(ticks))
}

/// Seconds of processor time that all programs on this machine have used.
fn busy_s() -> Result<f64> {
    let text = fs::read_to_string("/proc/stat")?;
    let line = text
        .lines()
        .next()
        .context("no line about all processors")?;
    let ticks = line
        .split_whitespace()
        .skip(1)
        .map(|number| Ok(number.parse::<u64>()?));
    let ticks = ticks.collect::<Result<Vec<u64>>>()?;
    // proc(5): user, nice, system, idle, iowait, irq, softirq; what follows is counted before.
    let [user, nice, system, _idle, _iowait, irq, softirq, ..] = ticks.as_slice() else {
        anyhow::bail!("unreadable: {line}");
    };
    Ok(seconds(user + nice + system + irq + softirq))
}

/// The most memory that a process ever held, in MB of a million bytes.
pub(crate) fn peak_memory_mb(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line
        .context("no VmHWM")?
        .trim_end_matches("kB")
        .trim()
        .parse()?;
    Ok(kib * STATUS_UNIT / 1e6)
}

/// Writes out what programs before have left to be written, so that no measurement pays for
/// another one's.
pub(crate) async fn settle() -> Result<()> {
    let status = tokio::process::Command::new("sync").status().await?;
    anyhow::ensure!(status.success(), "sync failed");
    Ok(())
}

struct Stat {
    parent: u32,
    own_ticks: u64,
    waited_ticks: u64,
}

fn read_stat(pid: u32) -> Result<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    parse_stat(&text).with_context(|| format!("unreadable: {text}"))
}

fn parse_stat(text: &str) -> Option<Stat> {
    // The name stands in parentheses and may itself hold some.
    let (_, fields) = text.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Stat {
        parent: u32::try_from(number(PARENT)?).ok()?,
        own_ticks: number(UTIME)? + number(UTIME + 1)?,
        waited_ticks: number(UTIME + 2)? + number(UTIME + 3)?,
    })
}

fn seconds(ticks: u64) -> f64 {
    ticks as f64 / TICKS_PER_SECOND
}
