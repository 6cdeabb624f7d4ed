//! The access log of nginx, which would otherwise grow without end.

#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;

use crate::console::say;
use crate::process::Program;

/// Bytes above which the log is put aside; one older log is kept, so it takes twice as many.
const BYTES_MAX: u64 = 64 << 20;
/// The pause between two looks; at 10,000 requests a second the log grows by 250 MB meanwhile.
const LOOK_PAUSE: Duration = Duration::from_secs(60);

/// The log, and how nginx is told to open a new one.
#[derive(Debug)]
pub(crate) struct AccessLog {
    path: PathBuf,
    reopen: Program,
}

impl AccessLog {
    /// The log of the nginx that is run like this, in its folder.
    pub(super) fn of(nginx: &Program) -> Self {
        let mut reopen = nginx.clone();
        reopen.args.extend(["-s".into(), "reopen".into()]);
        Self {
            path: nginx.dir.join("access.log"),
            reopen,
        }
    }

    /// Looks after the log for as long as it is asked to.
    pub(crate) async fn keep_small(&self) -> ! {
        loop {
            if let Err(error) = self.look().await {
                say(&format!(
                    "The access log {} is not kept small: {error}.",
                    self.path.display()
                ));
            }
            sleep(LOOK_PAUSE).await;
        }
    }

    async fn look(&self) -> io::Result<()> {
        if put_aside(&self.path, BYTES_MAX)? {
            let told = self.reopen.output().await?;
            if !told.status.success() {
                return Err(io::Error::other(
                    String::from_utf8_lossy(&told.stderr).into_owned(),
                ));
            }
        }
        Ok(())
    }
}

/// Renames a log that is too large to `….old`, in the place of an older one.
fn put_aside(path: &Path, bytes_max: u64) -> io::Result<bool> {
    if fs::metadata(path)?.len() <= bytes_max {
        return Ok(false);
    }
    let mut old = path.as_os_str().to_owned();
    old.push(".old");
    fs::rename(path, old)?;
    Ok(true)
}
