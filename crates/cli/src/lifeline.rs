//! The lifeline: what ends the children when this process can no longer do so itself.
//!
//! A small shell process reads from a pipe which children there are. When this process goes, by
//! `kill -9` or otherwise, the kernel closes the pipe; the shell then ends the children, the last
//! started first, and goes too. It also holds the lock of the data folder as its output, so that
//! the next start waits until everything of the last one has ended. Asking the kernel to do the
//! same (`PR_SET_PDEATHSIG`) would need unsafe code, be Linux's alone, and end all at once.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;

use rustix::process::Signal;

/// Reads `+ PID SIGNAL` and `- PID`; at the end of the input it signals who is left, one after
/// the other, and kills after a minute, together with the rest of the process group.
const SCRIPT: &str = r#"
trap '' HUP INT QUIT TERM
children=
while read -r change pid signal; do
    case $change in
        +) children="$pid:$signal $children" ;;
        -)
            kept=
            for child in $children; do
                [ "${child%%:*}" = "$pid" ] || kept="$kept$child "
            done
            children=$kept
            ;;
    esac
done
for child in $children; do
    pid=${child%%:*}
    kill -s "${child#*:}" "$pid"
    tenths=0
    while kill -0 "$pid" && [ "$tenths" -lt 600 ]; do
        sleep 0.1
        tenths=$((tenths + 1))
    done
    kill -s KILL "$pid"
    kill -s KILL -- "-$pid"
done
"#;

/// The pipe to the shell process that outlives this one.
#[derive(Debug)]
pub struct Lifeline {
    shell: Child,
    changes: Mutex<ChildStdin>,
}

impl Lifeline {
    /// Starts it without a lock to hold.
    pub fn start() -> io::Result<Self> {
        Self::start_with_output(Stdio::null())
    }

    /// Starts it so that the lock on the file lasts until the last child has ended.
    pub fn start_holding(lock: &File) -> io::Result<Self> {
        Self::start_with_output(Stdio::from(lock.try_clone()?))
    }

    fn start_with_output(output: Stdio) -> io::Result<Self> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "lifeline"])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let changes = shell
            .stdin
            .take()
            .expect("its input was asked for as a pipe");
        Ok(Self {
            shell,
            changes: Mutex::new(changes),
        })
    }

    /// From now on the child is ended by the signal if this process goes first.
    pub fn guard(&self, pid: u32, signal: Signal) -> io::Result<()> {
        self.tell(&format!("+ {pid} {}\n", name_of(signal)))
    }

    /// The child has ended: its number may soon be another program's.
    pub fn release(&self, pid: u32) -> io::Result<()> {
        self.tell(&format!("- {pid}\n"))
    }

    /// Ends whoever is still guarded and waits until that is done.
    pub fn finish(self) -> io::Result<()> {
        let Self { mut shell, changes } = self;
        drop(changes);
        shell.wait().map(|_status| ())
    }

    fn tell(&self, change: &str) -> io::Result<()> {
        let mut changes = self.changes.lock().expect("nothing panics while it writes");
        changes.write_all(change.as_bytes())
    }
}

/// The name that `kill -s` knows the signal by.
fn name_of(signal: Signal) -> &'static str {
    match signal {
        Signal::INT => "INT",
        Signal::QUIT => "QUIT",
        Signal::TERM => "TERM",
        _ => "KILL",
    }
}
