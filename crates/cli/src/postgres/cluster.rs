//! One cluster: the folder that `initdb` makes, and the settings it is started with.

#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::io::AsyncWriteExt;

use super::{Auth, Binaries, DATABASE, Durability, Options, PostgresError, SUPERUSER};
use crate::account::Account;
use crate::process::{self, LastLines, Process, Program};
use crate::secrets::write_owner_only;

/// Our settings, read after PostgreSQL's own file and before what `ALTER SYSTEM` writes.
const SETTINGS_FILE: &str = "runwatch.conf";
/// The most that is taken for shared buffers, in MiB, as the reference measurements had it.
const SHARED_BUFFERS_MIB_MAX: u64 = 512;
/// Shared buffers where the machine does not tell its memory, in MiB: PostgreSQL's own default.
const SHARED_BUFFERS_MIB_DEFAULT: u64 = 128;
/// Bytes of a socket's path that Linux takes, less the name of the socket itself.
const SOCKET_FOLDER_BYTES_MAX: usize = 107 - "/.s.PGSQL.65535".len();

/// The major version of the cluster in the folder; none if there is no cluster yet.
pub(super) fn major_in(data_dir: &Path) -> Option<u32> {
    fs::read_to_string(data_dir.join("PG_VERSION"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Makes an empty cluster with our database in it. The folder appears under its name only when
/// everything in it is done, so that an interrupted attempt is simply made again.
pub(super) async fn make(
    options: &Options,
    binaries: &Binaries,
    account: Option<Account>,
) -> Result<(), PostgresError> {
    let unfinished = beside(&options.data_dir, ".unfinished");
    let failed = |source| PostgresError::Folder {
        path: unfinished.clone(),
        source,
    };
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(failed)?;
    }
    fs::create_dir_all(&unfinished).map_err(failed)?;
    fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    give(&unfinished, account).map_err(failed)?;
    run_initdb(options, binaries, account, &unfinished).await?;
    create_database(options, binaries, account, &unfinished).await?;
    let mut own = fs::OpenOptions::new()
        .append(true)
        .open(unfinished.join("postgresql.conf"))
        .map_err(failed)?;
    writeln!(own, "include '{SETTINGS_FILE}'").map_err(failed)?;
    fs::rename(&unfinished, &options.data_dir).map_err(failed)
}

/// Writes our settings for the next start.
pub(super) async fn write_settings(
    options: &Options,
    server: &Program,
) -> Result<(), PostgresError> {
    let path = options.data_dir.join(SETTINGS_FILE);
    let failed = |source| PostgresError::Folder {
        path: path.clone(),
        source,
    };
    // The file is included by name, so it must exist before the server can be asked anything.
    let memory_kib = memory_kib();
    let write = |text: &str| {
        write_owner_only(&path, text)?;
        give(&path, server.account)
    };
    write(&settings(options, memory_kib, Compression::Pglz)).map_err(failed)?;
    if knows_lz4(server).await {
        write(&settings(options, memory_kib, Compression::Lz4)).map_err(failed)?;
    }
    Ok(())
}

/// Which compression the server was built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    /// PostgreSQL's own, always there.
    Pglz,
    /// Faster, but optional when PostgreSQL is built.
    Lz4,
}

fn settings(options: &Options, memory_kib: Option<u64>, compression: Compression) -> String {
    let durable = match options.durability {
        Durability::Full => "on",
        Durability::OffForTests => "off",
    };
    let (wal, toast) = match compression {
        Compression::Pglz => ("pglz", "pglz"),
        Compression::Lz4 => ("lz4", "lz4"),
    };
    let shared_buffers_mib = memory_kib.map_or(SHARED_BUFFERS_MIB_DEFAULT, |kib| {
        (kib / 1024 / 4).clamp(16, SHARED_BUFFERS_MIB_MAX)
    });
    let socket_folder = match options.data_dir.as_os_str().as_bytes() {
        path if path.len() <= SOCKET_FOLDER_BYTES_MAX => quoted(&options.data_dir),
        _too_long => "''".to_owned(),
    };
    let port = options.port;
    format!(
        "# Written at each start; use ALTER SYSTEM for changes of your own.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = {socket_folder}
max_connections = 200
password_encryption = 'scram-sha-256'
timezone = 'UTC'

shared_buffers = {shared_buffers_mib}MB
max_wal_size = 4GB
wal_compression = {wal}
default_toast_compression = {toast}
checkpoint_completion_target = 0.9
autovacuum = on

fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}

# What users store must not get into logs: neither statements nor the values of a conflict.
log_min_error_statement = panic
log_error_verbosity = terse
"
    )
}

