//! Finds the PostgreSQL server that is installed on this machine.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::PostgresError;

/// The oldest major version whose features the schema uses.
pub(super) const MAJOR_MIN: u32 = 15;

/// Where distributions and Homebrew keep one folder a version, with its programs in `bin`.
const VERSIONED: [&str; 3] = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"];

/// The programs of one installed server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    /// Its major version, such as 15.
    pub(super) major: u32,
    /// The server.
    pub(super) postgres: PathBuf,
    /// What makes an empty cluster.
    pub(super) initdb: PathBuf,
}

impl Binaries {
    /// The first fitting server: that of `PATH`, else the newest of the usual folders. An existing
    /// cluster needs the major version that made it.
    pub(super) fn find(
        search_path: Option<&OsStr>,
        data: Option<u32>,
    ) -> Result<Self, PostgresError> {
        choose(
            candidates(search_path)
                .iter()
                .filter_map(|folder| Self::in_folder(folder)),
            data,
        )
    }

    fn in_folder(folder: &Path) -> Option<Self> {
        let postgres = fs::canonicalize(folder.join("postgres")).ok()?;
        // The links of a distribution lead to the folder where all programs of a version lie.
        let initdb = postgres.with_file_name("initdb");
        let answer = Command::new(&postgres).arg("--version").output().ok()?;
        let major = major_of(&String::from_utf8_lossy(&answer.stdout))?;
        initdb.is_file().then_some(Self {
            major,
            postgres,
            initdb,
        })
    }
}

/// The first that is new enough and fits the cluster, or why there is none.
fn choose(
    installed: impl Iterator<Item = Binaries>,
    data: Option<u32>,
) -> Result<Binaries, PostgresError> {
    let mut too_old = None;
    let mut wrong_major = None;
    for found in installed {
        match data {
            _ if found.major < MAJOR_MIN => too_old = Some(found.major),
            Some(major) if found.major != major => wrong_major = Some((major, found.major)),
            _ => return Ok(found),
        }
    }
    Err(match (wrong_major, too_old) {
        (Some((data, found)), _) => PostgresError::WrongMajor { data, found },
        (None, Some(found)) => PostgresError::TooOld { found },
        (None, None) => PostgresError::NotInstalled,
    })
}

/// The major version in what `postgres --version` prints.
fn major_of(version: &str) -> Option<u32> {
    let number = version.strip_prefix("postgres (PostgreSQL) ")?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The folders to look into, in order.
fn candidates(search_path: Option<&OsStr>) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = search_path
        .into_iter()
        .flat_map(|path| std::env::split_paths(path))
        .collect();
    for root in VERSIONED {
        let versions: BTreeSet<(u32, PathBuf)> = fs::read_dir(root)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter_map(|path| Some((version_in(path.file_name()?)?, path)))
            .collect();
        folders.extend(
            versions
                .into_iter()
                .rev()
                .map(|(_version, path)| path.join("bin")),
        );
    }
    folders
}

/// The version that a folder's name ends in: `15`, `postgresql@17`.
fn version_in(name: &OsStr) -> Option<u32> {
    let name = name.to_str()?;
    name.strip_prefix("postgresql@")
        .unwrap_or(name)
        .parse()
        .ok()
}
