//! One child process: started in a process group of its own, its lines passed on, its last lines
//! kept for the case that it fails.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::account::Account;
use crate::console;
use crate::lifeline::Lifeline;

/// Last lines of a child that are kept.
const LAST_LINES_MAX: usize = 20;
/// Bytes of one line; what is longer becomes several.
const LINE_BYTES_MAX: u64 = 64 << 10;
/// How long the lines of an ended child are waited for: its own children may hold the pipe open.
const LAST_LINES_WAIT: Duration = Duration::from_secs(1);

/// Where the lines of a child go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// To the terminal, with the child's name before each.
    Console,
    /// Nowhere, but the last ones are kept.
    Quiet,
}

/// What is started and how it is stopped.
#[derive(Clone, Debug)]
pub struct Program {
    /// What people know it by.
    pub name: &'static str,
    /// The executable.
    pub path: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// What is added to the environment of this process.
    pub env: Vec<(&'static str, String)>,
    /// Where it starts; the account must be able to enter it.
    pub dir: PathBuf,
    /// Who it runs as, where that is not who started this process.
    pub account: Option<Account>,
    /// The signal on which it ends in good order.
    pub stop_signal: Signal,
    /// How long it may take for that before it is killed.
    pub stop_limit: Duration,
    /// Where its lines go.
    pub output: Output,
}

/// A running child.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pid: u32,
    lifeline: Arc<Lifeline>,
    last_lines: LastLines,
    readers: Vec<JoinHandle<()>>,
}

/// The last lines of a child, shared with the tasks that read them.
#[derive(Clone, Debug, Default)]
pub struct LastLines(Arc<Mutex<VecDeque<String>>>);

impl LastLines {
    fn push(&self, line: String) {
        let mut lines = self
            .0
            .lock()
            .expect("nothing panics while it holds the lines");
        if lines.len() == LAST_LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// All of them as one text.
    pub fn text(&self) -> String {
        let lines = self
            .0
            .lock()
            .expect("nothing panics while it holds the lines");
        lines
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl Program {
    /// Runs it to its end for its output; it is killed if nobody waits for that any more.
    pub async fn output(&self) -> io::Result<std::process::Output> {
        self.command().kill_on_drop(true).output().await
    }

    /// The command that runs it, without input and in a process group of its own.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .process_group(0);
        if let Some(account) = self.account {
            command.uid(account.uid).gid(account.gid);
        }
        command
    }
}

impl Process {
    /// Starts the program; its lines go on into `last_lines`, after those of an earlier start.
    pub fn spawn(
        program: &Program,
        lifeline: &Arc<Lifeline>,
        last_lines: LastLines,
    ) -> io::Result<Self> {
        let mut child = program
            .command()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let pid = child
            .id()
            .expect("a child that was not waited for has its number");
        lifeline.guard(pid, program.stop_signal)?;
        let stdout = child
            .stdout
            .take()
            .expect("its output was asked for as a pipe");
        let stderr = child
            .stderr
            .take()
            .expect("its errors were asked for as a pipe");
        let readers = vec![
            tokio::spawn(read_lines(
                stdout,
                program.name,
                program.output,
                last_lines.clone(),
            )),
            tokio::spawn(read_lines(
                stderr,
                program.name,
                program.output,
                last_lines.clone(),
            )),
        ];
        Ok(Self {
            child,
            pid,
            lifeline: Arc::clone(lifeline),
            last_lines,
            readers,
        })
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Its last lines.
    pub fn last_lines(&self) -> &LastLines {
        &self.last_lines
    }

    /// Waits until it has ended and its last lines are read, and kills what it left behind in its
    /// process group: the workers of an nginx that crashed would keep the port.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        if let Some(group) = number(self.pid).and_then(Pid::from_raw) {
            let killed = kill_process_group(group, Signal::KILL);
            unless_gone(killed)?;
        }
        self.lifeline.release(self.pid)?;
        let readers = std::mem::take(&mut self.readers);
        if timeout(LAST_LINES_WAIT, futures_util::future::join_all(readers))
            .await
            .is_err()
        {
            self.last_lines
                .push("(further lines were not waited for)".to_owned());
        }
        Ok(status)
    }

    /// Asks it to end, waits, and kills it if it takes longer than it may.
    pub async fn stop(&mut self, program: &Program) -> io::Result<ExitStatus> {
        self.signal(program.stop_signal)?;
        if let Ok(status) = timeout(program.stop_limit, self.wait()).await {
            return status;
        }
        let seconds = program.stop_limit.as_secs();
        console::say(&format!(
            "{} did not end within {seconds} s and is killed.",
            program.name
        ));
        self.signal(Signal::KILL)?;
        self.wait().await
    }

    /// Sends a signal; nothing happens if it has ended already.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let Some(pid) = self.child.id().and_then(number).and_then(Pid::from_raw) else {
            return Ok(());
        };
        unless_gone(kill_process(pid, signal))
    }
}

/// The outcome of a signal, where nobody being there is none.
fn unless_gone(signalled: rustix::io::Result<()>) -> io::Result<()> {
    match signalled {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn number(pid: u32) -> Option<i32> {
    i32::try_from(pid).ok()
}

async fn read_lines(
    pipe: impl AsyncRead + Unpin,
    name: &'static str,
    output: Output,
    last_lines: LastLines,
) {
    let mut pipe = BufReader::new(pipe);
    let mut bytes = Vec::new();
    // A pipe that cannot be read has nothing more to tell, as one that has ended.
    while let Ok(1..) = (&mut pipe)
        .take(LINE_BYTES_MAX)
        .read_until(b'\n', &mut bytes)
        .await
    {
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        if output == Output::Console {
            console::pass_on(name, &line);
        }
        last_lines.push(line);
        bytes.clear();
    }
}
