//! The secrets of one installation: a file of `name=value` lines that only its owner can read.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Bytes of randomness in a generated password: 256 bits, more than can be guessed.
const PASSWORD_BYTES: usize = 32;
/// Read and write for the owner, nothing for anybody else.
const OWNER_ONLY: u32 = 0o600;

/// Named secrets that are kept across starts.
#[derive(Debug)]
pub(crate) struct Secrets {
    path: PathBuf,
    values: BTreeMap<String, String>,
}

impl Secrets {
    /// Reads the file, or begins an empty one if there is none.
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let values = text.lines().filter_map(|line| line.split_once('='));
        let values = values
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Ok(Self { path, values })
    }

    /// The secret of this name, if it was ever kept.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Keeps secrets: when this returns they are in the file.
    pub(crate) fn keep(&mut self, secrets: &[(&str, &str)]) -> io::Result<()> {
        for (name, value) in secrets {
            self.values.insert((*name).to_owned(), (*value).to_owned());
        }
        let lines = self
            .values
            .iter()
            .map(|(name, value)| format!("{name}={value}\n"));
        write_owner_only(&self.path, &lines.collect::<String>())
    }

    /// The password of this name, made of random bytes and kept the first time it is asked for.
    pub(crate) fn password(&mut self, name: &str) -> io::Result<String> {
        if let Some(password) = self.get(name) {
            return Ok(password.to_owned());
        }
        let password = random_password()?;
        self.keep(&[(name, &password)])?;
        Ok(password)
    }
}

/// Replaces a file as a whole by one that only its owner can read.
pub(crate) fn write_owner_only(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(OWNER_ONLY)
        .open(&beside)?;
    file.set_permissions(fs::Permissions::from_mode(OWNER_ONLY))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

/// Random bytes of the operating system.
pub(crate) fn random<const BYTES: usize>() -> io::Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A password of 64 hex digits; hex needs no escaping in URLs or SQL.
pub(crate) fn random_password() -> io::Result<String> {
    let bytes = random::<PASSWORD_BYTES>()?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
