//! What processes have used, as Linux tells it.

use std::fs;

use anyhow::{Context, Result};

/// Ticks a second in `/proc/<pid>/stat`: `USER_HZ`, which is 100 on every Linux (time(7)).
const TICKS_PER_SECOND: f64 = 100.0;
/// Place of `utime` among the fields after the name (proc(5): the 14th of all).
const UTIME: usize = 11;
/// Place of the parent's number among the fields after the name.
const PARENT: usize = 1;
/// Bytes of the unit in which `/proc/<pid>/status` tells memory.
const STATUS_UNIT: f64 = 1_024.0;

/// Seconds of processor time that a process and its children have used, those that have ended
/// and been waited for included.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64> {
    let stats = all_stats()?;
    let own = stats.iter().find(|stat| stat.pid == pid);
    let own = own.with_context(|| format!("process {pid} has ended"))?;
    let children = stats.iter().filter(|stat| stat.parent == pid).map(|stat| stat.own_ticks);
    let ticks = own.own_ticks + own.waited_ticks + children.sum::<u32>();
    Ok(f64::from(ticks) / TICKS_PER_SECOND)
}

/// The most memory that a process ever held, in MB of a million bytes.
pub(crate) fn peak_memory_mb(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line.context("no VmHWM")?.trim_end_matches("kB").trim().parse()?;
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
    pid: u32,
    parent: u32,
    own_ticks: u32,
    waited_ticks: u32,
}

fn all_stats() -> Result<Vec<Stat>> {
    let mut stats = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process may end between the listing and the look at it.
        let Ok(text) = fs::read_to_string(entry.path().join("stat")) else { continue };
        stats.push(stat(pid, &text).with_context(|| format!("unreadable: {text}"))?);
    }
    Ok(stats)
}

fn stat(pid: u32, text: &str) -> Option<Stat> {
    // The name stands in parentheses and may itself hold some.
    let (_, fields) = text.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u32>().ok();
    Some(Stat {
        pid,
        parent: number(PARENT)?,
        own_ticks: number(UTIME)? + number(UTIME + 1)?,
        waited_ticks: number(UTIME + 2)? + number(UTIME + 3)?,
    })
}