/// A path as a setting's value.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', "''"))
}

async fn run_initdb(
    options: &Options,
    binaries: &Binaries,
    account: Option<Account>,
    folder: &Path,
) -> Result<(), PostgresError> {
    let mut args = vec![
        "--pgdata=.",
        "--encoding=UTF8",
        "--locale=C",
        "--no-instructions",
    ];
    let superuser = format!("--username={SUPERUSER}");
    args.push(&superuser);
    let password_file = beside(folder, ".password");
    let password_arg = format!("--pwfile={}", password_file.display());
    match &options.auth {
        Auth::Trust => args.push("--auth=trust"),
        Auth::Scram { password } => {
            let failed = |source| PostgresError::Folder {
                path: password_file.clone(),
                source,
            };
            write_owner_only(&password_file, password).map_err(failed)?;
            give(&password_file, account).map_err(failed)?;
            args.extend(["--auth=scram-sha-256", &password_arg]);
        }
    }
    if options.durability == Durability::OffForTests {
        args.push("--no-sync");
    }
    // Bytes decide the order of text, the same everywhere; letters are Unicode's where the system
    // has that (macOS has not).
    let with = |letters| {
        let args = args.iter().copied().chain([letters]);
        options.program(&binaries.initdb, args, folder, account)
    };
    let mut made = run(options, "initdb", &with("--lc-ctype=C.UTF-8")).await;
    if made.is_err() {
        made = run(options, "initdb", &with("--lc-ctype=C")).await;
    }
    if password_file.exists() {
        fs::remove_file(&password_file).map_err(|source| PostgresError::Folder {
            path: password_file,
            source,
        })?;
    }
    made
}

/// Runs a program to its end, under the lifeline, because it writes into the data folder.
async fn run(
    options: &Options,
    name: &'static str,
    program: &Program,
) -> Result<(), PostgresError> {
    let quiet = Program {
        output: process::Output::Quiet,
        ..program.clone()
    };
    let ended = async {
        let mut process = Process::spawn(&quiet, &options.lifeline, LastLines::default())?;
        let status = process.wait().await?;
        Ok((status, process.last_lines().text()))
    };
    match ended.await {
        Ok((status, _)) if status.success() => Ok(()),
        Ok((_, said)) => Err(PostgresError::Failed {
            program: name,
            said,
        }),
        Err(source) => Err(PostgresError::NotRun {
            program: name,
            source,
        }),
    }
}

/// Creates our database without a server, before anybody can connect: in this mode the program
/// reads statements from its input.
async fn create_database(
    options: &Options,
    binaries: &Binaries,
    account: Option<Account>,
    folder: &Path,
) -> Result<(), PostgresError> {
    let name = "postgres --single";
    let args = ["--single", "-D", ".", "postgres"];
    let program = options.program(&binaries.postgres, args, folder, account);
    let output = output_for(&program, &format!("CREATE DATABASE {DATABASE}\n")).await;
    let output = output.map_err(|source| PostgresError::NotRun {
        program: name,
        source,
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(PostgresError::Failed {
        program: name,
        said: String::from_utf8_lossy(&said).into_owned(),
    })
}

/// What a program says to an input.
async fn output_for(program: &Program, input: &str) -> io::Result<Output> {
    let mut command = program.command();
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn()?;
    let mut pipe = child
        .stdin
        .take()
        .expect("its input was asked for as a pipe");
    pipe.write_all(input.as_bytes()).await?;
    drop(pipe);
    child.wait_with_output().await
}

/// Whether the server takes lz4; it is the only one to know how it was built.
async fn knows_lz4(server: &Program) -> bool {
    let mut program = server.clone();
    let question = [
        "-C",
        "default_toast_compression",
        "-c",
        "default_toast_compression=lz4",
    ];
    program.args.extend(question.map(Into::into));
    program
        .output()
        .await
        .is_ok_and(|output| output.status.success())
}

fn give(path: &Path, account: Option<Account>) -> io::Result<()> {
    account.map_or(Ok(()), |account| {
        chown(path, Some(account.uid), Some(account.gid))
    })
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The memory of the machine in KiB, where Linux tells it.
fn memory_kib() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
