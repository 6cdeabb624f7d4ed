//! Accounts of the operating system: PostgreSQL refuses to run as root, and the services should
//! not, so a start by root hands each of them to an account without rights.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The account that a distribution's PostgreSQL package makes.
const POSTGRES: &str = "postgres";
/// The account that is made where there is none of PostgreSQL's.
const RUNWATCH: &str = "runwatch";
/// The account without rights that every system has.
const NOBODY: &str = "nobody";

/// A user and group that a child process runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user's number.
    pub uid: u32,
    /// The number of its group.
    pub gid: u32,
}

/// Why no account could be had.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Neither account exists and none could be made.
    #[error("PostgreSQL does not run as root, and no system user `runwatch` could be made: {0}")]
    NotMade(String),
    /// A program that every system has could not be run.
    #[error("failed to look up the system's users with `{program}`")]
    LookUp {
        /// The program.
        program: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// Whether this process is root, who may start others under another account.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

impl Account {
    /// The account that a folder belongs to.
    pub fn owner_of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        Ok(Self {
            uid: metadata.uid(),
            gid: metadata.gid(),
        })
    }

    /// The account for a new database of root's: `postgres`, else `runwatch`, which is made if
    /// need be.
    pub fn for_database() -> Result<Self, AccountError> {
        for name in [POSTGRES, RUNWATCH] {
            if let Some(account) = Self::find(name)? {
                return Ok(account);
            }
        }
        let made = Command::new("useradd")
            .args([
                "--system",
                "--user-group",
                "--no-create-home",
                "--home-dir",
                "/nonexistent",
            ])
            .args(["--shell", "/usr/sbin/nologin", RUNWATCH])
            .output()
            .map_err(|source| AccountError::LookUp {
                program: "useradd",
                source,
            })?;
        let complaint = String::from_utf8_lossy(&made.stderr).trim().to_owned();
        Self::find(RUNWATCH)?.ok_or(AccountError::NotMade(complaint))
    }

    /// The account without rights, for the services of root.
    pub fn nobody() -> Result<Option<Self>, AccountError> {
        Self::find(NOBODY)
    }

    /// Whether this account may pass through every folder above the path and use the path itself
    /// (enter the folder, run the file), as far as the permission bits tell.
    pub fn can_reach(self, path: &Path) -> io::Result<bool> {
        let path: PathBuf = fs::canonicalize(path)?;
        for step in path.ancestors() {
            let metadata = fs::metadata(step)?;
            let mode = metadata.permissions().mode();
            let bit = match (metadata.uid() == self.uid, metadata.gid() == self.gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            if mode & bit == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn find(name: &str) -> Result<Option<Self>, AccountError> {
        let (Some(uid), Some(gid)) = (id("-u", name)?, id("-g", name)?) else {
            return Ok(None);
        };
        Ok(uid
            .parse()
            .ok()
            .zip(gid.parse().ok())
            .map(|(uid, gid)| Self { uid, gid }))
    }
}

/// The `user` directive of nginx for its worker processes: the account without rights, with its
/// group by name, because distributions name that group differently.
pub fn nginx_user_directive() -> Result<String, AccountError> {
    if !is_root() {
        return Ok(String::new());
    }
    let group = id("-gn", NOBODY)?.unwrap_or_else(|| NOBODY.to_owned());
    Ok(format!("user {NOBODY} {group};"))
}

/// One answer of `id`; none if there is no such user.
fn id(option: &str, name: &str) -> Result<Option<String>, AccountError> {
    let answer = Command::new("id")
        .args([option, name])
        .output()
        .map_err(|source| AccountError::LookUp {
            program: "id",
            source,
        })?;
    let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    Ok(answer.status.success().then_some(text))
}
