//! The data folder: made if need be, locked against a second start, checked for free space.

#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::fs::statvfs;
use tokio::time::{Instant, sleep};

use crate::account::is_root;
use crate::console::say;

/// Where the data lie unless somebody says otherwise.
const DEFAULT: &str = ".runwatch";
/// The same for root: PostgreSQL's account can enter it, and cannot enter root's home.
const DEFAULT_FOR_ROOT: &str = "/var/lib/runwatch";
/// Free space below which nothing is started: a full disk is worse than no start.
pub(crate) const FREE_BYTES_MIN: u64 = 1 << 30;
/// How long the processes of an earlier start may take to end: each service drains for 30 s at
/// most, PostgreSQL for 60 s.
const EARLIER_START_LIMIT: Duration = Duration::from_secs(120);
/// The pause between two attempts to lock.
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// A data folder that this process has for itself.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    children_lock: File,
    _lock: File,
}

impl DataDir {
    /// Makes, locks and checks the folder.
    pub(super) async fn open(path: Option<&Path>) -> Result<Self> {
        let path = &path.map_or_else(default_data_dir, Path::to_owned);
        let failed = || format!("failed to set up the data folder {}", path.display());
        let path = make(path).with_context(failed)?;
        let lock = lock(&path)?;
        let children_lock = lock_of_children(&path).await?;
        let free = statvfs(&path)
            .map_err(io::Error::from)
            .with_context(failed)?;
        check_space(&path, free.f_bavail.saturating_mul(free.f_frsize))?;
        Ok(Self {
            path,
            children_lock,
            _lock: lock,
        })
    }

    /// Its absolute path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The lock that is to last until the last child has ended.
    pub(super) fn children_lock(&self) -> &File {
        &self.children_lock
    }
}

/// The folder where nobody says another.
pub(crate) fn default_data_dir() -> PathBuf {
    PathBuf::from(if is_root() { DEFAULT_FOR_ROOT } else { DEFAULT })
}

/// Makes the folder, which others may pass through but not list, and gives its absolute path.
fn make(path: &Path) -> io::Result<PathBuf> {
    if !path.exists() {
        fs::create_dir_all(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o711))?;
    }
    fs::canonicalize(path)
}

/// Takes the lock of this process, or says who has it.
fn lock(path: &Path) -> Result<File> {
    let (mut lock, file) = open_lock(path, "lock")?;
    let failed = || format!("failed to lock {}", file.display());
    if !try_lock(&lock).with_context(failed)? {
        let pid = fs::read_to_string(&file).with_context(failed)?;
        bail!(
            "{} is in use by another `runwatch up` (process {pid}); stop that one, or choose another --data-dir and --port",
            path.display()
        );
    }
    lock.set_len(0).with_context(failed)?;
    write!(lock, "{}", std::process::id()).with_context(failed)?;
    Ok(lock)
}

/// Takes the lock of the children, which those of an earlier start may still hold.
async fn lock_of_children(path: &Path) -> Result<File> {
    let began = Instant::now();
    let (lock, file) = open_lock(path, "children.lock")?;
    let mut said = false;
    while !try_lock(&lock).with_context(|| format!("failed to lock {}", file.display()))? {
        if began.elapsed() > EARLIER_START_LIMIT {
            bail!("processes of an earlier start still use {}", path.display());
        }
        if !said {
            say("Waiting until the processes of an earlier start have ended.");
            said = true;
        }
        sleep(LOCK_PAUSE).await;
    }
    Ok(lock)
}

fn open_lock(path: &Path, name: &str) -> Result<(File, PathBuf)> {
    let file = path.join(name);
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600);
    let lock = options.open(&file);
    let lock = lock.with_context(|| format!("failed to open {}", file.display()))?;
    Ok((lock, file))
}

/// Whether the lock could be had.
fn try_lock(lock: &File) -> io::Result<bool> {
    match lock.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn check_space(path: &Path, free_bytes: u64) -> Result<()> {
    if free_bytes < FREE_BYTES_MIN {
        bail!(
            "only {} MiB are free in {}; Runwatch needs at least {} MiB to start",
            free_bytes >> 20,
            path.display(),
            FREE_BYTES_MIN >> 20
        );
    }
    Ok(())
}
