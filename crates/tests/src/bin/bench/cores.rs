//! Which processors a program runs on: under overload the load generator has some of its own, as clients
//! have machines of their own, or what it takes would count against what is measured.

use std::fs;

use anyhow::{Context, Result, ensure};
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The processors of the machine, divided in two.
#[derive(Clone, Debug)]
pub(crate) struct Cores {
    system: Vec<usize>,
    load: Vec<usize>,
}

impl Cores {
    /// One half for what is measured, the other for what measures.
    pub(crate) fn divide() -> Result<Self> {
        let allowed = sched_getaffinity(None)?;
        let all = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        let mut system: Vec<usize> = all.collect();
        ensure!(system.len() >= 2, "two processors are needed");
        let load = system.split_off(system.len() / 2);
        Ok(Self { system, load })
    }

    /// How many the system has.
    pub(crate) fn of_system(&self) -> usize {
        self.system.len()
    }

    /// What is started from now on runs where the system runs.
    pub(crate) fn start_system(&self) -> Result<()> {
        move_to(&self.system)
    }

    /// From now on this program runs where the load is made.
    pub(crate) fn make_load(&self) -> Result<()> {
        move_to(&self.load)
    }
}

/// Moves all threads of this program; processes that they start stay where they are.
fn move_to(cores: &[usize]) -> Result<()> {
    let mut set = CpuSet::new();
    cores.iter().for_each(|core| set.set(*core));
    for entry in fs::read_dir("/proc/self/task")? {
        let name = entry?.file_name();
        let id = name.to_str().and_then(|name| name.parse().ok());
        let thread = id
            .and_then(Pid::from_raw)
            .context("a thread has a number")?;
        sched_setaffinity(Some(thread), &set)?;
    }
    Ok(())
}
